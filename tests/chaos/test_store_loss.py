"""Redis fails over with the old primary kept, is flushed, and evicts, under a running stream: nothing lost, nothing double.

A fail-over may lose the last writes, and a flush loses all: memory then differs from a replay, so these runs are judged by
their decisions. Each prints its recovery time and names the alert that fires.
"""

from __future__ import annotations

import asyncio
import urllib.request
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from msgspec import json

from benchmarks.parts.real_parts import RedisServer
from deploy.prometheus.generate import ALERTS
from services.memory.redis_client import ask, connect
from services.platform.embedded import free_port
from tests.chaos.evidence import read_decisions
from tests.chaos.feed import Feeder, stories_among_bench
from tests.chaos.polling import until
from tests.chaos.stack import Stack, stack_settings
from tests.chaos.watch import Watch
from tests.parts.fixtures import started_or_explained
from tests.parts.redis_groups import SentinelGroup

pytestmark = [pytest.mark.real, pytest.mark.chaos, pytest.mark.timeout(600)]

PER_S = 400
START_S = 90.0
WARM_S = 2.0
SETTLE_S = 120.0
SEEN_S = 120.0


@pytest.fixture
def own_group(tmp_path: Path) -> Iterator[SentinelGroup]:
    """A primary and a replica under Sentinel."""
    group = SentinelGroup(tmp_path / "group")
    (tmp_path / "group").mkdir()
    try:
        started_or_explained(group.start)
        yield group
    finally:
        group.stop()


class Run:
    """A stack whose store is hurt in the middle of a stream; `said` counts the decisions that say `memory_lost`."""

    def __init__(self, kafka: str, redis: str, folder: Path, events: int) -> None:
        database = f"sqlite:///{folder / 'chaos.db'}"
        more = {"metrics_port": free_port(), "memory_check_s": 0.5}
        self.stack = Stack(stack_settings(kafka, redis, database, folder, **more), folder)
        self._events = events
        self.recovery_s = 0.0
        self.lost = self.double = self.said = 0

    async def go(self, hurt: Callable[[], Awaitable[object]], seen: str = "") -> None:
        """Feed, hurt, go on; wait until all is decided and, where named, the series is above 0."""
        stack, settings = self.stack, self.stack.settings
        rows = list(stories_among_bench(self._events, accounts=200, seed=5, people=40, days=6))
        await stack.prepare()
        stack.start_worker(0)
        async with Feeder(settings.kafka, settings.topic_events) as feeder, Watch(settings) as watch:
            await feeder.send(rows[: self._events // 4])
            await watch.until_settled(feeder.ends, START_S, stack.revive)
            feeding = asyncio.create_task(feeder.send(rows[self._events // 4 :], per_s=PER_S))
            await asyncio.sleep(WARM_S)
            watch.note_blow(feeder.ends)
            await hurt()
            if seen:
                await until(lambda: self._shows(seen), SEEN_S)
            await feeding
            await watch.until_settled(feeder.ends, SETTLE_S, stack.revive)
            await until(lambda: watch.recoveries, SETTLE_S)
            self.recovery_s = watch.recoveries_s[0]
        await self._judge(set(map(_id_of, (value for _, value in rows))))

    def _shows(self, series: str) -> bool:
        page = f"http://127.0.0.1:{self.stack.settings.metrics_port}/metrics"
        with urllib.request.urlopen(page, timeout=60) as answer:
            lines = answer.read().decode().splitlines()
        return any(line.startswith(series) and float(line.rsplit(" ", 1)[1]) > 0 for line in lines)

    async def _judge(self, accepted: set[str]) -> None:
        told: defaultdict[str, set[bytes]] = defaultdict(set)
        for each in await read_decisions(self.stack.settings):
            told[each.event_id].add(each.value)
        self.lost = len(accepted - set(told))
        self.double = sum(len(values) > 1 for values in told.values())
        self.said = sum(b'"memory_lost"' in value for values in told.values() for value in values)

    def line(self, alert: str) -> str:
        """The figures in one line; the alert must exist."""
        fires = f", alert {ALERTS[alert].name} ({ALERTS[alert].severity})" if alert else ""
        return f"recovery {self.recovery_s:.1f} s, {self.lost} lost, {self.double} double, {self.said} say memory_lost{fires}"


def _id_of(value: bytes) -> str:
    return str(json.decode(value)["event_id"])


async def ended(run: Run) -> None:
    """Stop the stack and show its logs."""
    await asyncio.to_thread(run.stack.stop)
    print(run.stack.logs())


async def test_a_fail_over_that_keeps_the_old_primary_is_over_in_seconds(
    real_kafka: str, own_group: SentinelGroup, tmp_path: Path, long: bool
) -> None:
    run = Run(real_kafka, own_group.url, tmp_path, 12_000 if long else 4_000)

    async def fail_over() -> None:
        await asyncio.to_thread(own_group.fail_over)

    try:
        await run.go(fail_over)
    finally:
        await ended(run)
    print(run.line(""))

    await until(own_group.settled, SEEN_S)

    assert (run.lost, run.double, run.said) == (0, 0, 0)
    assert run.stack.starts == 1


async def test_a_flush_is_said_in_decisions_and_pages(
    real_kafka: str, own_redis: RedisServer, tmp_path: Path, long: bool
) -> None:
    run = Run(real_kafka, own_redis.url, tmp_path, 12_000 if long else 4_000)

    async def flush() -> None:
        client = connect(own_redis.url)
        await ask(client, "FLUSHALL")
        await client.aclose()

    try:
        await run.go(flush, "payguard_memory_lost{")
    finally:
        await ended(run)
    print(run.line("MemoryLost"))

    assert (run.lost, run.double) == (0, 0)
    assert run.said > 0


async def test_an_eviction_is_said_in_decisions_and_pages(
    real_kafka: str, own_redis: RedisServer, tmp_path: Path, long: bool
) -> None:
    run = Run(real_kafka, own_redis.url, tmp_path, 12_000 if long else 4_000)

    async def evict() -> None:
        client = connect(own_redis.url)
        used = int((await ask(client, "INFO", "memory"))["used_memory"])
        await ask(client, "CONFIG", "SET", "maxmemory-policy", "allkeys-random")
        await ask(client, "CONFIG", "SET", "maxmemory", used + 1_000_000)
        for number in range(500):
            await ask(client, "SET", f"fill:{number}", "x" * 20_000)
            if int((await ask(client, "INFO", "stats"))["evicted_keys"]):
                break
        await ask(client, "CONFIG", "SET", "maxmemory", 0)
        await client.aclose()

    try:
        await run.go(evict, "payguard_store_evicted_keys")
    finally:
        await ended(run)
    print(run.line("StoreMayEvict"))

    assert (run.lost, run.double) == (0, 0)
    assert run.said > 0
