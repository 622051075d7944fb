from __future__ import annotations

from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from contracts.profile import DAY_S, AmountStatistics, Profile, Velocity
from detectors import unusual_amount
from detectors.measures.amounts import LARGE_FOR_ANYBODY_USD, UNITS_PER_USD
from services.platform.currency_files import read_rates
from tests.detectors.build import NOW, ask, found, payer, transaction, weigh


def used_to(
    amount_log: float, n: int = 40, variance: float = 0.2, what: tuple[str, str] = ("payment", "CNY")
) -> Profile:
    return payer(n, amounts={what: AmountStatistics(n, amount_log, variance)}, velocity={})


def test_fires_on_a_hundred_times_the_usual() -> None:
    finding = found(unusual_amount, transaction(5000.0), payer())

    assert finding.quarantine
    assert finding.value == 5000.0
    assert isinstance(finding.baseline, float)
    assert 40 < finding.baseline < 80


def test_fires_without_holding_when_it_is_only_somewhat_above() -> None:
    assert not found(unusual_amount, transaction(250.0), payer()).quarantine


def test_fires_in_a_currency_the_population_is_not_known_in() -> None:
    account = used_to(3.93, what=("payment", "XTS"))

    assert ask(unusual_amount, transaction(9000.0, currency="XTS"), account) is not None


def test_quiet_on_a_usual_amount() -> None:
    assert ask(unusual_amount, transaction(60.0), payer()) is None


def test_quiet_on_a_small_amount_however_rare() -> None:
    assert ask(unusual_amount, transaction(0.01), payer()) is None


def test_quiet_below_three_transactions_and_below_a_large_sum_of_another_kind() -> None:
    assert ask(unusual_amount, transaction(5000.0), used_to(3.93, n=2)) is None
    assert ask(unusual_amount, transaction(5000.0, movement="transfer"), payer()) is None


@pytest.mark.parametrize("movement", ["transfer", "withdrawal", "cash_out"])
def test_a_first_kind_of_money_is_measured_by_what_the_account_moves_otherwise(movement: str) -> None:
    first = ask(unusual_amount, transaction(60_000.0, movement=movement), payer())
    usual = ask(unusual_amount, transaction(60_000.0), payer())

    assert first is not None
    assert usual is not None
    assert first.reason == "unusual_amount_in_a_new_way"
    assert (first.weight, first.baseline, first.quarantine) == (usual.weight, usual.baseline, True)


@given(st.floats(1.0, 1.99), st.floats(1.001, 1.5))
def test_a_first_way_of_moving_money_weighs_more_the_further_it_is_above_its_floor(
    times: float, further: float
) -> None:
    floor_cny = LARGE_FOR_ANYBODY_USD * UNITS_PER_USD["CNY"]
    less = ask(unusual_amount, transaction(floor_cny * times + 1.0, movement="transfer"), payer())
    more = ask(unusual_amount, transaction(floor_cny * times * further + 1.0, movement="transfer"), payer())

    assert less is not None
    assert more is not None
    assert 3.0 <= less.weight < more.weight <= 6.0


@given(
    st.floats(1.0, 1e6),
    st.sampled_from(["USD", "EUR", "KWD", "JPY", "UYW", "USDT", "BTC", "ETH", "SHIB", "XAU"]),
)
def test_a_first_currency_weighs_what_the_same_worth_of_the_usual_one_does(
    yuan: float, currency: str
) -> None:
    rates = read_rates(None)
    ratio = rates.ratio("CNY", currency)
    assert ratio is not None
    told = replace(transaction(currency=currency), amount=f"{yuan * ratio:.18f}")
    first = ask(unusual_amount, told, payer(), rates=rates)
    usual = ask(unusual_amount, transaction(yuan), payer(), rates=rates)

    assert (first is None) == (usual is None)
    if first is not None and usual is not None:
        # What is large for anybody is told by what a currency buys, which its rate comes near.
        assert first.weight == pytest.approx(usual.weight, abs=0.4)
        assert first.quarantine == usual.quarantine


def test_a_currency_of_unknown_worth_is_said_and_never_guessed() -> None:
    finding = found(unusual_amount, transaction(3.0, currency="GOLDX"), payer(), rates=read_rates(None))

    assert finding.reason == "amount_of_unknown_worth"
    assert finding.quarantine
    assert ask(unusual_amount, transaction(3.0, currency="GOLDX"), Profile()) is None


