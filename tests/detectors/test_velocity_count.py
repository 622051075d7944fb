from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.profile import DAY_S, HOUR_S, Profile, Velocity
from detectors import velocity_count
from tests.detectors.build import NOW, ask, found, payer, transaction, weigh


def paced(a_day: float, burst: float = 0.0, at: float = NOW - 1, age_s: float = 90 * DAY_S) -> Profile:
    """An account that pays `a_day` times a day, and has just paid `burst` times more."""
    steady = [a_day / 24 + burst, a_day + burst, 7 * a_day + burst, 30 * a_day + burst]
    return payer(velocity={"CNY": Velocity(at, *steady)}, first_at=NOW - age_s)


def test_fires_on_thirty_payments_in_minutes() -> None:
    finding = found(velocity_count, transaction(2.0), paced(1.0, burst=29))

    assert not finding.quarantine
    assert finding.value == 30
    assert finding.facts == {"hours": 1}


def test_fires_on_a_day_of_twenty_on_an_account_of_one_a_day() -> None:
    account = payer(velocity={"CNY": Velocity(NOW - 1, 2.0, 19.0, 26.0, 49.0)})

    assert found(velocity_count, transaction(2.0), account).facts == {"hours": 24}


def test_fires_on_a_young_account_once_it_passes_the_floor() -> None:
    young = payer(6, velocity={"CNY": Velocity(NOW - 1, 9.0, 9.0, 9.0, 9.0)}, first_at=NOW - HOUR_S)

    assert ask(velocity_count, transaction(2.0), young) is not None


def test_quiet_at_the_own_pace_however_fast() -> None:
    assert ask(velocity_count, transaction(2.0), paced(200.0)) is None


def test_quiet_on_an_account_without_payments() -> None:
    assert ask(velocity_count, transaction(2.0), payer(velocity={})) is None


def test_quiet_on_six_payments_of_a_shopping_trip() -> None:
    assert ask(velocity_count, transaction(2.0), paced(1.0, burst=5)) is None


def test_quiet_below_the_floor_on_a_young_account() -> None:
    young = payer(3, velocity={"CNY": Velocity(NOW - 1, 3.5, 3.5, 3.5, 3.5)}, first_at=NOW - HOUR_S)

    assert ask(velocity_count, transaction(2.0), young, least_nats=0.0) is None


def test_quiet_three_days_after_a_burst() -> None:
    assert ask(velocity_count, transaction(2.0), paced(1.0, burst=30, at=NOW - 3 * DAY_S)) is None


@pytest.mark.parametrize("currency", ["USD", "USDT", "XTS"])
def test_another_currency_does_not_begin_the_count_anew(currency: str) -> None:
    account = paced(1.0, burst=29)
    finding = ask(velocity_count, transaction(2.0, currency=currency), account)

    assert finding == ask(velocity_count, transaction(2.0), account)
    assert finding is not None


def test_quiet_when_the_burst_was_long_ago() -> None:
    assert ask(velocity_count, transaction(2.0), paced(1.0, burst=20, at=NOW - 9 * DAY_S)) is None


@pytest.mark.parametrize(("movement", "status"), [("refund", "completed"), ("payment", "failed")])
def test_quiet_on_refunds_and_failed_payments(movement: str, status: str) -> None:
    event = transaction(2.0, movement=movement, status=status)

    assert ask(velocity_count, event, paced(1.0, burst=29)) is None


def test_a_late_payment_never_sees_a_negative_interval() -> None:
    late = paced(1.0, burst=29, at=NOW + 600)

    assert weigh(velocity_count, transaction(2.0), late) == pytest.approx(
        weigh(velocity_count, transaction(2.0), paced(1.0, burst=29, at=NOW))
    )


@given(st.floats(0.01, 20), st.floats(0, 60), st.floats(0, 60))
def test_more_payments_weigh_more(a_day: float, some: float, more: float) -> None:
    few, many = (weigh(velocity_count, transaction(2.0), paced(a_day, n)) for n in sorted((some, more)))

    assert many >= few - 1e-6


@given(st.floats(0.01, 30), st.floats(0.01, 30), st.floats(0, 60))
def test_a_faster_habit_weighs_less(some: float, more: float, burst: float) -> None:
    slow, fast = sorted((some, more))
    extra = 6.0

    def weight(a_day: float) -> float:
        month = Velocity(NOW, burst, burst + extra, burst + extra, burst + extra + 30 * a_day)
        return weigh(velocity_count, transaction(2.0), payer(velocity={"CNY": month}))

    assert weight(fast) <= weight(slow) + 1e-6
