"""What the pipeline is made of; `services.bootstrap` builds it for a worker, for offline replay and for tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from contracts.events import AnyEvent
from contracts.ports import ChallengeIntake, DecisionReplies, Shard, TallyStore
from services.events.decode import CheckOwn, InvalidCeiling
from services.memory.accounts import LiveAccounts
from services.memory.in_process import WholeMemory
from services.memory.pseudonyms import Pseudonyms
from services.platform.settings import Settings
from services.scoring.counting import TallyPlan
from services.scoring.runner import Runner
from services.stream.placement import Moved, Placement
from services.stream.producer import Rows
from services.stream.topic_watch import TopicWatch

#: Events that are worked on one after another, so that they and their profiles stay in the cache of one core.
CHUNK_SIZE = 64
#: Events after which a batch gives way: meanwhile the last one's answers from Kafka and Redis are taken.
YIELD_EVERY = 4 * CHUNK_SIZE


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
