"""Hosts whose clocks are ten minutes off: what they share keeps the time of the stores, and the offset is measured."""

from __future__ import annotations

import asyncio
import re
import time

import httpx
import pytest
from sqlalchemy import select

from services.mfa.tables import challenges
from services.platform.database import Database
from services.platform.embedded import free_port
from services.policy.file import read_policy
from tests.chaos.feed import Feeder
from tests.chaos.stack import JUMPY_POLICY
from tests.e2e.conftest import MakeStack
from tests.e2e.decisions import until_decided
from tests.e2e.test_same_event_id import life

TEN_MINUTES_S = 600.0
LIFETIME_S = read_policy(JUMPY_POLICY).lifetime_s
BUSY_MACHINE_S = 120.0
_OFFSET = re.compile(r'^payguard_clock_offset_seconds\{against="store"\} (\S+)$', re.M)


@pytest.mark.parametrize("shift_s", [TEN_MINUTES_S, -TEN_MINUTES_S], ids=["fast", "slow"])
async def test_a_worker_ten_minutes_off_issues_challenges_of_the_stores_time_and_says_how_far_it_is_off(
    make_stack: MakeStack, shift_s: float
) -> None:
    stack = await make_stack()
    stack.launcher = ("-m", "tests.e2e.shifted", str(shift_s))
    told = life("li", now_ms=int(time.time() * 1000))
    async with Feeder(stack.settings.kafka, stack.settings.topic_events) as feeder:
        for value in told:
            await feeder.put(b"li", value)
        await feeder.flush()
    port = free_port()
    began = time.time()
    stack.start_worker(0, metrics_port=port)
    await until_decided(stack, len(told))
    page = (
        await asyncio.to_thread(httpx.get, f"http://127.0.0.1:{port}/metrics", timeout=BUSY_MACHINE_S)
    ).text
    stack.launcher = ("-m", "services.cli.main")
    stack.start_cases()
    expires = await first_challenges(stack.settings.database)
    offset = _OFFSET.search(page)

    issued = [at - LIFETIME_S for at in expires]
    assert began - 1.0 <= min(issued) <= max(issued) <= began + BUSY_MACHINE_S
    assert offset is not None
    assert float(offset.group(1)) == pytest.approx(shift_s, abs=5.0)


async def first_challenges(address: str) -> list[float]:
    """When the challenges in SQL expire, once there are any."""
    database = Database(address)
    try:
        async with asyncio.timeout(BUSY_MACHINE_S):
            while True:
                async with database.read() as connection:
                    found = list((await connection.execute(select(challenges.c.expires_at))).scalars())
                if found:
                    return found
                await asyncio.sleep(0.1)
    finally:
        await database.close()
