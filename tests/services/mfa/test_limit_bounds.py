"""The limits at the very bounds of their times and numbers, asked one by one."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from services.mfa.limit_records import (
    UNPAID,
    Admission,
    ClientContext,
    Device,
    Network,
    RateLimitReservation,
    Rates,
    Seen,
    SlowDown,
)
from services.mfa.limit_tables import code_minutes, code_networks, factor_devices
from services.mfa.limits import (
    DAY_S,
    DEVICE_FAILURES,
    DEVICE_PERIOD_S,
    DEVICE_TRIES,
    KNOWN_S,
    Limits,
    is_of_today,
    is_to_note,
    knows,
)
from services.mfa.records import Context
from services.platform.database import Database
from tests.services.mfa.world import KEY

AT = 1_800_000_000.0
FEW = Rates(network_codes=3, network_refill_s=30.0, fleet_codes=4)
HERE = ClientContext("network-1", "device-1", 5)
NOWHERE = ClientContext(None, None, 5)


@pytest.fixture
def limits() -> Limits:
    return Limits(KEY, FEW)


def device(passed_at: float = AT, tries: int = 0, since: float = AT, failures: int = 0) -> Device:
    return Device(passed_at, tries, since, failures)


@pytest.mark.parametrize(
    ("seen", "known"),
    [
        (Seen(), False),
        (Seen(device=device()), True),
        (Seen(device=device(failures=DEVICE_FAILURES - 1)), True),
        (Seen(device=device(failures=DEVICE_FAILURES)), False),
        (Seen(device=device(AT - KNOWN_S + 1)), True),
        (Seen(device=device(AT - KNOWN_S)), False),
    ],
)
def test_a_device_is_known_for_90_days_and_until_its_tenth_failure(seen: Seen, known: bool) -> None:
    assert knows(seen, AT) is known
    assert (DEVICE_FAILURES, KNOWN_S) == (10, 90 * 86_400.0)


@pytest.mark.parametrize(
    ("passed_at", "today"), [(None, False), (AT, True), (AT - DAY_S + 1, True), (AT - DAY_S, False)]
)
def test_a_pass_is_written_once_a_day(passed_at: float | None, today: bool) -> None:
    assert is_of_today(passed_at, AT) is today
    assert DAY_S == 86_400.0


def test_a_device_is_noted_when_it_is_new_failed_or_was_noted_a_day_ago() -> None:
    noted = [None, device(), device(failures=1), device(AT - DAY_S)]

    assert [is_to_note(each, AT) for each in noted] == [True, False, True, True]


@pytest.mark.parametrize(
    ("network", "clear"),
    [
        (None, False),
        (Network(AT, AT), True),
        (Network(AT + 1, AT), False),
        (Network(0.0, None), False),
        (Network(0.0, AT - KNOWN_S), False),
        (Network(0.0, AT - KNOWN_S + 1), True),
    ],
)
def test_a_network_needs_no_booking_when_codes_pass_there_and_none_is_owed(
    limits: Limits, network: Network | None, clear: bool
) -> None:
    assert limits.is_clear(HERE, Seen(network), AT) is clear
    assert limits.is_clear(NOWHERE, Seen(network), AT)


@pytest.mark.parametrize(
    ("tried", "let_in"),
    [
        (device(), True),
        (device(tries=DEVICE_TRIES - 1), True),
        (device(tries=DEVICE_TRIES), False),
        (device(tries=DEVICE_TRIES, since=AT - DEVICE_PERIOD_S), True),
        (device(tries=DEVICE_TRIES, since=AT - DEVICE_PERIOD_S + 1), False),
        (device(failures=DEVICE_FAILURES), False),
        (None, False),
    ],
)
def test_beside_a_limit_a_known_device_has_three_tries_in_half_an_hour(
    limits: Limits, tried: Device | None, let_in: bool
) -> None:
    reached = RateLimitReservation(limit="network", wait_s=12.3)

    if let_in:
        assert limits.admit(Seen(device=tried), reached, AT) == Admission(True, True, True)
    else:
        with pytest.raises(SlowDown) as refused:
            limits.admit(Seen(device=tried), reached, AT)
        assert refused.value.retry_after_s == 13
    assert (DEVICE_TRIES, DEVICE_PERIOD_S) == (3, 1800.0)


def test_below_the_limits_everybody_is_let_in_and_known_ones_are_said_to_be(limits: Limits) -> None:
    spent = device(tries=DEVICE_TRIES)

    assert limits.admit(Seen(), UNPAID, AT) == Admission(False, False, False)
    assert limits.admit(Seen(device=device()), UNPAID, AT) == Admission(True, True, False)
    assert limits.admit(Seen(device=spent), UNPAID, AT) == Admission(True, False, False)


def test_a_visitor_is_told_by_keyed_names_alone(limits: Limits) -> None:
    whole = limits.visitor("li", Context(ip="192.0.2.1", device_id="phone"))
    bare = limits.visitor("li", Context())

    assert whole.network is not None
    assert whole.device is not None
    assert (bare.network, bare.device) == (None, None)
    assert whole.lane == bare.lane
    assert len({limits.visitor(f"account-{number}", Context()).lane for number in range(200)}) == 16
    assert 0 <= limits.visitor(None, Context()).lane < 16


def test_a_passed_code_has_a_name_of_its_challenge_its_code_and_the_key(limits: Limits) -> None:
    names = {
        limits.name("c1", "123456"),
        limits.name("c2", "123456"),
        limits.name("c1", "123457"),
        Limits(bytes(32)).name("c1", "123456"),
    }

    assert len(names) == 4
    assert {len(name) for name in names} == {16}
    assert limits.name("c1", "123456") == Limits(KEY).name("c1", "123456")


async def owed(database: Database) -> dict[str, float]:
    async with database.read() as connection:
        rows = await connection.execute(code_networks.select())
        return {row.network: row.spent_until - AT for row in rows}


async def counted(database: Database) -> dict[tuple[int, int], int]:
    async with database.read() as connection:
        rows = await connection.execute(code_minutes.select())
        return {(row.minute, row.lane): row.refused for row in rows}


async def test_each_booking_costs_a_refill_until_the_network_s_codes_are_spent(
    database: Database, limits: Limits
) -> None:
    booked = []
    for _ in range(4):
        async with database.begin() as connection:
            booked.append(await limits.book(connection, HERE, AT))

    assert booked == [RateLimitReservation(True)] * 3 + [RateLimitReservation(False, "network", 30.0)]
    assert await owed(database) == {"network-1": 90.0}
    async with database.begin() as connection:
        assert await limits.book(connection, NOWHERE, AT) is UNPAID
        assert await limits.book(connection, HERE, AT + 29) == RateLimitReservation(False, "network", 1.0)
        assert await limits.book(connection, HERE, AT + 30) == RateLimitReservation(True)
        await limits.give_back(connection, HERE, RateLimitReservation(True))
        await limits.give_back(connection, HERE, UNPAID)
    assert await owed(database) == {"network-1": 90.0}


async def test_what_was_paid_in_advance_is_not_paid_again_and_counts_for_everybody(
    database: Database, limits: Limits
) -> None:
    async with database.begin() as connection:
        await limits.refused(connection, HERE, RateLimitReservation(True), AT)
        await limits.refused(connection, NOWHERE, UNPAID, AT + 59)
        await limits.refused(connection, HERE, UNPAID, AT)

    assert await owed(database) == {"network-1": 30.0}
    assert await counted(database) == {(int(AT) // 60, 5): 3}


async def test_a_network_at_its_limit_adds_nothing_to_the_fleet_s(database: Database, limits: Limits) -> None:
    async with database.begin() as connection:
        for _ in range(5):
            await limits.refused(connection, HERE, UNPAID, AT)

    assert await owed(database) == {"network-1": 90.0}
    assert await counted(database) == {(int(AT) // 60, 5): 3}


@pytest.mark.parametrize(("refused", "minutes_ago", "sprayed"), [(4, 4, True), (3, 0, False), (4, 5, False)])
async def test_new_networks_are_slowed_when_too_many_codes_were_refused_within_five_minutes(
    database: Database, limits: Limits, refused: int, minutes_ago: int, sprayed: bool
) -> None:
    minute = {"minute": int(AT) // 60 - minutes_ago, "lane": 1, "refused": refused}
    old = {"network": "network-1", "spent_until": 0.0, "passed_at": AT}
    async with database.begin() as connection:
        await connection.execute(insert(code_minutes).values(minute))
        await connection.execute(insert(code_networks).values(old))
        new = await limits.book(connection, ClientContext("network-2", None, 0), AT)

        assert new == (RateLimitReservation(False, "fleet", 60.0) if sprayed else RateLimitReservation(True))
        assert await limits.book(connection, HERE, AT) == RateLimitReservation(True)


async def test_passes_are_remembered_by_network_and_device_once_a_day(
    database: Database, limits: Limits
) -> None:
    async def passed(at: float, visitor: ClientContext = HERE) -> Seen:
        async with database.begin() as connection:
            seen = await limits.look(connection, visitor, "factor")
            await limits.passed(connection, visitor, seen, "factor", at)
            return await limits.look(connection, visitor, "factor")

    first = await passed(AT)
    assert first == Seen(Network(0.0, AT), Device(AT, 0, 0.0, 0))
    assert await passed(AT + DAY_S - 1) == first
    assert await passed(AT + DAY_S) == Seen(Network(0.0, AT + DAY_S), Device(AT + DAY_S, 0, 0.0, 0))
    assert await passed(AT, NOWHERE) == Seen()
    async with database.begin() as connection:
        assert (await limits.look(connection, HERE, None)).device is None
        assert (await limits.look(connection, HERE, "another")).device is None


async def test_tries_of_a_known_device_are_counted_by_the_period_and_failures_until_a_pass(
    database: Database, limits: Limits
) -> None:
    async def spent(at: float, let_in: bool, failed: bool) -> tuple[int, float, int]:
        async with database.begin() as connection:
            await limits.spend_try(connection, HERE, "factor", at, let_in, failed)
            seen = (await limits.look(connection, HERE, "factor")).device
        assert seen is not None
        return seen.tries, seen.tries_since - AT, seen.failures

    async with database.begin() as connection:
        await limits.passed(connection, HERE, Seen(), "factor", AT)
    assert await spent(AT, True, True) == (1, 0.0, 1)
    assert await spent(AT + 5, True, False) == (2, 0.0, 1)
    assert await spent(AT + 6, False, True) == (2, 0.0, 2)
    assert await spent(AT + DEVICE_PERIOD_S - 1, True, False) == (3, 0.0, 2)
    assert await spent(AT + DEVICE_PERIOD_S, True, False) == (1, DEVICE_PERIOD_S, 2)
    async with database.begin() as connection:
        seen = await limits.look(connection, HERE, "factor")
        await limits.passed(connection, HERE, seen, "factor", AT + DEVICE_PERIOD_S)
        again = await limits.look(connection, HERE, "factor")
    assert again.device is not None
    assert again.device.failures == 0


async def test_only_what_no_limit_reads_is_forgotten(database: Database, limits: Limits) -> None:
    since, minute = AT - KNOWN_S, int(AT) // 60
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