@pytest.mark.parametrize(("amount", "asked"), [(300.0, False), (9000.0, False), (49_000.0, True)])
def test_an_accounts_first_money_is_asked_about_only_when_it_is_large_for_anybody(
    amount: float, asked: bool
) -> None:
    finding = ask(unusual_amount, transaction(amount), Profile())

    assert (finding is not None) is asked
    assert finding is None or (finding.reason == "large_first_amount" and finding.weight > 2.9)


@pytest.mark.parametrize("movement", ["refund", "top_up"])
def test_a_strangers_refund_or_top_up_is_measured_like_money_that_leaves(movement: str) -> None:
    said = transaction(60_000.0, movement=movement, device="stolen")

    assert ask(unusual_amount, said, payer()) is not None
    assert ask(unusual_amount, replace(said, device_id=None, device_key=None), payer()) is None


def test_quiet_below_twice_the_usual_however_regular_the_account() -> None:
    account = used_to(6.0, n=4000, variance=0.0)

    assert ask(unusual_amount, transaction(exp(6.0) * 1.9), account) is None
    assert ask(unusual_amount, transaction(exp(6.0) * 2.1), account) is not None


@pytest.mark.parametrize("movement", ["refund", "top_up"])
def test_quiet_on_money_that_comes_in(movement: str) -> None:
    account = used_to(3.93, what=(movement, "CNY"))

    assert ask(unusual_amount, transaction(5000.0, movement=movement), account) is None


def test_quiet_on_a_payment_that_failed() -> None:
    assert ask(unusual_amount, transaction(5000.0, status="failed"), payer()) is None


def test_quiet_on_the_usual_amount_of_people_who_move_large_sums() -> None:
    assert ask(unusual_amount, transaction(100_000.0), used_to(11.5, n=3)) is None


def test_the_sentence_names_the_threshold_that_was_passed() -> None:
    finding = found(unusual_amount, transaction(5000.0), payer())

    assert isinstance(finding.threshold, float)
    assert ask(unusual_amount, transaction(finding.threshold * 0.99), payer()) is None
    assert ask(unusual_amount, transaction(finding.threshold * 1.01), payer()) is not None


def test_coffee_is_measured_by_coffee_though_the_rent_is_large() -> None:
    account = payer(
        amounts={
            ("payment", "CNY"): AmountStatistics(40, 3.93, 0.2),
            ("transfer", "CNY"): AmountStatistics(12, 8.5, 0.01),
        },
        velocity={"CNY": Velocity(NOW - DAY_S, 1.0, 1.6, 7.5, 20.0, 50.0, 80.0, 5375.0, 6000.0)},
    )

    assert ask(unusual_amount, transaction(1000.0), account) is not None
    assert ask(unusual_amount, transaction(5000.0, movement="transfer"), account) is None


def test_small_amounts_do_not_hide_a_large_one_by_spreading_the_account() -> None:
    regular, spread = used_to(3.93, variance=0.2), used_to(3.93, variance=0.6)

    assert ask(unusual_amount, transaction(250.0), regular) is not None
    assert ask(unusual_amount, transaction(250.0), spread) is not None


def test_of_two_equally_unusual_amounts_the_one_large_for_anybody_weighs_more() -> None:
    small = weigh(unusual_amount, transaction(50 * 7.0), used_to(3.93))
    large = weigh(unusual_amount, transaction(500 * 7.0), used_to(3.93 + 2.303))

    assert large > small + 1.0


def test_a_sum_weighs_the_same_in_another_currency_of_the_same_worth_when_both_are_usual_there() -> None:
    yuan = weigh(unusual_amount, transaction(7000.0), used_to(6.0))
    dollars = weigh(
        unusual_amount, transaction(1000.0, currency="USD"), used_to(6.0 - 1.9459, what=("payment", "USD"))
    )

    assert dollars == pytest.approx(yuan, abs=0.1)


@given(st.floats(0.01, 1e6), st.floats(0.01, 1e6), st.integers(3, 500))
def test_larger_amounts_weigh_more(some: float, more: float, n: int) -> None:
    small, large = (
        weigh(unusual_amount, transaction(amount), used_to(3.93, n)) for amount in sorted((some, more))
    )

    assert large >= small


def test_fires_with_a_reason_of_its_own_where_there_is_no_usual_amount() -> None:
    dollars = transaction(60_000.0, currency="USD", movement="cash_out")
    asked = (
        ask(unusual_amount, dollars, payer(), rates=read_rates(None)),
        ask(unusual_amount, transaction(9.0, currency="GOLDX"), payer()),
        ask(unusual_amount, transaction(49_000.0), Profile()),
    )

    assert [each.reason for each in asked if each is not None] == [
        "unusual_amount_in_a_new_way",
        "amount_of_unknown_worth",
        "large_first_amount",
    ]
