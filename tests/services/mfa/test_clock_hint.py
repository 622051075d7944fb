"""A code that is right for another time is refused and says so, which is worth nothing to whoever guesses."""

from __future__ import annotations

import httpx
import pytest

from services.mfa.records import ATTEMPTS, Answer
from services.mfa.tables import factors
from services.mfa.totp import STEP_S
from tests.services.mfa.world import OWNER, World

OFF = [-10, -5, -2, 2, 4, 10]


async def answered(world: World, name: str, code: str) -> Answer:
    """What comes of the code at a challenge of its own."""
    await world.issue(name)
    return await world.service.verify(name, code)


async def long_ago(world: World) -> str:
    """The secret of an account that passed nothing for ten minutes."""
    secret = await world.enrolled()
    world.clock.at += 600
    return secret


@pytest.mark.parametrize("away", OFF)
async def test_a_code_a_few_steps_off_is_refused_with_a_word_on_the_clock(world: World, away: int) -> None:
    secret = await long_ago(world)

    assert await answered(world, "c", world.code(secret, away)) == Answer(False, ATTEMPTS - 1, hint="clock")


@pytest.mark.parametrize("away", [-11, 11])
async def test_a_code_further_off_is_a_wrong_one(world: World, away: int) -> None:
    secret = await long_ago(world)

    assert await answered(world, "c", world.code(secret, away)) == Answer(False, ATTEMPTS - 1)


async def test_the_hint_is_followed_and_the_right_code_passes(world: World) -> None:
    secret = await long_ago(world)
    await answered(world, "c", world.code(secret, 4))

    assert (await world.service.verify("c", world.code(secret))).passed


@pytest.mark.parametrize("away", [2, 4, 10])
async def test_a_code_that_was_hinted_at_is_void_when_its_time_comes(world: World, away: int) -> None:
    """Else every guess would be worth thirteen codes instead of three: wait for the step that the hint gave away."""
    secret = await long_ago(world)
    guessed = world.code(secret, away)
    await answered(world, "guess", guessed)

    for wait in range(away - 1, away + 2):
        world.clock.at += STEP_S * (away - 1 if wait == away - 1 else 1)
        assert not (await answered(world, f"later-{wait}", guessed)).passed
    assert (await answered(world, "own", world.code(secret, 1))).passed


async def test_a_code_of_the_past_can_be_hinted_at_again_and_voids_nothing(world: World) -> None:
    secret = await long_ago(world)
    await answered(world, "c", world.code(secret, -4))

    assert [row["hinted_step"] for row in await world.rows(factors)] == [-1]


async def test_a_hint_costs_an_attempt_and_a_challenge_has_five(world: World) -> None:
    secret = await long_ago(world)
    await world.issue("c")

    left = [(await world.service.verify("c", world.code(secret, 4))).attempts_left for _ in range(ATTEMPTS)]

    assert left == [4, 3, 2, 1, 0]
    assert not (await world.service.verify("c", world.code(secret))).passed


async def test_a_locked_factor_gives_no_hint(world: World) -> None:
    secret = await long_ago(world)
    for number in range(5):
        await answered(world, f"w{number}", world.wrong(secret))

    assert await answered(world, "c", world.code(secret, 4)) == Answer(False, ATTEMPTS - 1)


async def test_a_used_code_gives_no_hint(world: World) -> None:
    secret = await long_ago(world)
    code = world.code(secret)
    await answered(world, "first", code)
    world.clock.at += 120

    assert await answered(world, "again", code) == Answer(False, ATTEMPTS - 1)


async def test_the_next_step_s_code_passes_once_in_both_steps(world: World) -> None:
    secret = await long_ago(world)
    early = world.code(secret, 1)

    passed = [(await answered(world, "early", early)).passed]
    for number in range(3):
        passed.append((await answered(world, f"again-{number}", early)).passed)
        world.clock.at += STEP_S

    assert passed == [True, False, False, False]


async def test_this_step_s_code_is_worth_nothing_after_the_next_one_s(world: World) -> None:
    secret = await long_ago(world)
    assert (await answered(world, "early", world.code(secret, 1))).passed

    assert not (await answered(world, "now", world.code(secret))).passed


async def test_the_next_code_at_a_passed_challenge_gets_the_answer_that_was_lost_and_is_burnt(
    world: World,
) -> None:
    secret = await long_ago(world)
    first = await answered(world, "c", world.code(secret))

    assert await world.service.verify("c", world.code(secret, 1)) == first
    assert not (await answered(world, "other", world.code(secret, 1))).passed


async def test_the_answer_of_every_route_carries_the_hint(world: World, http: httpx.AsyncClient) -> None:
    secret = await long_ago(world)
    await world.issue("c")
    routes = [
        ("POST", "/v1/challenges/c/verify"),
        ("POST", "/v1/accounts/li/totp/recovery-codes"),
        ("DELETE", "/v1/accounts/li/totp"),
    ]

    said = [
        (await http.request(method, path, json={"code": world.code(secret, -4)})).json()
        for method, path in routes
    ]
    enrolling = {"proved_at": world.clock.at, "code": world.code(secret, -4)}
    problem = (await http.post("/v1/accounts/li/totp", json=enrolling)).json()

    assert [(one["result"], one["hint"]) for one in said] == [("refused", "clock")] * 3
    assert all("check your phone's clock" in one["detail"] for one in [*said, problem])
    assert (problem["status"], problem["hint"]) == (403, "clock")


async def test_a_first_code_from_a_wrong_clock_is_told_so(world: World, http: httpx.AsyncClient) -> None:
    made = await world.enrol()
    answer = await http.post("/v1/accounts/li/totp/confirm", json={"code": world.code(made.secret, 5)})

    assert answer.json()["hint"] == "clock"
    assert (await world.lifecycle.confirm("li", world.code(made.secret, 1), OWNER)).confirmed


async def test_a_refusal_without_a_hint_has_no_field_for_one(world: World, http: httpx.AsyncClient) -> None:
    secret = await long_ago(world)
    await world.issue("c")

    wrong = await http.post("/v1/challenges/c/verify", json={"code": world.wrong(secret)})

    assert wrong.json() == {"result": "refused", "attempts_left": 4, "grant": None}


@pytest.mark.parametrize("typed", ["{}{} {}{} {}{}", "{}{}{}\u00a0{}{}{}", "{}{}{}-{}{}{}", "{}{}{}{}{}{}\n"])
async def test_a_code_passes_as_it_was_typed(world: World, http: httpx.AsyncClient, typed: str) -> None:
    secret = await long_ago(world)
    await world.issue("c")
    wide = world.code(secret).translate(str.maketrans("0123456789", "０１２３４５６７８９"))

    passed = await http.post("/v1/challenges/c/verify", json={"code": typed.format(*wide)})

    assert passed.json()["result"] == "passed"
