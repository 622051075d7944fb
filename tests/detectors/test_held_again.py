from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from contracts.profile import DAY_S, Facts, Quarantined
from detectors import held_again
from tests.detectors.build import NOW, ask, found, key, payer, transaction, weigh


def held(
    at: float = NOW - DAY_S, currency: str = "CNY", of: str = "transaction", kind: str = "payment"
) -> Quarantined:
    """Facts that wait for their challenge."""
    return Quarantined(
        key("held"), Facts(of, at, payee=key("mule"), kind=kind, currency=currency, value=900.0)
    )


def test_fires_on_a_second_large_payment_while_the_first_is_unanswered() -> None:
    finding = found(held_again, transaction(1000.0), payer(quarantined=[held()]))

    assert not finding.quarantine
    assert finding.value == 1


def test_fires_after_six_days_without_an_answer() -> None:
    assert ask(held_again, transaction(1000.0), payer(quarantined=[held(NOW - 6 * DAY_S)])) is not None


def test_quiet_when_nothing_is_held() -> None:
    assert ask(held_again, transaction(1000.0), payer()) is None


def test_quiet_where_money_was_put_in_or_waits_for_its_owners_word() -> None:
    put_in = replace(held(), facts=replace(held().facts, kind="top_up", payee=None))
    asked = replace(held(), asks_owner=True)

    assert ask(held_again, transaction(1000.0), payer(quarantined=[put_in, asked])) is None


def test_quiet_on_a_usual_amount() -> None:
    assert ask(held_again, transaction(50.0), payer(quarantined=[held()])) is None


@pytest.mark.parametrize(
    "facts",
    [
        held(NOW - 8 * DAY_S),
        held(NOW + 60),
        held(of="login"),
    ],
)
def test_quiet_when_what_is_held_is_old_later_or_another_thing(facts: Quarantined) -> None:
    assert ask(held_again, transaction(1000.0), payer(quarantined=[facts])) is None


@pytest.mark.parametrize("facts", [held(currency="USD"), held(kind="refund"), held(kind="top_up")])
def test_what_is_held_counts_in_whatever_currency_and_under_whatever_name(facts: Quarantined) -> None:
    assert ask(held_again, transaction(1000.0), payer(quarantined=[facts])) is not None


@pytest.mark.parametrize(
    ("movement", "status"), [("refund", "completed"), ("top_up", "completed"), ("payment", "failed")]
)
def test_quiet_on_money_that_does_not_leave(movement: str, status: str) -> None:
    event = transaction(1000.0, movement=movement, status=status)

    assert ask(held_again, event, payer(quarantined=[held()])) is None


@given(st.integers(1, 7))
def test_the_more_is_held_the_more_one_weighs(count: int) -> None:
    event = transaction(1000.0)

    heavier = weigh(held_again, event, payer(quarantined=[held()] * (count + 1)))

    assert heavier >= weigh(held_again, event, payer(quarantined=[held()] * count))
