"""A worker that dies at each named place between reading a batch and committing it."""

from __future__ import annotations

import pytest

from services.stream.pipeline import FAULT_POINTS
from tests.chaos.feed import Feeder, stories_among_bench
from tests.chaos.polling import until
from tests.chaos.stack import Stack
from tests.chaos.verify import verified
from tests.chaos.watch import Watch

pytestmark = [pytest.mark.real, pytest.mark.chaos, pytest.mark.timeout(600)]

EVENTS = 6000
DIES_WITHIN_S = 120.0


@pytest.mark.parametrize("after", [4, 1])
@pytest.mark.parametrize("point", FAULT_POINTS[:-1])
async def test_a_worker_killed_there_loses_and_doubles_nothing(
    stack: Stack, point: str, after: int, long: bool
) -> None:
    if after == 1 and not long:
        pytest.skip("the first time too: with PAYGUARD_CHAOS=long")
    rows = list(stories_among_bench(EVENTS, accounts=300, seed=after, people=40, days=8))
    stack.start_cases()
    async with (
        Feeder(stack.settings.kafka, stack.settings.topic_events) as feeder,
        Watch(stack.settings) as watch,
    ):
        await feeder.send(rows[: EVENTS // 2])
        stack.start_worker(0, fault_point=point, fault_after=after, batch_records=200, commit_interval_s=0.2)
        await feeder.send(rows[EVENTS // 2 :], per_s=600)
        await until(lambda: not stack.workers[0].running, DIES_WITHIN_S)
        watch.note_blow(feeder.ends)
        stack.start_worker(0)
        verdict = await verified(stack, feeder, watch, kills=1)

    assert EVENTS == verdict.events
