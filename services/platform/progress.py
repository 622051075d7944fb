"""What work in the background says of itself: how much waits, since when, why it fails, and whether it goes on.

Each consumer (decisions into SQL, the outbox, the notifier, the sweeps) holds one `Progress`. Its trouble is one line in the
log when it begins and one when it has ended, whatever the number of tries in between. Pure but for metrics and log: the
clock is an argument.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

from services.platform.metrics import (
    CONSUMER_FAILING,
    CONSUMER_FAILURES,
    CONSUMER_OLDEST,
    CONSUMER_WAITING,
)

#: A consumer that failed is not ready after so long without success.
PATIENCE_S = 10.0
#: A trouble has ended after so long without a failure; shorter than `PATIENCE_S`, so that a single slip is no fault.
CALM_S = 5.0
#: A consumer that neither worked nor failed for so long stands still. The longest step is a delivery by a slow channel.
STILL_S = 120.0
log = logging.getLogger(__name__)


class Progress:
    """The state of one consumer; `clock` gives monotonic seconds. May be read from another thread."""

    def __init__(self, consumer: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.consumer = consumer
        self._clock = clock
        self._turned_at = clock()
        self._waiting = 0
        self._oldest_at: float | None = None
        self._failing_since: float | None = None
        self._good_since: float | None = None
        self._failures = 0
        self._reason = ""
        CONSUMER_WAITING.labels(consumer).set_function(lambda: self._waiting)
        CONSUMER_OLDEST.labels(consumer).set_function(self.oldest_s)
        CONSUMER_FAILING.labels(consumer).set_function(lambda: float(self.fault() is not None))

    def behind(self, waiting: int, oldest_s: float | None = None) -> None:
        """So many records are unfinished, the oldest for `oldest_s` seconds (None: since they were seen first)."""
        self._waiting = waiting
        if not waiting:
            self._oldest_at = None
        elif oldest_s is not None:
            self._oldest_at = self._clock() - max(0.0, oldest_s)
        elif self._oldest_at is None:
            self._oldest_at = self._clock()

    def turned(self) -> None:
        """It looked for work and found none, which says nothing of what the work needs."""
        self._turned_at = self._clock()

    def slipped(self, reason: str) -> None:
        """One record could not be done now, for a reason of its own; the others go on."""
        self.turned()
        CONSUMER_FAILURES.labels(self.consumer, reason).inc()

    def failed(self, reason: str) -> None:
        """A try failed and will be repeated; `reason` is a short stable code."""
        self.slipped(reason)
        now, self._good_since, self._reason = self._turned_at, None, reason
        self._failures += 1
        if self._failing_since is None:
            self._failing_since = now
            log.warning("%s does not go on: %s; trying again until it does", self.consumer, reason)

    def worked(self) -> None:
        """A try did what it should, or there was nothing to do and all that is needed answered."""
        now = self._turned_at = self._clock()
        if self._failing_since is None:
            return
        if self._good_since is None:
            self._good_since = now
        if now - self._good_since >= CALM_S:
            lasted_s = self._good_since - self._failing_since
            log.warning(
                "%s goes on again after %.0f s and %d failures", self.consumer, lasted_s, self._failures
            )
            self._failing_since, self._good_since, self._failures = None, None, 0

    def oldest_s(self) -> float:
        """Age of the oldest unfinished record in seconds, 0 when nothing waits; it grows while nobody looks."""
        oldest_at = self._oldest_at
        return 0.0 if oldest_at is None else max(0.0, self._clock() - oldest_at)

    def stands_still(self) -> str | None:
        """Words for a consumer that has said nothing for too long; None while it turns."""
        still_s = self._clock() - self._turned_at
        return f"{self.consumer} has not moved for {still_s:.0f} s" if still_s > STILL_S else None

    def fault(self) -> str | None:
        """Why its work does not go on, in words without personal data; None when it does."""
        failing_since = self._failing_since
        if failing_since is not None and (failing_s := self._clock() - failing_since) > PATIENCE_S:
            return f"{self.consumer} has failed for {failing_s:.0f} s: {self._reason}"
        return self.stands_still()


class Consumers:
    """Every consumer of one process."""

    def __init__(self) -> None:
        self._all: dict[str, Progress] = {}

    def add(self, consumer: str, clock: Callable[[], float] = time.monotonic) -> Progress:
        """The progress of a consumer that begins now."""
        progress = self._all[consumer] = Progress(consumer, clock)
        return progress

    def faults(self) -> Mapping[str, str | None]:
        """Each consumer's fault, by name."""
        return {name: progress.fault() for name, progress in list(self._all.items())}

    def not_ready(self) -> str | None:
        """The faults of all as one line; None when there are none."""
        return "; ".join(fault for fault in self.faults().values() if fault) or None

    def stuck(self) -> str | None:
        """The consumers that stand still, where only a new start helps; None when all turn."""
        still = (progress.stands_still() for progress in list(self._all.values()))
        return "; ".join(words for words in still if words) or None
