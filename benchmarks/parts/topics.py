"""Topics for one run: made, filled, watched from outside, read back, deleted."""

from __future__ import annotations

import asyncio
import time
from array import array
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.partitioner import murmur2

from benchmarks.parts.ground import Ended
from services.platform.guarded_process import GuardedProcess
from services.stream.producer import BatchProducer, Row

Step = Callable[[int], None]
_BATCH = 2_000
_POLL_S = 0.2
_QUIET_S = 2.0
_STALLED_S = 60.0


@asynccontextmanager
async def _admin(kafka: str) -> AsyncIterator[Any]:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def make_topics(kafka: str, names: Sequence[str], partitions: int, replication: int) -> None:
    """Create the topics and wait until the broker lists them."""
    async with _admin(kafka) as admin:
        await admin.create_topics([NewTopic(name, partitions, replication) for name in names])
        deadline_s = time.monotonic() + 15.0
        while not set(names) <= set(await admin.list_topics()):
            if time.monotonic() > deadline_s:
                raise Ended(f"the broker does not list {', '.join(names)} after 15 s")
            await asyncio.sleep(0.05)


async def drop_topics(kafka: str, names: Sequence[str]) -> None:
    """Delete the topics."""
    async with _admin(kafka) as admin:
        await admin.delete_topics(list(names))


async def preload(
    kafka: str, topic: str, partitions: int, events: Iterable[tuple[bytes, bytes]], step: Step
) -> None:
    """Write (key, value) pairs, each to the partition Kafka's own clients choose for its key."""
    producer = BatchProducer(kafka, "payguard-bench")
    await producer.start()
    rows: list[list[Row]] = [[] for _ in range(partitions)]
    try:
        for key, value in events:
            partition = (murmur2(key) & 0x7FFF_FFFF) % partitions
            waiting = rows[partition]
            waiting.append((key, value, []))
            if len(waiting) >= _BATCH:
                await producer.produce(topic, [(partition, waiting)], int(time.time() * 1000))
                step(len(waiting))
                rows[partition] = []
        await producer.produce(topic, list(enumerate(rows)), int(time.time() * 1000))
        step(sum(map(len, rows)))
    finally:
        await producer.stop()


async def wait_for_records(
    kafka: str, topic: str, partitions: int, count: int, child: GuardedProcess, step: Step
) -> None:
    """Watch the end offsets until the topic has `count` records. Raises Ended when the child ends or stalls for a minute.

    The embedded broker answers the start of the last batch, so there a topic that has nearly all and is quiet counts too.
    """
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka)
    await consumer.start()
    try:
        parts = [TopicPartition(topic, number) for number in range(partitions)]
        there, moved_s = 0, time.monotonic()
        while there < count:
            await asyncio.sleep(_POLL_S)
            now_there = sum((await consumer.end_offsets(parts)).values())
            if now_there != there:
                step(now_there - there)
                there, moved_s = now_there, time.monotonic()
            quiet_s = time.monotonic() - moved_s
            if there and count - there < partitions * _BATCH and quiet_s > _QUIET_S:
                return
            if not child.running or quiet_s > _STALLED_S:
                raise Ended(
                    f"{child.log_file.stem} stopped at {there:,} of {count:,} records; its log ends:\n{child.log_tail(60)}"
                )
    finally:
        await consumer.stop()


async def record_times_ms(kafka: str, topic: str, partitions: int, count: int) -> array[int]:
    """The timestamps of the topic's records, sorted: at least `count` of them, or Ended is raised."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=8_388_608,
        check_crcs=False,
    )
    await consumer.start()
    times = array("q")
    try:
        consumer.assign([TopicPartition(topic, number) for number in range(partitions)])
        quiet = 0
        while quiet < 2:
            fetched = await consumer.getmany(timeout_ms=500 if len(times) >= count else 2_000)
            quiet = 0 if fetched else quiet + 1
            for records in fetched.values():
                times.extend([record.timestamp for record in records])
    finally:
        await consumer.stop()
    if len(times) < count:
        raise Ended(f"{topic} has {len(times):,} records, not {count:,}")
    return array("q", sorted(times))
