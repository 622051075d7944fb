"""Limits beside a factor's own lock: one network, everybody together, and what a slow-down tells nobody."""

from __future__ import annotations

import pytest

from services.audit.tables import audit
from services.mfa.limit_records import Rates, SlowDown
from services.mfa.limit_tables import code_minutes, code_networks
from services.mfa.limits import FLEET_MINUTES, KNOWN_S
from services.mfa.records import Context
from services.mfa.tables import challenges, factors
from services.platform.database import Database
from services.platform.metrics import CODES_SLOWED
from tests.services.mfa.world import Clock, World, build

FEW = Rates(network_codes=6, network_refill_s=30.0, fleet_codes=20)


@pytest.fixture
def world(database: Database) -> World:
    """A world with limits that a test can reach."""
    return build(database, Clock(), rates=FEW)


def at(number: int, host: int = 1) -> Context:
    """An address in one of many networks."""
    return Context(ip=f"198.51.{number}.{host}")


async def spray(world: World, count: int, context: Context, first: int = 0) -> int:
    """One wrong code at each of many accounts without a factor; how many were answered."""
    for number in range(first, first + count):
        await world.issue(f"s{number}", f"account-{number}")
        try:
            await world.service.verify(f"s{number}", "000000", context)
        except SlowDown:
            return number - first
    return count


async def test_a_network_is_slowed_down_after_its_refused_codes_whatever_the_account(world: World) -> None:
    slowed = CODES_SLOWED.labels("network")._value.get()

    assert await spray(world, 20, at(1)) == FEW.network_codes

    with pytest.raises(SlowDown) as refused:
        await world.service.verify("s0", "000000", at(1, host=250))
    assert refused.value.retry_after_s == 30
    assert slowed + 2 == CODES_SLOWED.labels("network")._value.get()


async def test_a_slowed_network_may_try_once_more_after_the_time_it_was_told(world: World) -> None:
    await spray(world, 20, at(1))
    world.clock.at += 30

    assert await spray(world, 5, at(1), first=100) == 1


async def test_a_slow_down_costs_the_account_nothing_and_compares_nothing(world: World) -> None:
    secret = await world.enrolled()
    await world.issue("c1")
    await spray(world, 20, at(1))
    before = [await world.rows(table) for table in (factors, challenges, audit)]

    for code in (world.code(secret), world.wrong(secret)):
        with pytest.raises(SlowDown):
            await world.service.verify("c1", code, at(1))

    assert before == [await world.rows(table) for table in (factors, challenges, audit)]


async def test_a_slow_down_is_the_same_for_any_account_and_any_code(world: World) -> None:
    secret = await world.enrolled()
    await world.issue("right")
    await world.issue("nobody", "nobody")
    await spray(world, 20, at(1))

    answers = set()
    for challenge_id, code in [("right", world.code(secret)), ("nobody", "000000"), ("unknown", "000000")]:
        with pytest.raises(SlowDown) as refused:
            await world.service.verify(challenge_id, code, at(1))
        answers.add((str(refused.value), refused.value.retry_after_s))

    assert len(answers) == 1


async def test_other_networks_are_not_slowed_down_with_it(world: World) -> None:
    secret = await world.enrolled()
    await world.issue("c1")
    await spray(world, 20, at(1))

    assert (await world.service.verify("c1", world.code(secret), at(2))).passed


async def test_ipv6_addresses_of_one_48_are_one_network(world: World) -> None:
    home = [Context(ip=f"2001:db8:1:{number:x}::1") for number in range(20)]
    for number in range(FEW.network_codes):
        await world.service.verify(f"u{number}", "000000", home[number])

    with pytest.raises(SlowDown):
        await world.service.verify("u9", "000000", home[9])
    await world.service.verify("u9", "000000", Context(ip="2001:db8:2::1"))


async def test_passes_and_codes_of_another_time_cost_a_network_nothing(world: World) -> None:
    secret = await world.enrolled()
    for number in range(FEW.network_codes + 2):
        world.clock.at += 30
        await world.issue(f"c{number}")
        await world.issue(f"k{number}")
        assert (await world.service.verify(f"c{number}", world.code(secret), at(1))).passed
        assert not (await world.service.verify(f"k{number}", world.code(secret, 5), at(1))).passed

    assert all(row["spent_until"] <= world.clock.at for row in await world.rows(code_networks))
    assert await world.rows(code_minutes) == []


async def test_malformed_codes_cost_their_network_and_no_account(world: World) -> None:
    for _ in range(FEW.network_codes):
        await world.service.refuse_malformed(at(1))

    with pytest.raises(SlowDown):
        await world.service.refuse_malformed(at(1))
    assert await world.rows(audit) == []
    assert await world.rows(code_minutes) == []


async def test_codes_without_an_address_are_left_to_the_account_s_own_limits(world: World) -> None:
    assert await spray(world, 2 * FEW.network_codes, Context()) == 2 * FEW.network_codes
    assert await world.rows(code_networks) == []


async def test_tables_hold_no_address(world: World) -> None:
    await spray(world, 3, at(7))

    (row,) = await world.rows(code_networks)
    assert len(row["network"]) == 16
    assert "198.51" not in str(row)
    assert {row["network"]} == {row["network"] for row in await world.rows(audit)}


async def passed_from(world: World, secret: str, context: Context) -> None:
    await world.issue(f"p{context.ip}")
    world.clock.at += 30
    assert (await world.service.verify(f"p{context.ip}", world.code(secret), context)).passed


