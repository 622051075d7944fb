"""What bookings, passes and refused codes leave in the tables of the limits."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Table, delete, insert, select

from services.mfa.code_rules import FactorAttempt, Judgement
from services.mfa.limit_records import (
    UNPAID,
    ClientContext,
    Device,
    Network,
    RateLimitReservation,
    Rates,
    Seen,
)
from services.mfa.limit_tables import code_minutes, code_networks, factor_devices
from services.mfa.limits import (
    DAY_S,
    DEVICE_PERIOD_S,
    KNOWN_S,
    Limits,
)
from services.mfa.records import Check, Context, Factor, Result
from services.mfa.verification_state import VerificationState
from services.mfa.verification_writes import write, writes_of
from services.platform.database import Database
from tests.services.mfa.world import KEY

AT = 1_800_000_000.0
MINUTE = int(AT) // 60
FEW = Rates(network_codes=3, network_refill_s=30.0, fleet_codes=4)
HERE = ClientContext("network-1", "device-1", 5)
NOWHERE = ClientContext(None, None, 5)
FACTOR = Factor("factor", "li", b"", 0, -1, 0, 0, 0.0, 0.0)
EMPTY = Seen()


@pytest.fixture
def limits() -> Limits:
    return Limits(KEY, FEW)


async def rows(database: Database, table: Table) -> list[dict[str, Any]]:
    async with database.read() as connection:
        return [dict(row) for row in (await connection.execute(select(table))).mappings()]


async def owed(database: Database) -> dict[str, float]:
    return {row["network"]: row["spent_until"] - AT for row in await rows(database, code_networks)}


async def counted(database: Database) -> dict[tuple[int, int], int]:
    return {(row["minute"], row["lane"]): row["refused"] for row in await rows(database, code_minutes)}


async def stand(database: Database, network: Network | None, *refused: tuple[int, int]) -> None:
    """Nothing is in the tables but this network and refused codes: so many, so many minutes ago."""
    async with database.begin() as connection:
        await connection.execute(delete(code_networks))
        await connection.execute(delete(code_minutes))
        if network is not None:
            await connection.execute(insert(code_networks).values(network=HERE.network, **network._asdict()))
        for lane, (codes, minutes_ago) in enumerate(refused):
            row = {"minute": MINUTE - minutes_ago, "lane": lane, "refused": codes}
            await connection.execute(insert(code_minutes).values(row))


async def book(
    database: Database, limits: Limits, at: float = AT, visitor: ClientContext = HERE
) -> RateLimitReservation:
    async with database.statements.borrow() as asked:
        return await limits.book(asked, visitor, at)


async def came_of(
    database: Database,
    limits: Limits,
    check: Check,
    *,
    at: float = AT,
    visitor: ClientContext = HERE,
    booking: RateLimitReservation = UNPAID,
    seen: Seen = EMPTY,
) -> None:
    """Write what this result of a code does to network, device and fleet."""
    attempt = FactorAttempt("active", "000000", Context(), visitor, at, booking)
    was = VerificationState(None, FACTOR, seen)
    judged = Judgement(check, was, FACTOR, None, compared=True, burnt=check.result == "passed")
    async with database.begin() as connection:
        assert await write(connection, writes_of(attempt, judged, limits))


async def test_each_booking_costs_a_refill_until_the_network_s_codes_are_spent(
    database: Database, limits: Limits
) -> None:
    booked = [await book(database, limits) for _ in range(4)]

    assert booked == [RateLimitReservation(True)] * 3 + [RateLimitReservation(False, "network", 30.0)]
    assert await owed(database) == {"network-1": 90.0}
    assert await book(database, limits, visitor=NOWHERE) is UNPAID
    assert await book(database, limits, AT + 29) == RateLimitReservation(False, "network", 1.0)
    assert await book(database, limits, AT + 30) == RateLimitReservation(True)
    assert await owed(database) == {"network-1": 120.0}


@pytest.mark.parametrize("result", ["passed", "repeated", "skewed"])
async def test_what_was_paid_in_advance_is_given_back_for_a_code_that_is_not_refused(
    database: Database, limits: Limits, result: Result
) -> None:
    await book(database, limits)
    await book(database, limits)

    await came_of(database, limits, Check(result), booking=RateLimitReservation(True))

    assert await owed(database) == {"network-1": 30.0}
    await came_of(database, limits, Check(result))
    assert await owed(database) == {"network-1": 30.0}
    assert await counted(database) == {}


async def test_what_was_paid_in_advance_is_not_paid_again_and_counts_for_everybody(
    database: Database, limits: Limits
) -> None:
    await came_of(database, limits, Check("wrong"), booking=RateLimitReservation(True))
    await came_of(database, limits, Check("locked"), visitor=NOWHERE, at=AT + 59)
    await came_of(database, limits, Check("unknown"))

    assert await owed(database) == {"network-1": 30.0}
    assert await counted(database) == {(MINUTE, 5): 3}


async def test_a_network_at_its_limit_adds_nothing_to_the_fleet_s(database: Database, limits: Limits) -> None:
    for _ in range(5):
        await came_of(database, limits, Check("wrong"))

    assert await owed(database) == {"network-1": 90.0}
    assert await counted(database) == {(MINUTE, 5): 3}


@pytest.mark.parametrize("passed_at", [None, AT])
@pytest.mark.parametrize(
    ("spent_until", "then"), [(0.0, AT + 30), (AT - 1, AT + 30), (AT + 60, AT + 90), (AT + 61, None)]
)
async def test_a_network_owes_no_more_than_its_codes_whether_one_passed_or_not(
    database: Database, limits: Limits, passed_at: float | None, spent_until: float, then: float | None
) -> None:
    await stand(database, Network(spent_until, passed_at))

    booking = await book(database, limits)

    assert booking.charged == (then is not None)
    assert await owed(database) == {"network-1": (spent_until if then is None else then) - AT}


@pytest.mark.parametrize(
    ("refused", "sprayed"),
    [
        (((4, 4),), True),
        (((3, 0),), False),
        (((4, 5),), False),
        (((1, 0), (1, 0), (1, 1)), False),
        (((1, 0), (1, 0), (1, 1), (1, 4)), True),
    ],
)
@pytest.mark.parametrize(
    ("network", "known"),
    [
        (None, False),
        (Network(0.0, None), False),
        (Network(0.0, AT - KNOWN_S), False),
        (Network(0.0, AT - KNOWN_S + 1), True),
        (Network(AT, AT), True),
    ],
)
async def test_networks_without_a_pass_are_slowed_when_too_many_codes_were_refused_within_five_minutes(
    database: Database,
    limits: Limits,
    refused: tuple[tuple[int, int], ...],
    sprayed: bool,
    network: Network | None,
    known: bool,
) -> None:
    await stand(database, network, *refused)

    slowed = RateLimitReservation(False, "fleet", 60.0)
    assert await book(database, limits) == (slowed if sprayed and not known else RateLimitReservation(True))


async def test_passes_are_remembered_by_network_and_device_once_a_day(
    database: Database, limits: Limits
) -> None:
    async def passed(at: float, visitor: ClientContext = HERE) -> Seen:
        seen = await seen_of(database)
        await came_of(database, limits, Check("passed"), at=at, visitor=visitor, seen=seen)
        return await seen_of(database)

    assert await passed(AT, NOWHERE) == Seen()
    first = await passed(AT)
    assert first == Seen(Network(0.0, AT), Device(AT, 0, 0.0, 0))
    assert await passed(AT + DAY_S - 1) == first
    assert await passed(AT + DAY_S) == Seen(Network(0.0, AT + DAY_S), Device(AT + DAY_S, 0, 0.0, 0))


async def test_tries_of_a_known_device_are_counted_by_the_period_and_failures_until_a_pass(
    database: Database, limits: Limits
) -> None:
    async def spent(at: float, let_in: bool, result: Result) -> tuple[int, float, int]:
        seen = await seen_of(database)
        await came_of(database, limits, Check(result, known_device=let_in), at=at, seen=seen)
        device = (await seen_of(database)).device
        assert device is not None
        return device.tries, device.tries_since - AT, device.failures

    await came_of(database, limits, Check("passed"))
    assert await spent(AT, True, "wrong") == (1, 0.0, 1)
    assert await spent(AT + 5, True, "skewed") == (2, 0.0, 1)
    assert await spent(AT + 6, False, "replayed") == (2, 0.0, 2)
    assert await spent(AT + DEVICE_PERIOD_S - 1, True, "skewed") == (3, 0.0, 2)
    assert await spent(AT + DEVICE_PERIOD_S, True, "skewed") == (1, DEVICE_PERIOD_S, 2)
    assert (await spent(AT + DEVICE_PERIOD_S, False, "passed"))[2] == 0


async def seen_of(database: Database) -> Seen:
    """What is kept of the network and the device that are here."""
    networks, devices = await rows(database, code_networks), await rows(database, factor_devices)
    network = next((Network(row["spent_until"], row["passed_at"]) for row in networks), None)
    device = next((Device(*(row[name] for name in Device._fields)) for row in devices), None)
    return Seen(network, device)


async def test_only_what_no_limit_reads_is_forgotten(database: Database, limits: Limits) -> None:
    since, minute = AT - KNOWN_S, MINUTE
    networks = {
        "owes": (AT, None),
        "owed": (AT - 1, None),
        "passed": (0.0, since),
        "passed long ago": (0.0, since - 1),
        "owes though": (AT + 5, since - 1),
    }
    async with database.begin() as connection:
        for name, (spent_until, passed_at) in networks.items():
            row = {"network": name, "spent_until": spent_until, "passed_at": passed_at}
            await connection.execute(insert(code_networks).values(row))
        for ago in (59, 60, 61):
            await connection.execute(insert(code_minutes).values(minute=minute - ago, lane=0, refused=1))
        for name, passed_at in (("kept", since), ("gone", since - 1)):
            row = {"factor_id": "f", "device": name, "passed_at": passed_at, "tries": 0, "tries_since": 0.0}
            await connection.execute(insert(factor_devices).values(row))
        await limits.forget(connection, AT)
        devices = [row.device for row in await connection.execute(factor_devices.select())]

    assert set(await owed(database)) == {"owes", "passed", "owes though"}
    assert sorted(minute - when for when, _ in await counted(database)) == [59, 60]
    assert devices == ["kept"]
