"""Everybody behind one proxy of our own: an address that is nobody's shuts out nobody, and its factors' locks still hold."""

from __future__ import annotations

import pytest

from services.mfa.limit_records import Rates
from services.mfa.limit_tables import code_minutes, code_networks
from services.mfa.records import Context
from tests.services.mfa.world import World, build

FEW = Rates(network_codes=3, fleet_codes=3)
NOBODY = [
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "127.0.0.1", "169.254.1.1", "100.64.0.1", "0.0.0.5", "::1", "fd00::1",
    "fe80::1", "::ffff:10.0.0.1", "64:ff9b::a00:1",
]  # fmt: skip
SOMEBODY = ["192.0.2.1", "2001:db8::1", "::ffff:198.51.100.1"]


async def guess(world: World, times: int, context: Context) -> None:
    """Wrong codes at other people's accounts."""
    for number in range(times):
        await world.issue(f"g{number}", f"nobody-{number}")
        await world.service.verify(f"g{number}", "000000", context)


@pytest.mark.parametrize("ip", NOBODY)
async def test_a_private_address_is_nobody_s_network(world: World, ip: str) -> None:
    few = build(world.database, world.clock, rates=FEW)
    secret = await few.enrolled()

    await guess(few, 10, Context(ip=ip))
    await few.issue("c")
    passed = await few.service.verify("c", few.code(secret), Context(ip=ip, device_id="new-phone"))

    assert passed.passed
    assert [] == await few.rows(code_networks)
    assert 10 == sum(row["refused"] for row in await few.rows(code_minutes))


@pytest.mark.parametrize("ip", [*NOBODY, *SOMEBODY])
async def test_a_known_device_and_a_fresh_enrolment_have_a_way_whatever_address_they_share(
    world: World, ip: str
) -> None:
    few = build(world.database, world.clock, rates=FEW)
    phone = Context(ip=ip, device_id="phone")
    secret = await few.enrolled()
    assert await few.verified(few.code(secret), phone)
    few.clock.at += 60

    for number in range(30):
        await few.lifecycle.confirm(f"nobody-{number}", "000000", Context(ip=ip))
    made = await few.lifecycle.enrol("wu", few.clock.at, Context(ip=ip))
    await few.issue("c")

    assert (await few.service.verify("c", few.code(secret), phone)).passed
    assert (await few.lifecycle.confirm("wu", few.code(made.secret), Context(ip=ip))).confirmed


@pytest.mark.parametrize("ip", ["10.0.0.1", "fd00::1"])
async def test_behind_a_private_address_five_wrong_codes_still_lock_a_factor(world: World, ip: str) -> None:
    few = build(world.database, world.clock, rates=FEW)
    shared = Context(ip=ip)
    secret = await few.enrolled()
    for _ in range(5):
        assert not await few.verified(few.wrong(secret), shared)
        few.clock.at += 1

    assert not await few.verified(few.code(secret), shared)


@pytest.mark.parametrize("ip", SOMEBODY)
async def test_a_public_address_is_its_network(world: World, ip: str) -> None:
    few = build(world.database, world.clock, rates=FEW)
    await few.issue("c")
    await few.service.verify("c", "000000", Context(ip=ip))

    assert 1 == len(await few.rows(code_networks))