async def test_many_wrong_codes_everywhere_slow_down_networks_that_never_passed(world: World) -> None:
    secret = await world.enrolled()
    await passed_from(world, secret, at(1))
    slowed = CODES_SLOWED.labels("fleet")._value.get()
    for number in range(FEW.fleet_codes):
        await spray(world, 1, at(100 + number), first=number)
    await world.issue("c1")

    with pytest.raises(SlowDown) as refused:
        await world.service.verify("c1", "000000", at(99))
    assert refused.value.retry_after_s == 60
    assert slowed + 1 == CODES_SLOWED.labels("fleet")._value.get()
    world.clock.at += 30
    assert await world.verified(world.code(secret), at(1, host=77))


async def test_the_fleet_s_limit_ends_with_the_wrong_codes(world: World) -> None:
    for number in range(FEW.fleet_codes):
        await spray(world, 1, at(100 + number), first=number)
    assert await spray(world, 1, at(99), first=500) == 0
    world.clock.at += 60 * FLEET_MINUTES

    assert await spray(world, 1, at(99), first=600) == 1


async def test_a_network_s_pass_is_forgotten_after_90_days(world: World) -> None:
    secret = await world.enrolled()
    await passed_from(world, secret, at(1))
    world.clock.at += KNOWN_S
    for number in range(FEW.fleet_codes):
        await spray(world, 1, at(100 + number), first=number)

    assert await spray(world, 1, at(1), first=500) == 0


async def test_what_no_limit_reads_any_more_is_dropped(world: World) -> None:
    secret = await world.enrolled()
    await passed_from(world, secret, at(1))
    await spray(world, 2, at(2))
    world.clock.at += 2 * 3600
    await spray(world, 1, at(3), first=9)

    async with world.database.begin() as connection:
        await world.limits.forget(connection, world.clock.at)

    assert len(await world.rows(code_networks)) == 2
    assert sum(row["refused"] for row in await world.rows(code_minutes)) == 1


async def test_a_fresh_enrolment_is_confirmed_whatever_its_network_owes(world: World) -> None:
    few = build(world.database, world.clock, rates=Rates(network_codes=3, fleet_codes=3))
    shared = Context(ip="192.0.2.1", device_id="new-phone")
    await slowed(few, shared)
    made = await few.lifecycle.enrol("li", few.clock.at, shared)

    wrong = await few.lifecycle.confirm("li", few.wrong(made.secret), shared)
    right = await few.lifecycle.confirm("li", few.code(made.secret), shared)

    assert (wrong.confirmed, right.confirmed) == (False, True)


async def test_guessing_at_an_enrolment_is_bounded_by_its_own_lock(world: World) -> None:
    few = build(world.database, world.clock, rates=Rates(network_codes=3, fleet_codes=3))
    shared = Context(ip="192.0.2.1", device_id="new-phone")
    made = await few.lifecycle.enrol("li", few.clock.at, shared)
    for _ in range(5):
        await few.lifecycle.confirm("li", few.wrong(made.secret), shared)

    assert not (await few.lifecycle.confirm("li", few.code(made.secret), shared)).confirmed


async def test_codes_that_are_let_in_beside_a_limit_do_not_make_it_last(world: World) -> None:
    """Else whoever shares the address keeps everybody else on it out for days, by confirming nothing."""
    few = build(world.database, world.clock, rates=Rates(network_codes=3, network_refill_s=30.0))
    shared = Context(ip="192.0.2.1")
    for number in range(40):
        await few.lifecycle.confirm(f"nobody-{number}", "000000", shared)
    few.clock.at += 91

    secret = await few.enrolled()
    assert await few.verified(few.code(secret), shared)


async def test_one_network_cannot_bring_the_fleet_s_limit_about_beyond_its_own(world: World) -> None:
    few = build(world.database, world.clock, rates=Rates(network_codes=3, fleet_codes=10))
    for number in range(40):
        await few.lifecycle.confirm(f"nobody-{number}", "000000", Context(ip="192.0.2.1"))
    secret = await few.enrolled()
    await few.issue("c")

    assert (await few.service.verify("c", few.code(secret), Context(ip="203.0.113.7"))).passed


async def test_the_fleet_s_limit_stops_no_known_device(world: World) -> None:
    few = build(world.database, world.clock, rates=Rates(fleet_codes=5))
    phone = Context(ip="192.0.2.1", device_id="phone")
    secret = await few.enrolled()
    assert await few.verified(few.code(secret), phone)
    few.clock.at += 60
    for number in range(8):
        await few.issue(f"g{number}", f"nobody-{number}")
        await few.service.verify(f"g{number}", "000000")
    new_place = Context(ip="203.0.113.7", device_id="phone")
    await few.issue("c")
    with pytest.raises(SlowDown):
        await few.service.verify("c", few.code(secret), Context(ip="203.0.113.8", device_id="stranger"))

    assert (await few.service.verify("c", few.code(secret), new_place)).passed


async def slowed(world: World, context: Context) -> None:
    """Refuse codes from the context's network until it is slowed down."""
    for number in range(50):
        await world.issue(f"slow-{number}", f"nobody-{number}")
        try:
            await world.service.verify(f"slow-{number}", "000000", context)
        except SlowDown:
            return
    raise AssertionError("no limit was met")
