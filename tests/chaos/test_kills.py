"""The run of the promise: two workers and the cases process, killed again and again under load."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest

from benchmarks.parts.real_parts import PostgresServer
from services.platform.guarded_process import GuardedProcess
from tests.chaos.conftest import empty_store
from tests.chaos.feed import Feeder, stories_among_bench
from tests.chaos.polling import until
from tests.chaos.stack import Stack, stack_settings
from tests.chaos.verify import verified
from tests.chaos.watch import Watch

pytestmark = [pytest.mark.real, pytest.mark.chaos]

EVENTS = 200_000
ACCOUNTS = 5000
KILLS, LONG_KILLS = 12, 100
SHORTEST_S, LONGEST_S = 5.0, 10.0
ENDS_WITHIN_S = 40.0
ROLLED_WITHIN_S = 30.0
SEED = 20_260


def ended(process: GuardedProcess) -> bool:
    return not process.running


class Killer:
    """Kills a random worker every few seconds, the cases process twice, and once rolls both workers (SIGTERM)."""

    def __init__(self, stack: Stack, feeder: Feeder, watch: Watch, kills: int) -> None:
        self.stack, self.feeder, self.watch = stack, feeder, watch
        self.wanted = kills
        self.kills = 0
        self.rng = Random(SEED)

    async def rampage(self) -> None:
        """Until all kills are done."""
        for number in range(self.wanted):
            await self._pass(self.rng.uniform(SHORTEST_S, LONGEST_S))
            self._kill_worker(self.rng.choice(sorted(self.stack.workers)))
            if number in (self.wanted // 3, 2 * self.wanted // 3):
                self._kill_cases()
            if number == self.wanted // 2:
                await self._roll()

    async def _pass(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 2)
        self.stack.revive()
        await asyncio.sleep(seconds / 2)

    def _kill_worker(self, number: int) -> None:
        self.stack.workers[number].kill9()
        self.kills += 1
        self.watch.note_blow(self.feeder.ends)
        self.stack.revive()

    def _kill_cases(self) -> None:
        assert self.stack.cases is not None
        self.stack.cases.kill9()
        self.stack.revive()

    async def _roll(self) -> None:
        await self._pass(LONGEST_S)
        for number in sorted(self.stack.workers):
            self.stack.terminate(number)
            self.watch.note_blow(self.feeder.ends, "rolling restart")
            await until(partial(ended, self.stack.workers[number]), ENDS_WITHIN_S)
            self.stack.revive()
            await self._pass(SHORTEST_S)


@pytest.mark.timeout(3600)
async def test_kills_at_random_lose_and_double_nothing(
    real_kafka: str, real_redis: str, real_postgres_server: PostgresServer, tmp_path: Path, long: bool
) -> None:
    kills = LONG_KILLS if long else KILLS
    database = real_postgres_server.new_database(f"chaos_{uuid4().hex[:8]}")
    settings = stack_settings(real_kafka, await empty_store(real_redis), database, tmp_path)
    stack = Stack(settings, tmp_path)
    lasts_s = (kills + 4) * (SHORTEST_S + LONGEST_S) / 2
    try:
        await stack.prepare()
        stack.start_worker(0)
        stack.start_worker(1)
        stack.start_cases()
        async with Feeder(settings.kafka, settings.topic_events) as feeder, Watch(settings) as watch:
            killer = Killer(stack, feeder, watch, kills)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(
                    feeder.send(stories_among_bench(EVENTS, ACCOUNTS, SEED), per_s=EVENTS / lasts_s)
                )
                tasks.create_task(killer.rampage())
            verdict = await verified(stack, feeder, watch, killer.kills)
            rolled_s = [seconds for what, seconds in watch.recoveries if what == "rolling restart"]
    finally:
        stack.stop()
        print(stack.logs())

    assert (EVENTS, kills) == (verdict.events, killer.kills)
    assert max(rolled_s) < ROLLED_WITHIN_S
