"""Named places at which a worker can be made to kill itself, for the chaos suite; without settings they do nothing."""

from __future__ import annotations

import os
import signal

POINTS = ("before_produce", "after_produce", "after_save", "before_commit")
#: Reached only where records lie on the wrong partition.
AFTER_MOVE = "after_move"
_KNOWN = (*POINTS, AFTER_MOVE)


class FaultPoint:
    """Kills the process (SIGKILL) the `after`-th time the point `name` is reached."""

    def __init__(self, name: str, after: int) -> None:
        if name and name not in _KNOWN:
            raise ValueError(f"unknown fault point {name}; known: {', '.join(_KNOWN)}")
        self._name = name
        self._left = after

    def reach(self, name: str) -> None:
        """Say that the point was reached."""
        if name == self._name:
            self._left -= 1
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
