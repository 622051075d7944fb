"""Reads the decisions topic and hands those with effects on, batch by batch; commits offsets afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from msgspec import json

from contracts.decisions import Decision
from contracts.errors import Unavailable
from contracts.topics import HEADER_EFFECTS
from services.cases.backoff import Backoff, pause
from services.cases.repository import Recorded
from services.metrics import COMMITS
from services.settings import Settings

#: Carries a batch out and makes it durable; raises Unavailable to get the same batch again.
Apply = Callable[[Sequence[Recorded]], Awaitable[None]]

_POLL_MS = 300
_COMMIT_S = 10.0
#: Most decisions have no effects; a commit for each would cost the broker more than all the rest of this consumer.
_COMMIT_EVERY_S = 1.0
#: After fewer records than `_FEW` it waits this long for more: a fetch for each decision is as dear.
_GATHER_S = 0.05
_FEW = 200
_decode = json.Decoder(Decision).decode


class DecisionConsumer:
    """A member of the cases consumer group.

    At least once: an offset is committed only after `apply` returned, so a crash or a failed commit repeats decisions
    and `apply` must drop repeats. Offsets are committed at once after decisions with effects, else every second. A
    decision that does not decode is our own fault and crashes the process.
    """

    def __init__(self, settings: Settings, apply: Apply) -> None:
        self._settings = settings
        self._apply = apply
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Ask `run` to return after the batch in hand."""
        self._stopping.set()

    async def run(self) -> None:
        """Consume until `stop`; waits for a broker that is away."""
        backoff = Backoff(self._stopping)
        while not self._stopping.is_set():
            consumer = self._new_consumer()
            try:
                await consumer.start()
                backoff.reset()
                await self._consume(consumer)
            except KafkaError:
                await backoff.wait()
            finally:
                await _quietly_stop(consumer)

    def _new_consumer(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            self._settings.topic_decisions,
            bootstrap_servers=self._settings.kafka,
            group_id=self._settings.cases_group,
            client_id="payguard-cases",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=int(self._settings.session_timeout_s * 1000),
            heartbeat_interval_ms=int(self._settings.session_timeout_s * 1000 / 3),
            max_poll_records=self._settings.batch_records,
            fetch_max_wait_ms=int(self._settings.fetch_wait_s * 1000),
        )

    async def _consume(self, consumer: AIOKafkaConsumer) -> None:
        loop = asyncio.get_running_loop()
        backoff, committed_s = Backoff(self._stopping), loop.time()
        done: dict[TopicPartition, int] = {}
        while not self._stopping.is_set():
            batch = await consumer.getmany(timeout_ms=_POLL_MS)
            records = with_effects(batch)
            try:
                if records:
                    await self._apply(records)
            except Unavailable:
                _rewind(consumer, batch)
                await backoff.wait()
                continue
            backoff.reset()
            done |= {partition: found[-1].offset + 1 for partition, found in batch.items()}
            if done and (records or loop.time() - committed_s >= _COMMIT_EVERY_S):
                await _commit(consumer, done)
                done, committed_s = {}, loop.time()
            if sum(map(len, batch.values())) < _FEW:
                await pause(self._stopping, _GATHER_S)
        await _commit(consumer, done)


def with_effects(batch: dict[TopicPartition, list[ConsumerRecord]]) -> list[Recorded]:
    """The decisions that have effects, decoded, in the order of each partition."""
    return [
        Recorded(_decode(record.value), record.value, record.timestamp / 1000.0)
        for records in batch.values()
        for record in records
        if any(name == HEADER_EFFECTS for name, _ in record.headers)
    ]


def _rewind(consumer: AIOKafkaConsumer, batch: dict[TopicPartition, list[ConsumerRecord]]) -> None:
    owned = consumer.assignment()
    for partition, records in batch.items():
        if partition in owned:
            consumer.seek(partition, records[0].offset)


async def _commit(consumer: AIOKafkaConsumer, done: dict[TopicPartition, int]) -> None:
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
    except KafkaError:
        COMMITS.labels("failed").inc()


async def _quietly_stop(consumer: Any) -> None:
    try:
        async with asyncio.timeout(_COMMIT_S):
            await consumer.stop()
    except (TimeoutError, KafkaError):
        return
