"""The pipeline without a broker: the same core over in-process stores, for replay, evaluation and the oracle of chaos tests."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from contracts.decisions import Decision
from contracts.events import Event, to_wire
from services.events.decode import DeadLetter, Record
from services.memory.in_process import InProcessProfileStore
from services.stream.batch_scheduler import Batch
from services.stream.pipeline import Pipeline
from services.stream.placement import Moved
from services.stream.producer import Row, Rows


class OfflineRecord(msgspec.Struct, frozen=True, gc=False):
    """A record that never was in Kafka; `timestamp` in milliseconds."""

    key: bytes | None
    value: bytes | None
    offset: int
    timestamp: int
    headers: Sequence[tuple[str, bytes]] = ()


class Collected:
    """Where decisions go instead of Kafka: rows by topic, emptied by `take`."""

    def __init__(self) -> None:
        self._rows: dict[str, list[Row]] = {}

    async def produce(self, topic: str, rows: Sequence[Rows], timestamp_ms: int) -> None:
        """Keep the rows."""
        kept = self._rows.setdefault(topic, [])
        for _, each in rows:
            kept.extend(each)

    async def forward(self, topic: str, moved: Sequence[Moved]) -> None:
        """Keep what is moved, without the times."""
        self._rows.setdefault(topic, []).extend((each.key, each.value, each.headers) for each in moved)

    def take(self, topic: str) -> list[Row]:
        """The rows produced since the last take, in order."""
        return self._rows.pop(topic, [])


class Discarded:
    """Where decisions go that were made before: nowhere."""

    async def produce(self, topic: str, rows: Sequence[Rows], timestamp_ms: int) -> None:
        """Forget the rows."""

    async def forward(self, topic: str, moved: Sequence[Moved]) -> None:
        """Forget what was moved before: its copies are in the log."""


class Answered(msgspec.Struct, frozen=True):
    """What a batch came to: decisions (repeats left out) with the very bytes that would be produced, and dead letters."""

    decisions: list[Decision]
    encoded: list[bytes]
    dead: list[DeadLetter]


class OfflineCore:
    """Decides batches one after another. Partitions may be given as a worker would own them."""

    def __init__(self, pipeline: Pipeline, collected: Collected, profiles: InProcessProfileStore) -> None:
        self._pipeline = pipeline
        self._collected = collected
        self.profiles = profiles

    async def decide(self, records: Sequence[Record], partition: int = 0) -> Answered:
        """Decide records of one partition in offset order."""
        return await self.carry([(partition, records)])

    async def carry(self, batch: Batch) -> Answered:
        """Decide a batch: partition by partition, each in offset order."""
        scored = await self._pipeline.score(batch)
        await self._pipeline.finish(scored)
        rows = self._collected.take(self._pipeline.components.settings.topic_decisions)
        self._collected.take(self._pipeline.components.settings.topic_dead)
        return Answered(scored.decisions, [value for _, value, _ in rows if value is not None], scored.dead)


def offline_records(events: Sequence[Event], first_offset: int = 0) -> list[OfflineRecord]:
    """Events as records whose timestamps are the events' own times."""
    return [
        OfflineRecord(event.account_id.encode(), to_wire(event), first_offset + index, int(event.at * 1000))
        for index, event in enumerate(events)
    ]
