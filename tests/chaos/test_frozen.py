"""A worker that freezes past its session time-out, and wakes up believing that it still owns its partitions."""

from __future__ import annotations

import asyncio

import pytest

from tests.chaos.feed import Feeder, stories_among_bench
from tests.chaos.stack import Stack
from tests.chaos.verify import verified
from tests.chaos.watch import Watch

pytestmark = [pytest.mark.real, pytest.mark.chaos, pytest.mark.timeout(600)]

EVENTS = 12_000
PER_S = 500
FREEZES_AFTER_S = 6.0


@pytest.mark.parametrize("batch_records", [2000, 5], ids=["large batches", "small batches"])
async def test_the_late_writes_of_a_frozen_worker_change_nothing(
    stack: Stack, batch_records: int, long: bool
) -> None:
    frozen_s = 90.0 if long else 10.0
    rows = stories_among_bench(EVENTS, accounts=300, seed=batch_records, people=40, days=8)
    stack.start_worker(0, batch_records=batch_records)
    stack.start_worker(1, batch_records=batch_records)
    stack.start_cases()
    async with (
        Feeder(stack.settings.kafka, stack.settings.topic_events) as feeder,
        Watch(stack.settings) as watch,
    ):
        feeding = asyncio.create_task(feeder.send(rows, per_s=PER_S))
        await asyncio.sleep(FREEZES_AFTER_S)
        watch.note_blow(feeder.ends)
        stack.pause(0)
        await asyncio.sleep(frozen_s)
        stack.resume(0)
        await feeding
        await verified(stack, feeder, watch, kills=0)
