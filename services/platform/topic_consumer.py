"""Reads a topic for whoever keeps what it says in SQL: hands records on batch by batch and commits offsets afterwards."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from itertools import chain
from typing import Any, Generic, TypeVar

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError
from msgspec import Struct

from contracts.errors import Unavailable
from services.platform.kafka_access import kafka_access, note_refusal
from services.platform.metrics import COMMITS
from services.platform.progress import Progress
from services.platform.retry import BACKGROUND, pause
from services.platform.settings import Settings

T = TypeVar("T")


class Source(Struct, frozen=True):
    """What is read: a topic, as which group and client, and at most how many records at once."""

    topic: str
    group: str
    client_id: str
    most_records: int


#: What of a batch is to be applied, in the order of each partition.
Read = Callable[[Sequence[ConsumerRecord]], Sequence[T]]
#: Carries it out and makes it durable; raises Unavailable to get the same batch again.
Apply = Callable[[Sequence[T]], Awaitable[None]]

_POLL_MS = 300
_COMMIT_S = 10.0
#: Most batches may hold nothing to apply; a commit for each would cost the broker more than all the rest of this consumer.
_COMMIT_EVERY_S = 1.0
#: After fewer records than `_FEW` it waits this long for more: a fetch for each record is as dear.
_GATHER_S = 0.05
_FEW = 200
#: How often the broker is asked how far the topic goes: a fetch says nothing at all while the broker is away.
_LOOK_EVERY_S = 5.0
_LOOK_WITHIN_S = 5.0
#: What a broker that is away is called in metrics.
KAFKA_AWAY = "kafka_away"


class TopicConsumer(Generic[T]):
    """A member of a consumer group.

    At least once: an offset is committed only after `apply` returned, so a crash or a failed commit repeats records
    and `apply` must drop repeats. Offsets are committed at once after something was applied, else every second. What `read`
    raises crashes the process.
    """

    def __init__(
        self, settings: Settings, source: Source, read: Read[T], apply: Apply[T], progress: Progress
    ) -> None:
        self._settings = settings
        self._source = source
        self._read = read
        self._apply = apply
        self._progress = progress
        self._refused: set[TopicPartition] = set()
        self._failures = 0
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Ask `run` to return after the batch in hand."""
        self._stopping.set()

    async def run(self) -> None:
        """Consume until `stop`; waits for a broker that is away."""
        while not self._stopping.is_set():
            consumer = self._new_consumer()
            try:
                await consumer.start()
                self._failures = 0
                await self._consume(consumer)
            except KafkaError as error:
                note_refusal(error, self._progress.consumer)
                await self._failed(KAFKA_AWAY)
            finally:
                await _quietly_stop(consumer)

    def _new_consumer(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            self._source.topic,
            bootstrap_servers=self._settings.kafka,
            **kafka_access(self._settings),
            group_id=self._source.group,
            client_id=self._source.client_id,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=int(self._settings.session_timeout_s * 1000),
            heartbeat_interval_ms=int(self._settings.session_timeout_s * 1000 / 3),
            max_poll_records=self._source.most_records,
            fetch_max_wait_ms=int(self._settings.fetch_wait_s * 1000),
        )

    async def _consume(self, consumer: AIOKafkaConsumer) -> None:
        loop = asyncio.get_running_loop()
        committed_s, looked_s = loop.time(), 0.0
        done: dict[TopicPartition, int] = {}
        while not self._stopping.is_set():
            if loop.time() - looked_s >= _LOOK_EVERY_S:
                await self._look(consumer)
                looked_s = loop.time()
            batch = await consumer.getmany(timeout_ms=_POLL_MS)
            records = self._read([*chain.from_iterable(batch.values())])
            if not await self._applied(consumer, batch, records):
                continue
            self._failures = 0
            done |= {partition: found[-1].offset + 1 for partition, found in batch.items()}
            if done and (records or loop.time() - committed_s >= _COMMIT_EVERY_S):
                await self._commit(consumer, done)
                done, committed_s = {}, loop.time()
            if sum(map(len, batch.values())) < _FEW:
                await pause(self._stopping, _GATHER_S)
        await self._commit(consumer, done)

    async def _applied(
        self,
        consumer: AIOKafkaConsumer,
        batch: dict[TopicPartition, list[ConsumerRecord]],
        records: Sequence[T],
    ) -> bool:
        """Whether the batch is done; one that is not is read again."""
        if records:
            try:
                await self._apply(records)
            except Unavailable as error:
                self._refused |= batch.keys()
                oldest_ms = min(found[0].timestamp for found in batch.values())
                self._progress.behind(len(records), time.time() - oldest_ms / 1000.0)
                _rewind(consumer, batch)
                await self._failed(error.reason)
                return False
        if batch:
            self._refused -= batch.keys()
            self._progress.worked()
        return True

    async def _failed(self, reason: str) -> None:
        self._progress.failed(reason)
        self._failures += 1
        await pause(self._stopping, BACKGROUND.pause_s(self._failures))

    async def _look(self, consumer: AIOKafkaConsumer) -> None:
        """Say how many records wait. Without partitions of its own the broker is asked whether it is there."""
        try:
            async with asyncio.timeout(_LOOK_WITHIN_S):
                owned = consumer.assignment()
                ends = await consumer.end_offsets(owned) if owned else {}
                if not owned:
                    await consumer.topics()
                waiting = sum([end - await consumer.position(each) for each, end in ends.items()])
        except IllegalStateError:
            return  # a partition went to another member meanwhile
        except (KafkaError, TimeoutError):
            self._progress.failed(KAFKA_AWAY)
            return
        self._progress.behind(max(0, waiting))
        if not self._refused & owned:
            self._progress.worked()

    async def _commit(self, consumer: AIOKafkaConsumer, done: dict[TopicPartition, int]) -> None:
        owned = consumer.assignment()
        offsets = {partition: offset for partition, offset in done.items() if partition in owned}
        if not offsets:
            return
        try:
            # aiokafka repeats a commit for ever; whoever reads next drops the repeats.
            async with asyncio.timeout(_COMMIT_S):
                await consumer.commit(offsets)
            COMMITS.labels("ok").inc()
        except TimeoutError:
            COMMITS.labels("timeout").inc()
            self._progress.failed("commit_timeout")


def _rewind(consumer: AIOKafkaConsumer, batch: dict[TopicPartition, list[ConsumerRecord]]) -> None:
    owned = consumer.assignment()
    for partition, records in batch.items():
        if partition in owned:
            consumer.seek(partition, records[0].offset)


async def _quietly_stop(consumer: Any) -> None:
    try:
        async with asyncio.timeout(_COMMIT_S):
            await consumer.stop()
    except (TimeoutError, KafkaError):
        return
