from __future__ import annotations

import pytest

from contracts.profile import DAY_S, HOUR_S
from detectors import payment_failures as failures
from tests.detectors.build import NOW, ask, found, payer, transaction, weigh

MINUTE_S = 60.0


def tried(*amounts: float, hours_ago: float = 0.5, shop: str | None = None) -> failures.Memory:
    """The memory after payments of these amounts failed, each at a shop of its own or all at one."""
    memory = failures.Memory()
    for number, amount in enumerate(amounts):
        at = NOW - hours_ago * HOUR_S + number
        event = transaction(amount, at, payee=shop or f"{number}-shop", status="failed")
        memory = failures.learn(event, memory, failures.PARAMS)
    return memory


def test_fires_on_the_third_different_payment_that_fails_within_an_hour() -> None:
    event = transaction(300.0, payee="bookshop", status="failed")

    finding = found(failures, event, payer(), memory=tried(200.0, 250.0))

    assert finding.reason == "payment_failures"
    assert finding.value == 3
    assert finding.facts == {"hours": 1, "small": 0}


def test_fires_as_card_testing_when_the_amounts_are_small() -> None:
    event = transaction(6.5, payee="bookshop", status="failed")

    finding = found(failures, event, payer(), memory=tried(7.0, 7.1, 9.0))

    assert finding.reason == "card_testing"
    assert finding.facts == {"hours": 1, "small": 4}


def test_fires_on_the_payment_that_goes_through_and_keeps_it_out_of_the_profile() -> None:
    finding = found(failures, transaction(700.0), payer(), memory=tried(7.0, 7.1, 9.0, 3.0))

    assert finding.reason == "success_after_payment_failures"
    assert finding.quarantine


def test_fires_on_slow_trials_of_a_day() -> None:
    memory = failures.Memory()
    for number in range(6):
        event = transaction(200.0 + number, NOW - (number + 1) * 3 * HOUR_S, status="failed")
        memory = failures.learn(event, memory, failures.PARAMS)

    assert found(failures, transaction(), payer(), memory=memory).facts == {"hours": 24, "small": 0}


def test_fires_on_an_account_without_history_too() -> None:
    assert ask(failures, transaction(), payer(0), memory=tried(7.0, 7.1, 9.0)) is not None


def test_quiet_when_one_payment_is_tried_again_and_again() -> None:
    memory = tried(49.0, 49.0, 49.0, 49.0, 49.0, 49.0, shop="grocer")

    assert len(memory.failed) == 6
    assert ask(failures, transaction(49.0), payer(), memory=memory) is None
    assert ask(failures, transaction(49.0, status="failed"), payer(), memory=memory) is None


def test_quiet_on_two_failures() -> None:
    assert ask(failures, transaction(), payer(), memory=tried(7.0, 8.0)) is None


def test_quiet_a_day_later() -> None:
    memory = tried(7.0, 7.1, 9.0, 3.0, 4.0, 5.0, 6.0, hours_ago=25.0)

    assert ask(failures, transaction(), payer(), memory=memory) is None


def test_quiet_when_money_comes_in() -> None:
    memory = tried(7.0, 7.1, 9.0, 3.0)

    assert ask(failures, transaction(movement="top_up"), payer(), memory=memory) is None


def test_failures_after_the_event_do_not_count() -> None:
    late = transaction(at=NOW - DAY_S / 2)

    assert ask(failures, late, payer(), memory=tried(7.0, 7.1, 9.0, 3.0)) is None


def test_more_failures_and_smaller_ones_weigh_more() -> None:
    weights = [
        weigh(failures, transaction(), payer(), memory=tried(*amounts))
        for amounts in ((100.0, 101.0, 102.0), (7.0, 7.1, 9.0), (7.0, 7.1, 9.0, 8.0))
    ]

    assert weights == sorted(set(weights))
    assert weights[0] == pytest.approx(1.44, abs=0.01)


def test_money_a_day_later_leaves_a_fresh_memory() -> None:
    later = transaction(at=NOW + DAY_S)

    assert failures.learn(later, tried(7.0, 8.0), failures.PARAMS) == failures.Memory()


def test_a_payment_that_goes_through_teaches_nothing() -> None:
    memory = tried(7.0)

    assert failures.learn(transaction(), memory, failures.PARAMS) is memory
