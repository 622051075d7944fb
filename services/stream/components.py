"""What the pipeline is made of; `services.bootstrap` builds it for a worker, for offline replay and for tests."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from contracts.answers import content_digests
from contracts.decisions import Decision
from contracts.events import AnyEvent, ChallengeOutcome, Label, Login, Transaction, UserReport
from contracts.findings import Tallies
from contracts.ports import ChallengeIntake, DecisionReplies, Shard, TallyStore
from contracts.profile import Key
from services.events.decode import CheckOwn, Record
from services.memory.accounts import Account, LiveAccounts
from services.memory.in_process import WholeMemory
from services.memory.pseudonyms import Pseudonyms
from services.platform import metrics
from services.platform.settings import Settings
from services.scoring.counting import TallyPlan
from services.scoring.counts import Counts
from services.scoring.runner import Runner
from services.stream.placement import Moved, Placement
from services.stream.producer import Rows
from services.stream.topic_watch import TopicWatch

#: Events that are worked on one after another, so that they and their profiles stay in the cache of one core.
CHUNK_SIZE = 64
#: Events after which a batch gives way: meanwhile the last one's answers from Kafka and Redis are taken.
YIELD_EVERY = 4 * CHUNK_SIZE


log = logging.getLogger(__name__)
_told: set[str] = set()
_CROWDS = metrics.DEVICES_IGNORED.labels("crowd")


class Enrichment(Protocol):
    """See `services.enrichment.enrich.Enricher`."""

    def enrich(self, events: Sequence[AnyEvent]) -> list[tuple[str, ...]]: ...


class DecisionLog(Protocol):
    """Where decisions and dead letters become durable; see `services.stream.producer.BatchProducer`."""

    async def produce(self, topic: str, rows: Sequence[Rows], timestamp_ms: int) -> None: ...
    async def forward(self, topic: str, moved: Sequence[Moved]) -> None: ...


class Watch(Protocol):
    """Whether the memory of a shard is whole; see `services.memory.memory_watch.MemoryWatch`."""

    async def ensure(self, shards: Sequence[Shard]) -> None: ...
    def is_lost(self, shard: Shard) -> bool: ...
    def forget(self) -> None: ...
    def follow(self, committed: Callable[[], Mapping[int, int | None]]) -> None: ...


class TooMuchInvalid(Exception):
    """So much of the input is invalid that it looks like a bad deploy: the worker stops instead of dead-lettering it."""


class InvalidCeiling:
    """Watches the share of invalid records over windows of at least `window` records."""

    def __init__(self, ceiling: float, window: int = 1000) -> None:
        self._ceiling = ceiling
        self._window = window
        self._seen = 0
        self._invalid = 0

    def note(self, records: int, invalid: int) -> None:
        """Raises TooMuchInvalid when more than the ceiling of a full window was invalid."""
        self._seen += records
        self._invalid += invalid
        if self._seen >= self._window:
            if self._invalid > self._ceiling * self._seen:
                raise TooMuchInvalid(f"{self._invalid} of the last {self._seen} records are invalid")
            self._seen = self._invalid = 0


@dataclass(frozen=True)
class Components:
    """Everything a pipeline uses. `clock` is the time in epoch seconds.

    `believed_ms` is the time in milliseconds that no record may be far beyond; None where records are believed, offline.
    `check_own` tells PayGuard's own events from forged ones; a file that is replayed needs none.
    `topic` refuses a topic that is not the one memory was learned from; a file that is replayed has none.
    `placement` says where accounts belong; None takes every record where it lies, as a replayed file needs it.
    """

    settings: Settings
    enricher: Enrichment
    pseudonyms: Pseudonyms
    memory: LiveAccounts
    tallies: TallyStore
    tally_plan: TallyPlan
    runner: Runner
    challenges: ChallengeIntake
    producer: DecisionLog
    stored_replies: DecisionReplies
    clock: Callable[[], float]
    believed_ms: Callable[[], int | None] = lambda: None
    watch: Watch = field(default_factory=WholeMemory)
    check_own: CheckOwn | None = None
    topic: TopicWatch | None = None
    placement: Placement | None = None
    ceiling: InvalidCeiling = field(default_factory=lambda: InvalidCeiling(1.0))
    closers: tuple[Callable[[], Awaitable[None]], ...] = ()

    async def close(self) -> None:
        """Give back every connection."""
        for close in self.closers:
            await close()

    def judge(
        self,
        events: Sequence[AnyEvent],
        offsets: Sequence[int],
        accounts: Sequence[Account],
        tallies: Sequence[Tallies],
        states: Sequence[tuple[str, ...]],
        records: Sequence[Record],
    ) -> tuple[list[Decision | None], list[int]]:
        """Run the detectors over decoded events and count what happened.

        The decisions, and the indexes of the events whose known id had another content.
        """
        counts = Counts()
        event_key = self.pseudonyms.event_key
        keys: list[Key] = []
        digests = content_digests([record.value for record in records])  # type: ignore[misc]
        about: dict[int, Key] = {}
        for index, event in enumerate(events):
            keys.append(event_key(event.event_id))
            kind = event.__class__
            if kind is Login or kind is Transaction:
                continue
            if kind is ChallengeOutcome:
                about[index] = event_key(event.challenged_event_id)  # type: ignore[union-attr]
            elif kind is UserReport or kind is Label:
                about[index] = event_key(event.about_event_id)  # type: ignore[union-attr]
        decisions = self.runner.run(events, offsets, keys, digests, about, accounts, tallies, states, counts)
        _report(counts)
        return decisions, counts.reused


def _report(counts: Counts) -> None:
    metrics.DUPLICATES.inc(counts.duplicates)
    metrics.SKIPPED_LEARNED.inc(counts.redelivered)
    metrics.LATE_EVENTS.inc(counts.late)
    _CROWDS.inc(counts.crowds)
    for (detector, mode), count in counts.findings.items():
        metrics.FINDINGS.labels(detector, mode).inc(count)
    for detector, count in counts.failed.items():
        if detector not in _told:
            _told.add(detector)
            log.error("detector %s raised and was skipped; from now on only counted", detector)
        metrics.DETECTOR_FAILED.labels(detector).inc(count)
