"""Challenges nobody answered."""

from __future__ import annotations

import asyncio

import pytest

from contracts.events import ChallengeOutcome
from services.mfa.records import Answer
from services.mfa.tables import challenges
from services.platform.metrics import CHALLENGES
from services.platform.progress import Progress
from tests.services.mfa.world import World


async def outcomes(world: World) -> list[tuple[str, str]]:
    return [(e.challenge_id, e.outcome) for e in await world.sent() if isinstance(e, ChallengeOutcome)]


async def test_a_challenge_expires_with_one_outcome(world: World) -> None:
    await world.issue("c1")
    expired = CHALLENGES.labels("transaction", "expired")._value.get()
    world.clock.at += 300

    assert [await world.service.expire_due(), await world.service.expire_due()] == [1, 0]
    assert await outcomes(world) == [("c1", "expired")]
    assert expired + 1 == CHALLENGES.labels("transaction", "expired")._value.get()


async def test_a_challenge_before_its_time_is_left_open(world: World) -> None:
    await world.issue("c1")
    world.clock.at += 299.9

    assert await world.service.expire_due() == 0


async def test_a_good_code_after_expiry_is_refused_and_not_burnt(world: World) -> None:
    secret = await world.enrolled()
    await world.issue("old")
    world.clock.at += 300
    await world.issue("new")

    assert Answer(False, 0) == await world.service.verify("old", world.code(secret))
    assert (await world.service.verify("new", world.code(secret))).passed


async def test_a_challenge_past_its_time_is_shown_as_expired_before_the_sweep(world: World) -> None:
    await world.issue("c1")
    world.clock.at += 300

    shown = await world.service.challenge("c1")

    assert shown is not None
    assert (shown.state, shown.attempts_left) == ("expired", 0)


async def test_a_closed_challenge_does_not_expire(world: World) -> None:
    secret = await world.enrolled()
    await world.issue("c1")
    await world.service.verify("c1", world.code(secret))
    world.clock.at += 300

    assert await world.service.expire_due() == 0
    assert await outcomes(world) == [("c1", "passed")]


async def test_an_accepted_code_repeated_after_expiry_is_refused(world: World) -> None:
    secret = await world.enrolled()
    await world.issue("c1")
    code = world.code(secret)
    await world.service.verify("c1", code)
    world.clock.at += 300

    assert not (await world.service.verify("c1", code)).passed


async def test_two_sweeps_at_once_expire_each_challenge_once(world: World) -> None:
    for number in range(30):
        await world.issue(f"c{number:02}")
    world.clock.at += 300

    expired = await asyncio.gather(*(world.service.expire_due(limit=10) for _ in range(6)))

    while await world.service.expire_due():
        pass
    assert sum(expired) <= 30
    assert [(f"c{number:02}", "expired") for number in range(30)] == sorted(await outcomes(world))


async def test_the_sweep_goes_on_until_it_is_stopped(world: World) -> None:
    await world.issue("c1")
    world.clock.at += 300
    task = asyncio.create_task(world.service.sweep_for_ever(Progress("test"), every_s=0.01))
    async with asyncio.timeout(60):
        while [row["state"] for row in await world.rows(challenges)] != ["expired"]:  # noqa: ASYNC110  polls the table
            await asyncio.sleep(0.01)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
