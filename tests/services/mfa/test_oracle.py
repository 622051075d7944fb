"""What a refusal tells: nothing. The same status, body, length, headers and time whatever stands behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx
import pytest

from services.mfa import recovery
from services.mfa.constant_time_response import RECOVERY_REFUSED_AFTER_S, REFUSED_AFTER_S, AnswerTime
from services.mfa.service import ChallengesService
from tests.services.mfa.world import World

#: Longer than all refusals at once take on a busy machine, so that only it is measured.
ANSWERED_AFTER_S = 1.5
NOISE_S = 0.04
CHEAP = recovery.Cost(passes=1, memory_kib=64)


@dataclass(frozen=True)
class Refusal:
    """A challenge and a code that must be refused, once prepared."""

    challenge_id: str
    code: str


async def _unknown_account(world: World, name: str) -> Refusal:
    await world.issue(name, f"{name}-nobody")
    return Refusal(name, "000000")


async def _wrong(world: World, name: str) -> Refusal:
    secret = await world.enrolled(name)
    await world.issue(name, name)
    return Refusal(name, world.wrong(secret))


async def _used(world: World, name: str) -> Refusal:
    secret = await world.enrolled(name)
    await world.issue(name, name)
    await world.issue(f"{name}-spent", name)
    await world.service.verify(f"{name}-spent", world.code(secret))
    return Refusal(name, world.code(secret))


async def _locked(world: World, name: str) -> Refusal:
    secret = await world.enrolled(name)
    await world.issue(name, name)
    await world.lock(secret, account_id=name)
    return Refusal(name, world.code(secret))


async def _pending(world: World, name: str) -> Refusal:
    made = await world.enrol(name)
    await world.issue(name, name)
    return Refusal(name, world.code(made.secret))


async def _another_time(world: World, name: str) -> Refusal:
    secret = await world.enrolled(name)
    await world.issue(name, name)
    return Refusal(name, world.code(secret, 7))


async def _used_recovery_code(world: World, name: str) -> Refusal:
    await world.enrolled(name)
    made = await recovery.make(CHEAP)
    async with world.database.begin() as connection:
        await recovery.keep(connection, name, made, world.clock.at)
    await world.issue(name, name)
    await world.issue(f"{name}-spent", name)
    await world.service.verify(f"{name}-spent", made.shown[0])
    return Refusal(name, made.shown[0])


async def _made_up_recovery_code(world: World, name: str) -> Refusal:
    await world.enrolled(name)
    await world.issue(name, name)
    return Refusal(name, "0000-0000-0000-0000")


async def _recovery_code_of_nobody(world: World, name: str) -> Refusal:
    await world.issue(name, f"{name}-nobody")
    return Refusal(name, "0000-0000-0000-0000")


Making = Callable[[World, str], Awaitable[Refusal]]
KINDS: list[Making] = [
    _unknown_account,
    _wrong,
    _used,
    _locked,
    _pending,
    _another_time,
    _used_recovery_code,
    _made_up_recovery_code,
    _recovery_code_of_nobody,
]


async def prepared(world: World) -> list[Refusal]:
    """Each of them, ready to be refused at this moment."""
    made, now = [], world.clock.at
    for kind in KINDS:
        world.clock.at = now
        made.append(await kind(world, kind.__name__.strip("_")))
    world.clock.at = now + 60.0
    return made


async def test_every_refusal_has_the_same_status_body_length_and_headers(
    world: World, http: httpx.AsyncClient
) -> None:
    answers = [
        await http.post(f"/v1/challenges/{each.challenge_id}/verify", json={"code": each.code})
        for each in await prepared(world)
        if each.challenge_id != "another_time"
    ]

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len({str(answer.headers) for answer in answers}) == 1


async def test_an_unknown_and_an_expired_challenge_are_told_apart_by_nothing(
    world: World, http: httpx.AsyncClient
) -> None:
    secret = await world.enrolled()
    await world.issue("expired")
    world.clock.at += 300
    answers = [
        await http.post(f"/v1/challenges/{name}/verify", json={"code": world.code(secret)})
        for name in ("expired", "unknown")
    ]

    assert len({(answer.status_code, answer.content, str(answer.headers)) for answer in answers}) == 1


async def test_every_refusal_takes_the_same_time(world: World) -> None:
    """The quickest of three of each kind, all kinds at once; what the machine does besides only makes one slower."""
    slow = ChallengesService(
        world.database,
        world.intake,
        world.checker,
        world.clock,
        answers=AnswerTime((ANSWERED_AFTER_S, ANSWERED_AFTER_S)),
    )
    offered = [*await prepared(world), Refusal("unknown", "000000")]

    rounds = [await asyncio.gather(*(_seconds(slow, each) for each in offered)) for _ in range(3)]
    quickest = [min(took) for took in zip(*rounds, strict=True)]

    assert min(quickest) >= ANSWERED_AFTER_S
    assert max(quickest) - min(quickest) < NOISE_S


async def _seconds(service: ChallengesService, offered: Refusal) -> float:
    loop = asyncio.get_running_loop()
    started = loop.time()
    answer = await service.verify(offered.challenge_id, offered.code)
    assert not answer.passed
    return loop.time() - started


@pytest.mark.parametrize("code", ["000000", "0000-0000-0000-0000"])
async def test_a_served_refusal_waits_longer_than_it_takes_to_refuse(world: World, code: str) -> None:
    served = ChallengesService(world.database, world.intake, world.checker, world.clock)
    await world.issue("c1", "nobody")

    took_s = await _seconds(served, Refusal("c1", code))

    assert took_s >= (REFUSED_AFTER_S if code == "000000" else RECOVERY_REFUSED_AFTER_S)
