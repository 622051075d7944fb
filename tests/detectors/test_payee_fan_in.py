from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.findings import Finding
from contracts.payees import ACCOUNTS_2D, AGE_H
from detectors import payee_fan_in
from tests.detectors.build import ask, payer, transaction


def fan_in(accounts: int, age_h: int = 12, movement: str = "transfer", payee: str = "mule") -> Finding | None:
    tallies = {ACCOUNTS_2D: accounts, AGE_H: age_h}
    return ask(payee_fan_in, transaction(500.0, payee=payee, movement=movement), payer(), tallies)


def test_fires_on_many_accounts_at_a_payee_of_yesterday() -> None:
    finding = fan_in(15, age_h=36)

    assert finding is not None
    assert (finding.value, finding.threshold, finding.facts) == (15, 10, {"days": 1.5})


def test_fires_with_less_weight_at_older_payees_and_on_payments() -> None:
    young, older, shop = fan_in(20, 0), fan_in(20, 168), fan_in(20, 0, "payment")

    assert young is not None
    assert older is not None
    assert shop is not None
    assert older.weight == pytest.approx(young.weight / 2)
    assert shop.weight == pytest.approx(young.weight / 2)


def test_quiet_at_nine_accounts() -> None:
    assert fan_in(9) is None


def test_quiet_at_an_old_payee() -> None:
    assert fan_in(64, age_h=24 * 30) is None


def test_quiet_at_a_payee_that_the_account_knows() -> None:
    assert fan_in(40, payee="landlord") is None


def test_quiet_on_money_that_comes_in_and_on_failed_payments() -> None:
    tallies = {ACCOUNTS_2D: 40, AGE_H: 1}

    assert fan_in(40, movement="top_up") is None
    assert ask(payee_fan_in, transaction(payee="mule", status="failed"), payer(), tallies) is None


@given(st.integers(0, 64), st.integers(0, 64))
def test_more_accounts_weigh_more(some: int, more: int) -> None:
    fewer, many = (fan_in(count) for count in sorted((some, more)))

    assert (many.weight if many else 0.0) >= (fewer.weight if fewer else 0.0)
