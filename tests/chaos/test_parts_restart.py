"""Redis and the broker killed and brought back under a running stream.

Redis runs with its append-only file on and appendfsync everysec. A reply is sent after the write was handed to the kernel,
so the end of the process loses nothing, with one exception: while a slow fsync is running Redis puts writes off,
up to two seconds of them, and a kill in that moment loses these. The test that asks for equality runs with appendfsync
always, which has no such moment; a power cut with everysec loses up to a second and is mended by replay.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from benchmarks.parts.real_parts import KafkaCluster, RedisServer
from tests.chaos.conftest import empty_store
from tests.chaos.feed import Feeder, stories_among_bench
from tests.chaos.polling import until
from tests.chaos.stack import Stack, stack_settings
from tests.chaos.verify import verified
from tests.chaos.watch import Watch
from tests.parts.fixtures import started_or_explained

pytestmark = [pytest.mark.real, pytest.mark.chaos, pytest.mark.timeout(600)]

EVENTS = 12_000
PER_S = 800
START_S = 120.0
WARM_S = 2.0
AWAY_S = 3.0


@pytest.fixture
def own_kafka(tmp_path: Path) -> Iterator[KafkaCluster]:
    """A broker of the test's own."""
    cluster = KafkaCluster(tmp_path / "kafka", heap="384m")
    try:
        started_or_explained(cluster.start)
        yield cluster
    finally:
        cluster.stop()


async def run_through(stack: Stack, kill: Callable[[], object], bring_back: Callable[[], object]) -> None:
    rows = stories_among_bench(EVENTS, accounts=300, seed=5, people=40, days=8)
    settings = stack.settings
    await stack.prepare()
    stack.start_worker(0)
    stack.start_cases()
    async with Feeder(settings.kafka, settings.topic_events) as feeder, Watch(settings) as watch:
        feeding = asyncio.create_task(feeder.send(rows, per_s=PER_S))
        await until(lambda: watch.committed, START_S)
        await asyncio.sleep(WARM_S)
        watch.note_blow(feeder.ends)
        await asyncio.to_thread(kill)
        await asyncio.sleep(AWAY_S)
        await asyncio.to_thread(bring_back)
        await feeding
        await verified(stack, feeder, watch, kills=1)


async def test_redis_killed_and_restarted_loses_nothing(
    real_kafka: str, own_redis: RedisServer, tmp_path: Path
) -> None:
    client = Redis.from_url(own_redis.url)
    await client.config_set("appendfsync", "always")
    await client.aclose()
    database = f"sqlite:///{tmp_path / 'chaos.db'}"
    stack = Stack(stack_settings(real_kafka, own_redis.url, database, tmp_path), tmp_path)
    try:
        await run_through(stack, own_redis.kill9, own_redis.start)
    finally:
        stack.stop()
        print(stack.logs())


async def test_a_broker_killed_and_restarted_loses_nothing(
    own_kafka: KafkaCluster, real_redis: str, tmp_path: Path
) -> None:
    database = f"sqlite:///{tmp_path / 'chaos.db'}"
    settings = stack_settings(own_kafka.bootstrap, await empty_store(real_redis), database, tmp_path)
    stack = Stack(settings, tmp_path)
    try:
        await run_through(stack, own_kafka.kill9, own_kafka.restart)
    finally:
        stack.stop()
        print(stack.logs())
