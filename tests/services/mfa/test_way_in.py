"""Whoever has the password alone can neither end the owner's factor nor keep the owner out, however long they guess."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import update

from contracts.events import AccountChange
from services.mfa import recovery
from services.mfa.code_rules import LOCK_AFTER, LOCK_S, LONGEST_LOCK_S, lock_s
from services.mfa.lifecycle import CodeRefused
from services.mfa.limit_tables import factor_devices
from services.mfa.limits import DEVICE_FAILURES, DEVICE_PERIOD_S, DEVICE_TRIES, DEVICES_KEPT, KNOWN_S
from services.mfa.records import STRANGER_FAILURES, Context
from services.mfa.tables import factors
from tests.services.mfa.world import CHEAP, OWNER, World, an_administrator

PHONE = Context(ip="192.0.2.1", device_id="phone")
STRANGER = Context(ip="198.51.100.1", device_id="stranger")


def strangers() -> Iterator[Context]:
    """Another device each time, from networks far apart."""
    for number in range(100_000):
        yield Context(ip=f"198.51.{number % 250}.{number % 199}", device_id=f"stranger-{number}")


_NUMBERS = iter(range(1_000_000))


async def known(world: World) -> str:
    """The secret of an account whose owner passed on a device."""
    secret = await world.enrolled()
    assert await world.verified(world.code(secret), PHONE)
    world.clock.at += 60
    return secret


async def paper(world: World, account_id: str = "li") -> str:
    """One recovery code of the account."""
    made = await recovery.make(CHEAP)
    async with world.database.begin() as connection:
        await recovery.keep(connection, account_id, made, world.clock.at)
    return made.shown[0].replace("-", "")


async def without_paper(world: World) -> None:
    """Use up the account's recovery codes."""
    async with world.database.begin() as connection:
        await recovery.void(connection, "li")


async def guess(world: World, secret: str, hours: float, every_s: float = LOCK_S) -> None:
    """Five wrong codes each half hour, from another device and network each time."""
    come = strangers()
    ends = world.clock.at + hours * 3600
    while world.clock.at < ends:
        for _ in range(LOCK_AFTER):
            assert not await world.verified(world.wrong(secret), next(come))
        world.clock.at += every_s


async def shut(world: World, secret: str) -> None:
    """Guess until strangers may not go on."""
    async with world.database.begin() as connection:
        await connection.execute(update(factors).values(failures_total=STRANGER_FAILURES - 1))
    assert not await world.verified(world.wrong(secret), STRANGER)
    assert (await world.factor())["failures_total"] == STRANGER_FAILURES


async def test_five_wrong_codes_each_half_hour_for_ten_hours_disable_nothing(world: World) -> None:
    secret = await known(world)

    await guess(world, secret, hours=10)

    assert (await world.factor())["state"] == "active"
    assert "totp_disabled" not in await world.changes()
    assert await world.verified(world.code(secret), PHONE)


async def test_a_fortnight_of_guesses_shuts_strangers_out_and_nobody_else(world: World) -> None:
    secret = await known(world)
    code = await paper(world)
    await guess(world, secret, hours=14 * 24, every_s=LONGEST_LOCK_S)

    assert not await world.verified(world.code(secret), STRANGER)
    assert await world.verified(world.code(secret), PHONE)
    assert await world.verified(code, Context(ip="203.0.113.9", device_id="new-phone"))


@pytest.mark.parametrize("way", ["known device", "recovery code"])
async def test_either_way_binds_anew_and_strangers_may_try_again(world: World, way: str) -> None:
    secret = await known(world)
    code = await paper(world)
    await shut(world, secret)
    world.clock.at += LONGEST_LOCK_S
    assert not await world.verified(world.code(secret), STRANGER)

    by_device = way == "known device"
    assert await world.verified(world.code(secret) if by_device else code, PHONE if by_device else OWNER)

    world.clock.at += 60
    assert await world.verified(world.code(secret), Context(device_id="new-phone"))


async def test_a_recovery_code_makes_the_device_known_it_is_typed_on(world: World) -> None:
    secret = await known(world)
    code = await paper(world)
    new = Context(ip="203.0.113.9", device_id="new-phone")
    await world.lock(secret, STRANGER)

    assert await world.verified(code, new)
    assert await world.verified(world.code(secret), new)


async def test_a_recovery_code_replaces_a_factor_that_strangers_are_shut_out_of(world: World) -> None:
    secret = await known(world)
    code = await paper(world)
    await shut(world, secret)
    with pytest.raises(CodeRefused):
        await world.lifecycle.enrol("li", world.clock.at, STRANGER, world.code(secret))

    made = await world.lifecycle.enrol("li", world.clock.at, STRANGER, code)

    assert await world.confirm("li", world.code(made.secret))


