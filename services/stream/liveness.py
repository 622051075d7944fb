"""Whether a worker really works: its loop turns, and what is done moves on while anything waits.

This catches the silent stall known upstream, where a worker holds its partitions and processes nothing. Pure: the clock is
an argument.
"""

from __future__ import annotations

from collections.abc import Callable

LOOP_STALL_S = 5.0
PROGRESS_STALL_S = 60.0


class Liveness:
    """Judged from another thread than the one that ticks; `clock` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ticked_at = self._moved_at = clock()
        self._position = -1

    def tick(self, lag_records: int, position: int) -> None:
        """Called about once a second by the worker's loop; `position` is any number that changes when a batch is done."""
        self._ticked_at = now = self._clock()
        if lag_records == 0 or position != self._position:
            self._position = position
            self._moved_at = now

    def fault(self) -> str | None:
        """What is wrong, in words without personal data; None when all is well."""
        now = self._clock()
        if now - self._ticked_at > LOOP_STALL_S:
            return f"the event loop has not turned for {now - self._ticked_at:.0f} s"
        if now - self._moved_at > PROGRESS_STALL_S:
            return f"events wait and nothing was done for {now - self._moved_at:.0f} s"
        return None
