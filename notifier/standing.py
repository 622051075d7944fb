"""Which channels fail: from the first message that one does not take until it takes one again. For the alert on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from services.platform.metrics import CHANNEL_FAILING

#: So many messages refused in a row, and it is not they that are wrong.
_REFUSALS = 5


class Standing:
    """How the channels of one notifier stand. What an address alone is to blame for says nothing of its channel."""

    def __init__(self, channels: Collection[str]) -> None:
        self._failing: set[str] = set()
        self._refused: Counter[str] = Counter()
        for channel in channels:
            CHANNEL_FAILING.labels(channel).set(0)

    def took(self, channel: str) -> None:
        """The other side took a message."""
        self._refused.pop(channel, None)
        self._set(channel, failing=False)

    def put_off(self, channel: str) -> None:
        """The other side did not answer, or takes no message now."""
        self._set(channel, failing=True)

    def refused(self, channel: str) -> None:
        """The other side will never take that message."""
        self._refused[channel] += 1
        if self._refused[channel] >= _REFUSALS:
            self._set(channel, failing=True)

    def rest(self) -> None:
        """Nothing waits: another notifier has sent it, or it was given up. What refuses all is not well for that."""
        for channel in sorted(self._failing):
            if self._refused[channel] < _REFUSALS:
                self._set(channel, failing=False)

    def _set(self, channel: str, *, failing: bool) -> None:
        if failing == (channel in self._failing):
            return
        (self._failing.add if failing else self._failing.discard)(channel)
        CHANNEL_FAILING.labels(channel).set(int(failing))
