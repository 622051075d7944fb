"""Fuzzed records through one worker: each is decided or a dead letter, and the worker is never ended by one."""

from __future__ import annotations

import asyncio
import time

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from services.events.decode import decode
from services.platform.settings import Settings
from services.replay.offline import OfflineRecord
from tests.chaos.feed import Feeder
from tests.chaos.fuzz import fuzzed
from tests.chaos.stack import Stack

pytestmark = [pytest.mark.real, pytest.mark.chaos]

RECORDS, LONG_RECORDS = 20_000, 1_000_000
SEED = 9
#: What a wallet sends.
KINDS = ("login", "login", "transaction", "transaction", "account_change")
STANDS_STILL_S = 60.0


async def written(settings: Settings, topics: tuple[str, ...]) -> dict[str, int]:
    """How many records each topic holds."""
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka, enable_auto_commit=False)
    await consumer.start()
    try:
        counts = {}
        for topic in topics:
            parts = [TopicPartition(topic, part) for part in range(settings.partitions)]
            counts[topic] = sum((await consumer.end_offsets(parts)).values())
        return counts
    finally:
        await consumer.stop()


@pytest.mark.timeout(5_400)
async def test_a_worker_decides_or_buries_every_fuzzed_record(stack: Stack, long: bool) -> None:
    settings, count = stack.settings, LONG_RECORDS if long else RECORDS
    worker = stack.start_worker(0, invalid_ceiling=1.0)
    readable: set[tuple[str, str]] = set()
    unreadable = 0
    async with Feeder(settings.kafka, settings.topic_events) as feeder:
        for number, (key, value) in enumerate(fuzzed(count, SEED, KINDS)):
            record = OfflineRecord(key, value, number, int(time.time() * 1000))
            incoming = decode([record], settings.future_skew_s)
            names = {(event.account_id, event.event_id) for event in incoming.events}
            if names & readable:
                continue  # a mutation made it a repeat
            readable |= names
            unreadable += len(incoming.dead)
            await feeder.put(key, value)
        await feeder.flush()

    topics = (settings.topic_decisions, settings.topic_dead)
    before: dict[str, int] = {}
    moved_at = time.monotonic()
    while sum((now := await written(settings, topics)).values()) < len(readable) + unreadable:
        assert worker.running, "a record ended the worker"
        if now != before:
            before, moved_at = now, time.monotonic()
        assert time.monotonic() - moved_at < STANDS_STILL_S, f"stands still at {now}"
        await asyncio.sleep(0.5)

    print(f"{len(readable) + unreadable:,} records: {len(readable):,} decided, {unreadable:,} dead letters")
    assert worker.running
    assert stack.starts == 1
    assert {settings.topic_decisions: len(readable), settings.topic_dead: unreadable} == await written(
        settings, topics
    )
    assert feeder.acknowledged == len(readable) + unreadable > 0.99 * count
