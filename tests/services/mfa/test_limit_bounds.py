"""The limits at the very bounds of their times and numbers, asked one by one."""

from __future__ import annotations

import pytest

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
    assert whole.partition == bare.partition
    assert len({limits.visitor(f"account-{number}", Context()).partition for number in range(200)}) == 16
    assert 0 <= limits.visitor(None, Context()).partition < 16


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
