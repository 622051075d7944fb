from __future__ import annotations

import pytest

from contracts.profile import DAY_S, AmountStatistics, Profile
from detectors import top_up_then_cash_out as through
from tests.detectors.build import NOW, ask, found, payer, transaction, weigh

MINUTE_S = 60.0


def topped_up(amount: float = 5000.0, minutes_ago: float = 10.0, currency: str = "CNY") -> through.Memory:
    event = transaction(
        amount, NOW - minutes_ago * MINUTE_S, movement="top_up", payee=None, currency=currency
    )
    return through.learn(event, through.Memory(), through.PARAMS)


def sends_to(payee: str = "mule", amount: float = 4800.0, device: str = "phone") -> float:
    return weigh(
        through,
        transaction(amount, movement="transfer", payee=payee, device=device),
        payer(),
        memory=topped_up(),
    )


def used_to(top_ups: int, cash_outs: int) -> Profile:
    return payer(
        amounts={
            ("top_up", "CNY"): AmountStatistics(top_ups, 8.0, 0.2),
            ("transfer", "CNY"): AmountStatistics(cash_outs, 8.0, 0.2),
        }
    )


def test_fires_when_a_top_up_goes_straight_to_a_new_payee() -> None:
    event = transaction(4800.0, movement="transfer", payee="mule")

    finding = found(through, event, payer(), memory=topped_up())

    assert finding.quarantine
    assert finding.facts == {"currency": "CNY", "topped_up": 5000.0, "minutes": 10, "how": "to_new_payee"}


def test_fires_on_a_first_cash_out_without_a_payee() -> None:
    event = transaction(4800.0, movement="cash_out", payee=None)

    finding = found(through, event, payer(), memory=topped_up())

    assert finding.facts is not None
    assert finding.facts["how"] == "in_new_way"


def test_fires_on_a_new_device_and_on_both() -> None:
    for payee, how in (("grocer", "from_new_device"), ("mule", "from_new_device_to_new_payee")):
        event = transaction(4800.0, movement="transfer", payee=payee, device="stolen")

        finding = ask(through, event, payer(), memory=topped_up())

        assert finding is not None
        assert finding.facts is not None
        assert finding.facts["how"] == how


def test_fires_when_half_of_it_has_left_in_parts() -> None:
    first = transaction(1400.0, NOW - 5 * MINUTE_S, movement="transfer", payee="mule-1")
    event = transaction(1200.0, movement="transfer", payee="mule-2")
    memory = through.learn(first, topped_up(), through.PARAMS)

    assert ask(through, event, payer(), memory=memory) is not None
    assert ask(through, event, payer(), memory=topped_up()) is None


def test_quiet_without_a_top_up() -> None:
    assert ask(through, transaction(4800.0, movement="transfer", payee="mule"), payer()) is None


def test_quiet_when_a_known_payee_is_paid_from_a_known_device() -> None:
    known = payer(amounts={("transfer", "CNY"): AmountStatistics(5, 8.0, 0.2)})

    assert ask(through, transaction(4800.0, movement="transfer"), known, memory=topped_up()) is None


def test_quiet_on_shopping() -> None:
    event = transaction(4800.0, movement="payment", payee="bookshop")

    assert ask(through, event, payer(), memory=topped_up()) is None


def test_quiet_on_a_small_part_of_it() -> None:
    assert sends_to(amount=2400.0) == 0.0


def test_quiet_on_a_failed_transfer_and_in_another_currency() -> None:
    failed = transaction(4800.0, movement="transfer", payee="mule", status="failed")
    other = transaction(4800.0, movement="transfer", payee="mule", currency="USD")

    assert ask(through, failed, payer(), memory=topped_up()) is None
    assert ask(through, other, payer(), memory=topped_up()) is None


def test_quiet_on_an_account_that_always_passes_its_top_ups_on() -> None:
    event = transaction(4800.0, movement="transfer", payee="cousin")

    assert ask(through, event, used_to(30, 28), memory=topped_up(minutes_ago=300.0)) is None
    assert ask(through, event, used_to(30, 0), memory=topped_up(minutes_ago=300.0)) is not None


def test_quiet_a_day_later_and_in_the_first_transactions() -> None:
    event = transaction(4800.0, movement="transfer", payee="mule")

    assert ask(through, event, payer(), memory=topped_up(minutes_ago=24 * 60.0)) is None
    assert ask(through, event, payer(2), memory=topped_up()) is None


def test_haste_weighs_more() -> None:
    event = transaction(4800.0, movement="transfer", payee="mule")
    weights = [
        weigh(through, event, payer(), memory=topped_up(minutes_ago=minutes)) for minutes in (300, 60, 1)
    ]

    assert weights == sorted(set(weights))
    assert weights[1] == pytest.approx(2.08 + 0.3 * (3.18 - 1.0), abs=0.01)


def test_money_a_day_later_leaves_a_fresh_memory() -> None:
    memory = through.learn(transaction(4000.0, NOW - 300.0, movement="transfer"), topped_up(), through.PARAMS)

    assert through.learn(transaction(at=NOW + DAY_S), memory, through.PARAMS) == through.Memory()


def test_shopping_and_failed_top_ups_teach_nothing() -> None:
    memory = topped_up()
    failed = transaction(100.0, movement="top_up", status="failed")

    assert through.learn(transaction(), memory, through.PARAMS) is memory
    assert through.learn(failed, memory, through.PARAMS) is memory
