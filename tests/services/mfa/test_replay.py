"""A code is worth one pass, whatever it is offered for next, by whom and how late."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from contracts.events import ChallengeOutcome
from services.audit.tables import audit
from services.memory.in_process import InProcessChallengeIntake
from services.mfa import totp
from services.mfa.records import Context
from services.mfa.repository import record_issued
from services.mfa.service import ChallengesService
from services.mfa.tables import challenges, factors
from tests.services.mfa.world import World, asked

SESSIONS = [
    Context(ip="192.0.2.1", device_id="phone"),
    Context(ip="198.51.100.1", device_id="browser"),
    Context(),
]
#: Past 31 bits of seconds, past 32 bits, and past 31 bits of steps.
FAR = [2.0**31 + 1, 2.0**32 + 1, 2.0**36 + 1]


async def results(world: World) -> list[str]:
    rows = [row for row in await world.rows(audit) if row["action"] == "verify"]
    return [row["result"] for row in sorted(rows, key=lambda row: row["seq"])]


async def test_the_same_code_passes_no_second_challenge_in_any_session(world: World) -> None:
    secret = await world.enrolled()
    code = world.code(secret)

    got = [await world.verified(code, context) for n, context in enumerate(SESSIONS)]

    assert got == [True, False, False]
    assert await results(world) == ["passed", "replayed", "replayed"]


async def test_the_code_of_a_login_pays_nothing_in_the_same_step(world: World) -> None:
    secret = await world.enrolled()
    decision, effect = asked("login")
    async with world.database.begin() as connection:
        await record_issued(connection, decision, replace(effect, purpose="login"), world.clock.at)
    code = world.code(secret)
    assert (await world.service.verify("login", code)).passed

    assert not await world.verified(code)
    world.clock.at += 30
    assert await world.verified(world.code(secret))


async def test_a_used_code_stays_used_in_the_step_after_it(world: World) -> None:
    secret = await world.enrolled()
    code = world.code(secret)
    await world.verified(code)
    world.clock.at += 30

    assert not await world.verified(code)


async def test_an_older_live_code_is_worth_nothing_after_a_newer_one(world: World) -> None:
    secret = await world.enrolled()
    older, newer = world.code(secret, -1), world.code(secret)
    assert await world.verified(newer)

    assert not await world.verified(older)
    assert await results(world) == ["passed", "replayed"]


async def test_a_replay_counts_towards_the_lock(world: World) -> None:
    """Whoever saw one code cannot offer it for ever."""
    secret = await world.enrolled()
    code = world.code(secret)
    for _ in range(6):
        await world.verified(code)
    world.clock.at += 30

    assert not await world.verified(world.code(secret))
    (factor,) = await world.rows(factors)
    assert factor["locked_until"] > world.clock.at


async def test_a_store_that_lost_everything_makes_no_code_good_again(world: World) -> None:
    """Nothing that decides is in Redis: no waiting for it to learn again is needed."""
    secret = await world.enrolled()
    code = world.code(secret)
    await world.verified(code, name="before")
    empty = InProcessChallengeIntake(world.clock)
    service = ChallengesService(world.database, empty, world.checker, world.clock)
    await world.issue("after")

    assert not (await service.verify("after", code)).passed
    assert (await service.verify("before", code)).passed
    assert sum(isinstance(event, ChallengeOutcome) for event in await world.sent()) == 1


@pytest.mark.parametrize("at", FAR)
async def test_codes_are_accepted_once_in_2038_2106_and_later(world: World, at: float) -> None:
    world.clock.at = at
    secret = await world.enrolled()
    code = world.code(secret)

    assert await world.verified(code)
    assert not await world.verified(code)


async def test_a_clock_that_is_set_back_makes_no_used_code_good_again(world: World) -> None:
    secret = await world.enrolled()
    world.clock.at += 300
    code = world.code(secret)
    assert await world.verified(code)
    world.clock.at -= 300

    assert not await world.verified(code)
    assert not await world.verified(world.code(secret))


async def test_of_an_authenticator_s_code_nothing_is_kept_but_its_step(world: World) -> None:
    secret = await world.enrolled()
    assert await world.verified(world.code(secret))

    (row,) = await world.rows(challenges)
    assert (row["passed_step"], row["passed_code"]) == (totp.step_at(world.clock.at), None)
