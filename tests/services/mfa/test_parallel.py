"""Many submissions at once, over two connections to one database as two processes would have."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from contracts.events import ChallengeOutcome
from services.audit.tables import audit
from services.mfa.code_rules import LOCK_AFTER
from services.mfa.service import ChallengesService
from services.mfa.tables import factors
from services.platform.database import Database
from tests.services.mfa.world import World, checker

PARALLEL = 100


@pytest.fixture
async def second(world: World, database_url: str) -> AsyncIterator[ChallengesService]:
    """Another process's service on the same database."""
    database = Database(database_url)
    yield ChallengesService(database, world.intake, checker(), world.clock)
    await database.close()


async def results(world: World) -> Counter[str]:
    rows = await world.rows(audit)
    return Counter(row["result"] for row in rows if row["challenge_id"] is not None)


async def test_one_good_code_passes_one_of_a_hundred_challenges(
    world: World, second: ChallengesService
) -> None:
    secret = await world.enrolled()
    for number in range(PARALLEL):
        await world.issue(f"c{number}")
    services, code = (world.service, second), world.code(secret)

    answers = await asyncio.gather(*(services[n % 2].verify(f"c{n}", code) for n in range(PARALLEL)))

    assert sum(answer.passed for answer in answers) == 1
    outcomes = [event.outcome for event in await world.sent() if isinstance(event, ChallengeOutcome)]
    assert outcomes == ["passed"]
    counted = await results(world)
    assert (counted["passed"], counted.total()) == (1, PARALLEL)


async def test_one_good_code_sent_a_hundred_times_passes_its_challenge_once(
    world: World, second: ChallengesService
) -> None:
    secret = await world.enrolled()
    await world.issue("c1")
    services, code = (world.service, second), world.code(secret)

    answers = await asyncio.gather(*(services[n % 2].verify("c1", code) for n in range(PARALLEL)))

    assert len(set(answers)) == 1
    assert Counter({"passed": 1, "repeated": PARALLEL - 1}) == await results(world)
    assert sum(isinstance(event, ChallengeOutcome) for event in await world.sent()) == 1


async def test_a_hundred_wrong_guesses_at_once_are_compared_five_times(
    world: World, second: ChallengesService
) -> None:
    secret = await world.enrolled()
    for number in range(PARALLEL):
        await world.issue(f"c{number}")
    services, code = (world.service, second), world.wrong(secret)

    await asyncio.gather(*(services[n % 2].verify(f"c{n}", code) for n in range(PARALLEL)))

    assert Counter({"wrong": LOCK_AFTER, "locked": PARALLEL - LOCK_AFTER}) == await results(world)
    assert [row["failures_total"] for row in await world.rows(factors)] == [LOCK_AFTER]


async def test_wrong_and_right_codes_at_once_on_one_challenge_use_no_more_than_its_attempts(
    world: World, second: ChallengesService
) -> None:
    secret = await world.enrolled()
    await world.issue("c1")
    services = (world.service, second)
    codes = [world.wrong(secret)] * 20 + [world.code(secret)]

    answers = await asyncio.gather(*(services[n % 2].verify("c1", code) for n, code in enumerate(codes)))

    counted = await results(world)
    assert counted["wrong"] <= 5
    assert counted["passed"] == sum(answer.passed for answer in answers)
    assert sum(isinstance(event, ChallengeOutcome) for event in await world.sent()) == 1
