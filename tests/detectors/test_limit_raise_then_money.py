from __future__ import annotations

import pytest

from contracts.profile import DAY_S, HOUR_S, Facts, Pending
from detectors import limit_raise_then_money as limit
from tests.detectors.build import NOW, ask, change, key, payer, transaction, weigh


def raised(hours_ago: float = 2.0) -> limit.Memory:
    return limit.learn(change("limit_raise", NOW - hours_ago * HOUR_S), limit.Memory(), limit.PARAMS)


def test_fires_on_ten_times_the_usual_two_hours_later() -> None:
    finding = ask(limit, transaction(600.0, payee="mule"), payer(), memory=raised())

    assert finding is not None
    assert finding.hold
    assert finding.value == 600.0
    assert finding.facts == {"currency": "CNY", "hours": 2.0}


def test_fires_at_the_threshold_it_names() -> None:
    finding = ask(limit, transaction(600.0, payee="mule"), payer(), memory=raised())

    assert finding is not None
    assert isinstance(finding.threshold, float)
    at_it, below = transaction(finding.threshold + 0.01), transaction(finding.threshold - 0.01)
    assert ask(limit, at_it, payer(), memory=raised()) is not None
    assert ask(limit, below, payer(), memory=raised()) is None


def test_fires_on_a_raise_that_is_held_back() -> None:
    facts = Facts("account_change", NOW - HOUR_S, key("phone"), kind="limit_raise")
    account = payer(pending=[Pending(b"held....", facts)])

    assert ask(limit, transaction(600.0), account) is not None


def test_quiet_without_a_raise() -> None:
    assert ask(limit, transaction(600.0, payee="mule"), payer()) is None
    assert limit.learn(change("password_reset"), limit.Memory(), limit.PARAMS) == limit.Memory()


def test_quiet_on_a_usual_amount() -> None:
    assert ask(limit, transaction(60.0, payee="mule"), payer(), memory=raised()) is None


def test_quiet_a_day_later() -> None:
    assert ask(limit, transaction(600.0, payee="mule"), payer(), memory=raised(24.0)) is None


def test_quiet_while_the_usual_is_not_known() -> None:
    event = transaction(600.0, payee="mule", movement="transfer")

    assert ask(limit, event, payer(), memory=raised()) is None


@pytest.mark.parametrize(("movement", "status"), [("top_up", "completed"), ("payment", "failed")])
def test_quiet_when_no_money_leaves(movement: str, status: str) -> None:
    event = transaction(600.0, movement=movement, status=status)

    assert ask(limit, event, payer(), memory=raised()) is None


def test_larger_amounts_and_new_payees_weigh_more() -> None:
    weights = [
        weigh(limit, transaction(amount, payee=payee), payer(), memory=raised())
        for amount, payee in ((300.0, "grocer"), (900.0, "grocer"), (300.0, "mule"), (900.0, "mule"))
    ]

    assert weights == sorted(set(weights))


def test_money_a_day_later_leaves_a_fresh_memory() -> None:
    assert limit.learn(transaction(at=NOW + DAY_S), raised(), limit.PARAMS) == limit.Memory()


def test_a_memory_of_an_unknown_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 99"):
        limit.upgrade(99, b"\x91\x90")
