"""Whether a channel is worth trying: open after failures in a row, then one probe at a time until one is taken. Pure."""

from __future__ import annotations

from services.platform.retry import Backoff

_PAUSES = Backoff(5.0, 60.0)


class Circuit:
    """The circuit of one way out. Times are seconds of any clock that goes forward.

    While it is open nothing is claimed, so that what waits loses no tries. When its pause is over one message is let through:
    taken, all may go again; not, the pause is longer.
    """

    def __init__(self, failures: int = 5, pauses: Backoff = _PAUSES) -> None:
        self._most = failures
        self._pauses = pauses
        self._failures = 0
        self._opened = 0
        self._until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the channel is taken for away."""
        return self._opened > 0

    def room(self, most: int, now: float) -> int:
        """How many messages may be tried now, of `most`."""
        if not self.is_open:
            return most
        return min(1, most) if now >= self._until else 0

    def answered(self) -> None:
        """The other side took or refused a message: it is there."""
        self._failures = self._opened = 0

    def failed(self, now: float, tries: int = 1) -> None:
        """The other side did not answer, or takes nothing now; `tries` were made together."""
        self._failures += tries
        if self.is_open or self._failures >= self._most:
            self._opened += 1
            self._until = now + self._pauses.pause_s(self._opened)