@pytest.mark.parametrize("way", ["known device", "recovery code"])
async def test_what_strangers_do_spends_nothing_of_the_owner_s(world: World, way: str) -> None:
    secret = await known(world)
    code = await paper(world)
    before = await world.rows(factor_devices)
    await guess(world, secret, hours=3)

    assert before == await world.rows(factor_devices)
    if way == "known device":
        assert await world.verified(world.code(secret), PHONE)
    else:
        assert await world.verified(code)


async def test_the_owner_s_own_slips_count_nothing_towards_shutting_out(world: World) -> None:
    secret = await known(world)
    for _ in range(DEVICE_FAILURES - 1):
        assert not await world.verified(world.wrong(secret), PHONE)
        world.clock.at += DEVICE_PERIOD_S

    assert (await world.factor())["failures_total"] == 0
    assert await world.verified(world.code(secret), PHONE)
    assert [row["failures"] for row in await world.rows(factor_devices)] == [0]


async def test_a_device_with_ten_failures_in_a_row_is_a_stranger(world: World) -> None:
    secret = await known(world)
    await shut(world, secret)
    for number in range(DEVICE_FAILURES):
        if number % DEVICE_TRIES == 0:
            world.clock.at += DEVICE_PERIOD_S
        assert not await world.verified(world.wrong(secret), PHONE)
    world.clock.at += DEVICE_PERIOD_S

    assert not await world.verified(world.code(secret), PHONE)


def test_all_that_anybody_may_guess_in_a_row_is_the_hundred_of_nist() -> None:
    assert STRANGER_FAILURES + DEVICES_KEPT * DEVICE_FAILURES == 100


@pytest.mark.parametrize(
    ("failures", "hours"),
    [(0, 0.5), (5, 0.5), (20, 0.5), (25, 1), (30, 2), (35, 4), (45, 16), (50, 24), (60, 24)],
)
def test_locks_grow_longer_as_strangers_go_on(failures: int, hours: float) -> None:
    assert lock_s(failures) == hours * 3600


async def test_the_letter_of_a_lock_says_how_long_it_lasts(world: World) -> None:
    secret = await world.enrolled()
    async with world.database.begin() as connection:
        await connection.execute(update(factors).values(failures_total=29, failures_in_row=4))
    await world.verified(world.wrong(secret), STRANGER)

    assert (await world.factor())["locked_until"] == world.clock.at + 7200
    assert (await world.letters())[-1] == ("factor_locked", None, world.clock.at + 7200)


async def test_shutting_strangers_out_is_told_once_and_asks_for_codes_as_before(world: World) -> None:
    secret = await known(world)
    await shut(world, secret)
    for _ in range(3):
        await world.verified(world.code(secret), STRANGER)

    assert [name for name, _, _ in await world.letters()].count("factor_shut") == 1
    assert [change for change in await world.changes() if change.startswith("totp_")][-1] == "totp_locked"


async def test_the_status_says_that_known_devices_alone_may_go_on(
    world: World, http: httpx.AsyncClient
) -> None:
    secret = await known(world)
    before = (await http.get("/v1/accounts/li/totp")).json()
    await shut(world, secret)
    after = (await http.get("/v1/accounts/li/totp")).json()

    assert "known_devices_only" not in before
    assert (after["state"], after["known_devices_only"]) == ("active", True)


async def test_a_factor_that_nothing_can_pass_is_disabled_and_no_more_code_is_asked_for(world: World) -> None:
    secret = await world.enrolled()
    await without_paper(world)
    await shut(world, secret)
    for _ in range(3):
        assert not await world.verified(world.code(secret), STRANGER)

    assert (await world.lifecycle.status("li")).state == "disabled"
    told = [event.change for event in await world.sent() if isinstance(event, AccountChange)]
    assert told.count("totp_disabled") == 1
    letters = [name for name, _, _ in await world.letters()]
    assert (letters.count("factor_disabled"), letters.count("factor_shut")) == (1, 0)


async def test_a_factor_is_disabled_when_its_last_way_in_is_forgotten(world: World) -> None:
    secret = await known(world)
    await without_paper(world)
    await shut(world, secret)
    assert (await world.factor())["state"] == "active"
    world.clock.at += KNOWN_S

    assert not await world.verified(world.code(secret), STRANGER)
    assert (await world.factor())["state"] == "disabled"


async def test_a_disabled_factor_can_be_reset_by_administrators(world: World) -> None:
    secret = await world.enrolled()
    await without_paper(world)
    await shut(world, secret)

    made = await world.lifecycle.resets.request("li", an_administrator("key-1"), "seen in person")

    assert made.state == "requested"
    assert "reset_requested" in [name for name, _, _ in await world.letters()]
