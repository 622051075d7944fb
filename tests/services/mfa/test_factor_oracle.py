"""Refusals of a factor's life cannot be told apart: no factor, wrong, used, locked, nobody at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from statistics import median
from time import perf_counter

import pytest

from services.mfa.code_rules import LOCK_AFTER
from services.mfa.constant_time_response import AnswerTime
from services.mfa.lifecycle import FactorLifecycle
from services.mfa.vault import Vault
from tests.services.mfa.world import CHEAP, KEY, OWNER, World

_AFTER_S = 0.1
Refused = Callable[[FactorLifecycle, str, str], Awaitable[object]]


async def confirm(lifecycle: FactorLifecycle, account_id: str, code: str) -> object:
    return await lifecycle.confirm(account_id, code, OWNER)


async def remove(lifecycle: FactorLifecycle, account_id: str, code: str) -> object:
    return await lifecycle.remove(account_id, code, OWNER)


async def regenerate(lifecycle: FactorLifecycle, account_id: str, code: str) -> object:
    return await lifecycle.regenerate(account_id, code, OWNER)


async def refusals(world: World, step: Refused, lifecycle: FactorLifecycle) -> list[tuple[object, float]]:
    """What each refusal answers and how long it takes: nobody, no factor, wrong, used, locked."""
    secret = await world.enrolled("li")
    used = world.code(secret)
    await world.lifecycle.regenerate("li", used, OWNER)
    locked = await world.enrolled("locked")
    for _ in range(LOCK_AFTER):
        await world.lifecycle.remove("locked", world.wrong(locked), OWNER)
    offers = [
        ("nobody", used),
        ("li", world.wrong(secret)),
        ("li", used),
        ("locked", world.code(locked)),
        ("li", "0000-0000-0000-0000"),
        ("nobody", "0000-0000-0000-0000"),
    ]
    answers = []
    for account_id, code in offers:
        started = perf_counter()
        answers.append((await step(lifecycle, account_id, code), perf_counter() - started))
    return answers


@pytest.mark.parametrize("step", [confirm, remove, regenerate])
async def test_no_refusal_of_a_factors_life_can_be_told_from_another(world: World, step: Refused) -> None:
    answers = await refusals(world, step, world.lifecycle)

    assert 1 == len({str(answer) for answer, _ in answers})


@pytest.mark.parametrize("step", [confirm, remove, regenerate])
async def test_every_refusal_of_a_factors_life_is_answered_at_the_same_time(
    world: World, step: Refused
) -> None:
    lifecycle = FactorLifecycle(
        world.database,
        Vault({1: KEY}, 1),
        world.checker,
        world.clock,
        "UPay",
        CHEAP,
        answers=AnswerTime((_AFTER_S, _AFTER_S)),
    )

    took = [took_s for _, took_s in await refusals(world, step, lifecycle)]

    assert min(took) >= _AFTER_S
    assert median(took) < 2 * _AFTER_S
