from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.profile import DAY_S, Amounts, AmountStatistics, Facts, Profile, Quarantined, Velocity
from detectors import velocity_amount
from tests.detectors.build import NOW, ask, found, key, payer, transaction, weigh


def just_paid(times: float, each: float, at: float = NOW - 1, **fields: Any) -> Profile:
    """An account of one payment of 50 CNY a day that has just paid `times` times `each`."""
    total = times * each
    velocity = Velocity(
        at, 0.04 + times, 1 + times, 7 + times, 30 + times, 2 + total, 50 + total, 350 + total, 1500 + total
    )
    return payer(velocity={"CNY": velocity}, **fields)


def test_fires_on_the_fourth_transfer_of_a_thousand_within_the_hour() -> None:
    finding = found(velocity_amount, transaction(1000.0), just_paid(3, 1000.0))

    assert not finding.quarantine
    assert finding.facts is not None
    assert (finding.facts["count"], finding.facts["hours"]) == (4, 1)


def test_fires_as_split_when_usual_amounts_make_an_unusual_one() -> None:
    finding = found(velocity_amount, transaction(120.0), just_paid(12, 120.0))

    assert finding.reason == "amount_split"
    assert isinstance(finding.value, int)
    assert isinstance(finding.threshold, int)
    assert 120 < finding.threshold <= finding.value


def test_splitting_weighs_more_than_the_same_sum_in_unusual_amounts() -> None:
    event, account = transaction(120.0), just_paid(12, 120.0)

    assert weigh(velocity_amount, event, account) == pytest.approx(
        weigh(velocity_amount, event, account, split_nats=0.0) + 0.5
    )


def held(value: float, at: float = NOW - 60, currency: str = "CNY") -> Quarantined:
    """A payment that waits for its challenge."""
    facts = Facts("transaction", at, kind="payment", currency=currency, value=value)
    return Quarantined(key("held"), facts)


def test_payments_held_back_are_part_of_the_burst() -> None:
    account = payer(quarantined=[held(1000.0)] * 4)

    finding = found(velocity_amount, transaction(1000.0), account)

    assert isinstance(finding.value, int)
    assert finding.value > 4000


@pytest.mark.parametrize("other", [held(1000.0, NOW - 9 * DAY_S), held(1000.0, currency="USD")])
def test_quiet_on_payments_held_long_ago_or_in_another_currency(other: Quarantined) -> None:
    assert ask(velocity_amount, transaction(1000.0), payer(quarantined=[other] * 4)) is None


def test_quiet_at_the_own_pace() -> None:
    assert ask(velocity_amount, transaction(50.0), payer()) is None


def test_quiet_on_one_amount_that_dwarfs_the_others() -> None:
    assert ask(velocity_amount, transaction(9000.0), just_paid(3, 20.0)) is None


def test_quiet_on_a_coffee_after_a_car() -> None:
    after_car = payer(
        velocity={"CNY": Velocity(NOW - 60, 3.0, 4.0, 10.0, 33.0, 90_100, 90_150, 90_450, 91_600)}
    )

    assert ask(velocity_amount, transaction(30.0), after_car) is None


def test_quiet_on_small_money_however_often() -> None:
    assert ask(velocity_amount, transaction(1.0), just_paid(12, 1.0)) is None


def test_quiet_on_rent_and_school_fees_of_somebody_who_pays_them_every_month() -> None:
    account = just_paid(3, 5000.0)
    account.amount_rows += Amounts.table({("transfer", "CNY"): AmountStatistics(6, 8.5, 0.1)}).rows

    assert ask(velocity_amount, transaction(5000.0), account) is None


def test_quiet_three_days_after_a_burst() -> None:
    assert ask(velocity_amount, transaction(1000.0), just_paid(12, 1000.0, at=NOW - 3 * DAY_S)) is None


def test_quiet_while_fewer_than_three_transactions_are_known() -> None:
    assert ask(velocity_amount, transaction(1000.0), just_paid(3, 1000.0, transactions=2)) is None


def test_quiet_when_the_others_are_days_old() -> None:
    assert ask(velocity_amount, transaction(1000.0), just_paid(3, 1000.0, at=NOW - 12 * DAY_S)) is None


def test_quiet_on_an_account_without_payments() -> None:
    assert ask(velocity_amount, transaction(1000.0), payer(velocity={})) is None


@pytest.mark.parametrize(("movement", "status"), [("refund", "completed"), ("payment", "failed")])
def test_quiet_on_refunds_and_failed_payments(movement: str, status: str) -> None:
    event = transaction(1000.0, movement=movement, status=status)

    assert ask(velocity_amount, event, just_paid(3, 1000.0)) is None


def test_a_sum_in_yen_is_small_until_it_is_worth_something() -> None:
    velocity = {"JPY": Velocity(NOW - 1, 5.0, 5.0, 5.0, 5.0, 500.0, 500.0, 500.0, 500.0)}

    assert ask(velocity_amount, transaction(100.0, currency="JPY"), payer(velocity=velocity)) is None


@given(st.floats(2, 40), st.floats(2, 40), st.floats(100, 5000))
def test_more_payments_of_one_size_weigh_more(some: float, more: float, each: float) -> None:
    few, many = (
        weigh(velocity_amount, transaction(each), just_paid(n, each), split_nats=0.0)
        for n in sorted((some, more))
    )

    assert many >= few - 1e-6
