"""A notice is held by one notifier at a time, and no longer than its lease."""

from __future__ import annotations

import asyncio

import pytest

from notifier.deliver import Patience
from services.platform.database import Database
from tests.notifier.delivering import Clock, Way, add, notifier, rows


async def test_a_channel_that_hangs_is_left_and_tried_again(told: Database, way: Way, clock: Clock) -> None:
    way.hangs = True
    await notifier(told, way, clock, Patience(send_s=0.05)).deliver_due()

    assert [(row.state, row.last_error) for row in await rows(told)] == [
        ("waiting", "the channel took too long")
    ]


async def test_what_a_killed_notifier_held_is_taken_again_when_its_lease_ends(
    told: Database, way: Way, clock: Clock
) -> None:
    way.hangs = True
    killed = asyncio.create_task(notifier(told, way, clock).deliver_due())
    await way.reached.wait()
    killed.cancel()
    with pytest.raises(asyncio.CancelledError):
        await killed
    way.hangs = False
    second = notifier(told, way, clock)

    assert await second.deliver_due() == 0

    clock.now += 120.0

    assert await second.deliver_due() == 1
    assert len(way.sent) == 2
    assert len({key for key, _ in way.sent}) == 1


async def test_a_notifier_that_lost_its_lease_leaves_the_new_holders_word(
    told: Database, clock: Clock
) -> None:
    slow, quick = Way(), Way()
    slow.hangs = True
    held = asyncio.create_task(notifier(told, slow, clock, Patience(send_s=0.3)).deliver_due())
    await slow.reached.wait()
    clock.now += 120.0
    await notifier(told, quick, clock).deliver_due()
    await held

    assert [(row.state, row.attempts) for row in await rows(told)] == [("delivered", 2)]


async def test_notifiers_side_by_side_send_each_notice_once(told: Database, way: Way, clock: Clock) -> None:
    await add(told, *(f"n{number}" for number in range(40)))

    async def work() -> None:
        service = notifier(told, way, clock)
        while await service.deliver_due():
            pass

    await asyncio.gather(work(), work(), work())
    await work()

    assert len(way.sent) == len({key for key, _ in way.sent}) == 41
