from __future__ import annotations

import pytest
from msgspec import structs

from contracts.events import Transaction
from contracts.profile import DAY_S, HOUR_S
from detectors import account_drain as drain
from tests.detectors.build import NOW, ask, found, payer, transaction, weigh


def takes(amount: float, balance: float | None, at: float = NOW, currency: str = "CNY") -> Transaction:
    event = transaction(amount, at, payee="mule", movement="transfer", currency=currency)
    return structs.replace(event, balance=None if balance is None else f"{balance:.2f}")


def after(*events: Transaction) -> drain.Memory:
    memory = drain.Memory()
    for event in events:
        memory = drain.learn(event, memory, drain.PARAMS)
    return memory


def test_fires_when_one_transfer_takes_nearly_everything() -> None:
    finding = found(drain, takes(9500.0, 10_000.0), payer())

    assert finding.reason == "account_drain"
    assert finding.value == "95%"
    assert finding.threshold == "80%"


def test_fires_on_the_last_of_several_parts() -> None:
    memory = after(takes(5000.0, 10_000.0, NOW - 2 * HOUR_S), takes(2500.0, 5000.0, NOW - HOUR_S))

    finding = found(drain, takes(1000.0, 2500.0), payer(), memory=memory)

    assert finding.reason == "account_drain_in_parts"
    assert finding.value == "85%"
    assert finding.facts == {"count": 3, "earlier": 0}


def test_fires_at_four_fifths() -> None:
    assert ask(drain, takes(8000.0, 10_000.0), payer()) is not None
    assert ask(drain, takes(7999.0, 10_000.0), payer()) is None


def test_fires_on_the_second_transfer_of_a_thief_as_on_the_first() -> None:
    memory = after(takes(9000.0, 10_000.0, NOW - HOUR_S))

    assert weigh(drain, takes(900.0, 1000.0), payer(), memory=memory) == weigh(
        drain, takes(900.0, 1000.0), payer()
    )


def test_quiet_when_the_balance_is_not_told() -> None:
    assert ask(drain, takes(9500.0, None), payer()) is None


def test_quiet_on_half_of_it_and_a_day_after_the_other_half() -> None:
    half = takes(5000.0, 10_000.0, NOW - 25 * HOUR_S)

    assert ask(drain, half, payer()) is None
    assert ask(drain, takes(2500.0, 5000.0), payer(), memory=after(half)) is None


def test_quiet_when_money_came_in_between() -> None:
    memory = after(takes(9000.0, 10_000.0, NOW - HOUR_S))

    assert ask(drain, takes(3000.0, 12_000.0), payer(), memory=memory) is None


def test_quiet_on_a_small_balance() -> None:
    assert ask(drain, takes(300.0, 340.0), payer()) is None


def test_quiet_in_the_first_transactions() -> None:
    assert ask(drain, takes(9500.0, 10_000.0), payer(2)) is None


def test_quiet_on_somebody_who_spends_the_pay_at_once_every_month() -> None:
    memory = after(*(takes(950.0, 1000.0, NOW - months * 30 * DAY_S) for months in (5, 4, 3, 2, 1)))

    assert weigh(drain, takes(950.0, 1000.0), payer(12), memory=memory) < 0.6
    assert weigh(drain, takes(950.0, 1000.0), payer(6), memory=memory) == 0.0


def test_one_earlier_day_nobody_objected_to_makes_the_next_one_no_matter_for_a_code() -> None:
    memory = after(takes(950.0, 1000.0, NOW - 30 * DAY_S))

    assert (
        weigh(drain, takes(950.0, 1000.0), payer(), memory=memory)
        < 2.9
        < weigh(drain, takes(950.0, 1000.0), payer())
    )


@pytest.mark.parametrize(("movement", "status"), [("top_up", "requested"), ("transfer", "failed")])
def test_quiet_when_no_money_leaves(movement: str, status: str) -> None:
    event = structs.replace(transaction(9500.0, movement=movement, status=status), balance="10000.00")

    assert ask(drain, event, payer()) is None
    assert drain.learn(event, drain.Memory(), drain.PARAMS) == drain.Memory()


def test_balances_of_other_currencies_are_not_compared() -> None:
    memory = after(takes(100_000.0, 500_000.0, NOW - HOUR_S, currency="JPY"))

    assert ask(drain, takes(2500.0, 10_000.0), payer(), memory=memory) is None


@pytest.mark.parametrize(
    ("payee", "device", "hold"),
    [("grocer", "phone", False), ("mule", "phone", True), ("grocer", "new", True)],
)
def test_only_somewhere_new_stays_out_of_the_profile(payee: str, device: str, hold: bool) -> None:
    event = transaction(9500.0, payee=payee, device=device, movement="transfer")

    assert found(drain, structs.replace(event, balance="10000.00"), payer()).quarantine is hold


def test_a_day_counts_once_as_emptied() -> None:
    memory = after(takes(9000.0, 10_000.0, NOW - HOUR_S), takes(900.0, 1000.0))

    assert len(memory.emptied) == 1


def test_an_empty_balance_is_no_balance() -> None:
    assert ask(drain, takes(10.0, 0.0), payer()) is None
