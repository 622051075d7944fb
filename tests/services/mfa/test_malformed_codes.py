"""What is no code costs its network alone, and its answer tells nothing of challenge, account or factor."""

from __future__ import annotations

import httpx
import pytest

from services.audit.tables import audit
from services.mfa.limit_records import Rates
from services.mfa.tables import challenges, factors
from tests.services.mfa.test_body import JUNK
from tests.services.mfa.world import World

GUESSES = b'{"code":["000000","000001","000002"],"ip":"192.0.2.1"}'


async def kept(world: World) -> list[object]:
    """Everything that an attempt changes."""
    return [await world.rows(table) for table in (factors, challenges, audit)]


@pytest.mark.parametrize(
    "route", ["challenges/{}/verify", "accounts/{}/totp/confirm", "accounts/{}/totp/recovery-codes"]
)
async def test_a_malformed_code_is_answered_alike_whatever_stands_behind_it(
    world: World, http: httpx.AsyncClient, route: str
) -> None:
    await world.enrolled("known")
    await world.issue("known", "known")

    answers = [
        await http.post(f"/v1/{route.format(name)}", content=body)
        for name in ("known", "nobody")
        for body in JUNK
    ]

    assert {(400, answers[0].content, str(answers[0].headers))} == {
        (answer.status_code, answer.content, str(answer.headers)) for answer in answers
    }


async def test_a_list_of_codes_is_no_attempt_and_holds_no_try(world: World, http: httpx.AsyncClient) -> None:
    secret = await world.enrolled()
    await world.issue("c1")
    before = await kept(world)
    many = [world.code(secret), *(f"{number:06d}" for number in range(50))]

    answers = [await http.post("/v1/challenges/c1/verify", json=body) for body in ({"code": many}, many)]

    assert [400, 400] == [answer.status_code for answer in answers]
    assert before == await kept(world)
    assert (await world.service.verify("c1", world.code(secret))).passed


async def test_each_request_is_one_attempt(world: World, http: httpx.AsyncClient) -> None:
    secret = await world.enrolled()
    await world.issue("c1")
    for left in (4, 3, 2):
        answer = await http.post("/v1/challenges/c1/verify", json={"code": world.wrong(secret)})
        assert answer.json() == {"result": "refused", "attempts_left": left, "grant": None}

    (factor,) = await world.rows(factors)
    assert factor["failures_in_row"] == 3


async def test_malformed_codes_slow_their_network_down_and_never_lock_the_account(
    world: World, http: httpx.AsyncClient
) -> None:
    secret = await world.enrolled()
    await world.issue("c1")
    before = await kept(world)
    most = Rates().network_codes

    sent = [await http.post("/v1/challenges/c1/verify", content=GUESSES) for _ in range(most + 3)]

    assert [answer.status_code for answer in sent] == [400] * most + [429] * 3
    assert before == await kept(world)
    elsewhere = {"code": world.code(secret), "ip": "198.51.100.1"}
    assert (await http.post("/v1/challenges/c1/verify", json=elsewhere)).json()["result"] == "passed"
