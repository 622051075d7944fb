"""What the audit says of an attempt: all that tells it apart, and nothing that could be used again."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import pytest

from services.audit.tables import audit
from services.mfa.code_rules import LOCK_AFTER
from services.mfa.records import Context
from services.mfa.tables import factors
from tests.services.mfa.world import World

PHONE = Context(ip="192.0.2.7", device_id="phone-1")


async def _passed(world: World, secret: str) -> str:
    return world.code(secret)


async def _wrong(world: World, secret: str) -> str:
    return world.wrong(secret)


async def _replayed(world: World, secret: str) -> str:
    await world.issue("before")
    await world.service.verify("before", world.code(secret))
    return world.code(secret)


async def _locked(world: World, secret: str) -> str:
    for number in range(LOCK_AFTER):
        await world.issue(f"before-{number}")
        await world.service.verify(f"before-{number}", world.wrong(secret))
    return world.code(secret)


async def _skewed(world: World, secret: str) -> str:
    return world.code(secret, 5)


WAYS: list[tuple[Callable[[World, str], Awaitable[str]], str | None]] = [
    (_passed, None),
    (_wrong, None),
    (_replayed, None),
    (_locked, None),
    (_skewed, "the code of 5 steps away"),
]


@pytest.mark.parametrize(("way", "reason"), WAYS, ids=[way.__name__.strip("_") for way, _ in WAYS])
async def test_an_attempt_is_one_record_with_account_factor_challenge_result_network_and_reason(
    world: World, way: Callable[[World, str], Awaitable[str]], reason: str | None
) -> None:
    secret = await world.enrolled()
    await world.issue("c1")
    code = await way(world, secret)

    await world.service.verify("c1", code, PHONE)

    (row,) = [row for row in await world.rows(audit) if row["challenge_id"] == "c1"]
    (factor,) = await world.rows(factors)
    network = world.limits.visitor("li", PHONE).network
    assert network is not None
    told = [
        row[name]
        for name in ("at", "action", "result", "actor", "account_id", "factor_id", "network", "reason")
    ]
    result = way.__name__.strip("_")
    assert told == [world.clock.at, "verify", result, "wallet", "li", factor["id"], network, reason]
    said = " ".join(str(value) for value in row.values())
    assert not re.search(rf"(?<![\w.]){code}(?![\w.])", said)
    assert not any(hidden in said for hidden in (secret, "192.0.2.7", "phone-1"))


async def test_the_failure_that_locks_says_so(world: World) -> None:
    secret = await world.enrolled()
    await world.issue("c1")
    for number in range(LOCK_AFTER):
        await world.issue(f"g{number}")
        await world.service.verify(f"g{number}", world.wrong(secret), PHONE)

    rows = {
        row["challenge_id"]: row["reason"] for row in await world.rows(audit) if row["action"] == "verify"
    }
    assert list(rows.values()).count("the factor is locked now") == 1
    assert rows[f"g{LOCK_AFTER - 1}"] == "the factor is locked now"
