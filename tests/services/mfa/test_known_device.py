"""A lock keeps strangers out; the device on which the owner passed before has a few tries of its own."""

from __future__ import annotations

import pytest

from services.audit.tables import audit
from services.mfa.code_rules import LOCK_AFTER, LOCK_S
from services.mfa.limit_records import Rates, SlowDown
from services.mfa.limit_tables import factor_devices
from services.mfa.limits import (
    DEVICE_PERIOD_S,
    DEVICE_TRIES,
    DEVICES_KEPT,
    KNOWN_S,
)
from services.mfa.records import Context
from services.platform.metrics import KNOWN_DEVICE_CODES
from tests.services.mfa.world import World, build

PHONE = Context(ip="192.0.2.1", device_id="phone")
STRANGER = Context(ip="198.51.100.1", device_id="stranger")


async def known(world: World, context: Context = PHONE) -> str:
    """The secret of an account that passed a code on the context's device."""
    secret = await world.enrolled()
    assert await world.verified(world.code(secret), context)
    world.clock.at += 60
    return secret


async def test_the_owner_on_a_known_device_still_has_a_way_in(world: World) -> None:
    secret = await known(world)
    await world.lock(secret, STRANGER)

    assert not await world.verified(world.code(secret), STRANGER)
    assert await world.verified(world.code(secret), PHONE, name="own")
    (row,) = [row for row in await world.rows(audit) if row["challenge_id"] == "own"]
    assert row["reason"] == "let in for a known device"


async def test_a_way_in_for_the_owner_is_none_for_strangers(world: World) -> None:
    secret = await known(world)
    await world.lock(secret, STRANGER)
    locked_until = (await world.factor())["locked_until"]
    await world.verified(world.code(secret), PHONE)
    world.clock.at += 30

    assert not await world.verified(world.code(secret), STRANGER)
    assert (await world.factor())["locked_until"] == locked_until


async def test_another_network_is_no_hindrance_to_a_known_device(world: World) -> None:
    secret = await known(world)
    await world.lock(secret, STRANGER)

    assert await world.verified(world.code(secret), Context(ip="203.0.113.5", device_id="phone"))


async def test_a_stolen_device_id_adds_three_guesses_a_lock_period(world: World) -> None:
    secret = await known(world)
    await world.lock(secret, STRANGER)
    refused = KNOWN_DEVICE_CODES.labels("refused")._value.get()
    for _ in range(DEVICE_TRIES):
        assert not await world.verified(world.wrong(secret), PHONE)

    assert not await world.verified(world.code(secret), PHONE, name="late")
    assert refused + DEVICE_TRIES == KNOWN_DEVICE_CODES.labels("refused")._value.get()
    assert (await world.factor())["failures_total"] == LOCK_AFTER
    results = [row["result"] for row in await world.rows(audit) if row["challenge_id"] == "late"]
    assert results == ["locked"]


async def test_a_known_device_has_its_tries_again_in_the_next_period(world: World) -> None:
    secret = await known(world)
    await world.lock(secret, STRANGER)
    for _ in range(DEVICE_TRIES):
        await world.verified(world.wrong(secret), PHONE)
    world.clock.at += DEVICE_PERIOD_S
    await world.lock(secret, STRANGER)

    assert await world.verified(world.code(secret), PHONE)


async def test_failures_of_a_known_device_do_not_prolong_the_lock(world: World) -> None:
    secret = await known(world)
    await world.lock(secret, STRANGER)
    for _ in range(DEVICE_TRIES):
        await world.verified(world.wrong(secret), PHONE)
    world.clock.at += LOCK_S

    assert await world.verified(world.code(secret), STRANGER)


async def test_a_device_is_known_to_its_own_account_only(world: World) -> None:
    await known(world)
    other = await world.enrolled("wang")
    await world.issue("w", "wang")
    for _ in range(LOCK_AFTER):
        await world.verified(world.wrong(other), STRANGER, "wang")

    assert not await world.verified(world.code(other), PHONE, "wang")


async def test_a_refused_code_makes_no_device_known(world: World) -> None:
    secret = await world.enrolled()
    await world.verified(world.wrong(secret), PHONE)

    assert await world.rows(factor_devices) == []


async def test_a_device_is_forgotten_after_90_days(world: World) -> None:
    secret = await known(world)
    world.clock.at += KNOWN_S
    await world.lock(secret, STRANGER)

    assert not await world.verified(world.code(secret), PHONE)


async def test_no_more_than_a_few_devices_are_kept_the_latest_ones(world: World) -> None:
    secret = await known(world)
    for number in range(DEVICES_KEPT):
        world.clock.at += 60
        device = Context(device_id=f"later-{number}")
        assert await world.verified(world.code(secret), device)
    await world.lock(secret, STRANGER)

    assert len(await world.rows(factor_devices)) == DEVICES_KEPT
    assert not await world.verified(world.code(secret), PHONE)
    world.clock.at += 30
    assert await world.verified(world.code(secret), Context(device_id="later-0"))


async def test_a_known_device_gets_past_limits_that_strangers_reached(world: World) -> None:
    few = build(world.database, world.clock, rates=Rates(network_codes=3, fleet_codes=4))
    secret = await known(few)
    near = Context(ip="192.0.2.99", device_id="stranger")
    for number in range(3):
        await few.verified("000000", near, f"account-{number}")

    assert await few.verified(few.code(secret), PHONE)
    with pytest.raises(SlowDown):
        await few.verified(few.code(secret), near)


async def test_no_device_is_kept_in_clear(world: World) -> None:
    await known(world)

    (row,) = await world.rows(factor_devices)
    assert "phone" not in str(row)
