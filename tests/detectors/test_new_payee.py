from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors import new_payee
from tests.detectors.build import ask, found, payer, transaction, weigh


def test_fires_on_a_stranger_paid_by_somebody_who_pays_the_same_people() -> None:
    finding = found(new_payee, transaction(payee="mule"), payer())

    assert not finding.quarantine
    assert finding.weight > 1.5


def test_fires_from_the_third_transaction_on() -> None:
    assert ask(new_payee, transaction(payee="mule"), payer(3)) is not None


def test_quiet_while_fewer_than_three_transactions_are_known() -> None:
    assert ask(new_payee, transaction(payee="mule"), payer(2)) is None


def test_quiet_on_a_known_payee() -> None:
    assert ask(new_payee, transaction(payee="landlord"), payer()) is None


def test_quiet_when_no_payee_is_named() -> None:
    assert ask(new_payee, transaction(payee=None), payer()) is None


def test_quiet_when_earlier_payments_named_no_payee() -> None:
    assert ask(new_payee, transaction(payee="first"), payer(payees=(), new_payee_rate=0.0)) is None


def test_quiet_on_somebody_who_always_pays_somebody_new() -> None:
    assert ask(new_payee, transaction(payee="next"), payer(new_payee_rate=0.9)) is None


def test_quiet_from_two_new_payees_in_five_on() -> None:
    event = transaction(payee="next")

    assert ask(new_payee, event, payer(new_payee_rate=0.35)) is not None
    assert ask(new_payee, event, payer(new_payee_rate=0.45)) is None


@pytest.mark.parametrize(("movement", "status"), [("refund", "completed"), ("payment", "failed")])
def test_quiet_on_refunds_and_failed_payments(movement: str, status: str) -> None:
    assert ask(new_payee, transaction(payee="mule", movement=movement, status=status), payer()) is None


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_rarer_new_payees_are_the_more_one_weighs(some: float, more: float) -> None:
    rare, often = sorted((some, more))
    event = transaction(payee="mule")

    heavier = weigh(new_payee, event, payer(new_payee_rate=rare))

    assert heavier >= weigh(new_payee, event, payer(new_payee_rate=often))
