from __future__ import annotations

from detectors import limit_raise_then_money as limit
from tests.detectors.build import ask, change, changes_to, found, payer, transaction, weigh

raised = changes_to(limit, "limit_raise")


def test_fires_on_ten_times_the_usual_two_hours_later() -> None:
    finding = found(limit, transaction(600.0, payee="mule"), payer(), memory=raised())

    assert finding.quarantine
    assert finding.value == 600.0
    assert finding.facts == {"currency": "CNY", "hours": 2.0}


def test_fires_at_the_threshold_it_names() -> None:
    finding = found(limit, transaction(600.0, payee="mule"), payer(), memory=raised())

    assert isinstance(finding.threshold, float)
    at_it, below = transaction(finding.threshold + 0.01), transaction(finding.threshold - 0.01)
    assert ask(limit, at_it, payer(), memory=raised()) is not None
    assert ask(limit, below, payer(), memory=raised()) is None


def test_quiet_without_a_raise() -> None:
    assert ask(limit, transaction(600.0, payee="mule"), payer()) is None
    assert limit.learn(change("password_reset"), limit.Memory(), limit.PARAMS) == limit.Memory()


def test_quiet_on_a_usual_amount() -> None:
    assert ask(limit, transaction(60.0, payee="mule"), payer(), memory=raised()) is None


def test_quiet_while_the_usual_is_not_known() -> None:
    event = transaction(600.0, payee="mule", movement="transfer")

    assert ask(limit, event, payer(), memory=raised()) is None


def test_larger_amounts_and_new_payees_weigh_more() -> None:
    weights = [
        weigh(limit, transaction(amount, payee=payee), payer(), memory=raised())
        for amount, payee in ((300.0, "grocer"), (900.0, "grocer"), (300.0, "mule"), (900.0, "mule"))
    ]

    assert weights == sorted(set(weights))
