"""The figures of unusual_amount: how much it weighs, from where on, and what its sentence says of that."""

from __future__ import annotations

from math import exp, log1p, sqrt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.profile import DAY_S, AmountStatistics, Profile, Velocity
from detectors import unusual_amount
from services.platform.currency_files import read_rates
from tests.detectors.build import NOW, ask, found, payer, transaction, weigh
from tests.detectors.test_unusual_amount import used_to


def of_no_population(variance: float = 0.0, usual: float = 1.0) -> Profile:
    """An account that moves `usual` of a currency that nobody else does, so its own history alone is compared with."""
    return used_to(log1p(usual), variance=variance, what=("payment", "KES"))


def test_an_amount_right_at_the_threshold_is_unusual_and_held() -> None:
    finding = found(
        unusual_amount,
        transaction(1.0, currency="KES"),
        of_no_population(),
        threshold_z=0.0,
        least_ratio=1.0,
        hold_z=0.0,
    )

    assert (finding.quarantine, finding.facts) == (True, {"currency": "KES", "z": 0.0})


def test_just_below_either_threshold_is_usual() -> None:
    quiet: dict[str, Any] = {"threshold_z": 0.0, "least_ratio": 1.0}
    account = of_no_population()

    assert ask(unusual_amount, transaction(0.99, currency="KES"), account, **quiet) is None
    assert ask(unusual_amount, transaction(1.01, currency="KES"), account, **quiet) is not None
    assert (
        ask(unusual_amount, transaction(1.01, currency="KES"), account, **{**quiet, "least_ratio": 1.02})
        is None
    )


def test_the_weight_is_the_first_nats_and_the_growth_for_each_deviation_beyond() -> None:
    # The deviations are 0.5 + 0.25 * 2 = 1: an amount of e^4 - 1 where 0 is usual lies 4 deviations above.
    moved = {"KES": Velocity(NOW - DAY_S, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0)}
    account = payer(amounts={("payment", "KES"): AmountStatistics(40, 0.0, 4.0)}, velocity=moved)
    finding = found(
        unusual_amount,
        transaction(exp(4.0) - 1.0, currency="KES"),
        account,
        population_spread_log=2.0,
        threshold_z=1.5,
        first_nats=0.75,
        growth_nats=0.5,
    )

    assert finding.facts == {"currency": "KES", "z": 4.0}
    assert finding.weight == pytest.approx(0.75 + 0.5 * 2.5, abs=1e-3)


def test_no_weight_is_above_the_most() -> None:
    assert weigh(unusual_amount, transaction(9e9), payer()) == 6.0
    assert weigh(unusual_amount, transaction(9e9), Profile()) == 6.0


@pytest.mark.parametrize(
    ("dollars", "nats"), [(100.0, 0.0), (200.0, 0.6931), (50.0, -0.6931), (5000.0, 2.0), (10.0, -0.9)]
)
def test_an_amount_weighs_more_or_less_for_its_worth_within_bounds(dollars: float, nats: float) -> None:
    account = used_to(log1p(1.0), variance=0.0, what=("payment", "USD"))
    growth = {"growth_nats": 0.0, "first_nats": 2.0, "population_usd": 1.0}

    assert weigh(unusual_amount, transaction(dollars, currency="USD"), account, **growth) == pytest.approx(
        2.0 + nats, abs=1e-4
    )


def test_an_amount_of_unknown_worth_weighs_neither_more_nor_less_for_it() -> None:
    growth = {"growth_nats": 0.0, "first_nats": 2.0}

    assert weigh(unusual_amount, transaction(9000.0, currency="KES"), of_no_population(), **growth) == 2.0


def test_nothing_moved_weighs_as_little_as_anything() -> None:
    account = used_to(0.0, variance=0.0, what=("payment", "USD"))
    always = {"threshold_z": 0.0, "least_ratio": 0.0, "population_usd": 0.0}

    assert weigh(unusual_amount, transaction(0.0, currency="USD"), account, **always) == 1.0


@given(st.floats(0.0, 4.0), st.sampled_from([3, 10, 40, 4000]), st.sampled_from([6.0, 60.0, 6000.0]))
def test_unusual_from_is_the_least_amount_that_is_unusual(variance: float, n: int, usual: float) -> None:
    account = used_to(log1p(usual), n=n, variance=variance)
    finding = found(unusual_amount, transaction(9e7), account)

    assert isinstance(finding.threshold, float)
    assert ask(unusual_amount, transaction(finding.threshold - 0.01), account) is None
    assert ask(unusual_amount, transaction(finding.threshold + 0.01), account) is not None


@pytest.mark.parametrize(
    ("variance", "unusual_from"),
    [(0.0, 100.0), (0.25, 113.93), (4.0, 1131.1)],
    ids=["twice", "the deviations", "wide deviations"],
)
def test_unusual_from_is_told_by_twice_the_usual_or_by_the_deviations_whichever_is_more(
    variance: float, unusual_from: float
) -> None:
    finding = found(
        unusual_amount,
        transaction(9e7, currency="KES"),
        of_no_population(variance, usual=50.0),
        population_spread_log=sqrt(variance),
    )

    assert finding.threshold == unusual_from


def test_unusual_from_is_never_below_what_is_large_in_a_way_that_is_new() -> None:
    assert found(unusual_amount, transaction(60_000.0, movement="cash_out"), payer()).threshold == 28_000.0
    assert ask(unusual_amount, transaction(27_999.99, movement="cash_out"), payer()) is None
    assert ask(unusual_amount, transaction(28_000.0, movement="cash_out"), payer()) is not None


def test_a_first_money_is_large_from_a_round_sum_and_weighs_more_with_each_e_fold() -> None:
    first = ask(unusual_amount, transaction(28_000.0), Profile())
    more = ask(unusual_amount, transaction(28_000.0 * exp(1.0)), Profile())

    assert first is not None
    assert more is not None
    assert ask(unusual_amount, transaction(27_999.99), Profile()) is None
    assert (first.weight, first.baseline, first.threshold, first.quarantine) == (3.0, 0, 28_000.0, True)
    assert more.weight == pytest.approx(4.5, abs=1e-3)
    assert more.threshold == 28_000.0


def test_money_of_unknown_worth_is_asked_about_from_the_third_transaction_of_an_account() -> None:
    unknown = transaction(3.456, currency="KES")

    assert ask(unusual_amount, unknown, payer(2, amounts={})) is None
    finding = found(unusual_amount, unknown, payer(3, amounts={}))
    assert (finding.weight, finding.value, finding.baseline, finding.threshold) == (3.6, 3.46, 3, None)


def test_every_finding_says_whose_it_is_and_in_what_currency() -> None:
    asked = (
        ask(unusual_amount, transaction(5000.0), payer()),
        ask(unusual_amount, transaction(60_000.0, movement="cash_out"), payer()),
        ask(unusual_amount, transaction(9.0, currency="GOLDX"), payer()),
        ask(unusual_amount, transaction(49_000.0), Profile()),
    )

    for finding in asked:
        assert finding is not None
        assert (finding.detector, finding.family) == ("unusual_amount", "money")
        assert finding.facts is not None
        assert finding.facts["currency"] in ("CNY", "GOLDX")


def test_amounts_are_told_in_whole_cents() -> None:
    finding = found(unusual_amount, transaction(5000.56), payer())

    for amount in (finding.value, finding.baseline, finding.threshold):
        assert isinstance(amount, float)
        assert amount == round(amount, 2) != round(amount, 0)


def test_a_first_currency_s_sentence_tells_amounts_in_that_currency() -> None:
    usual = ask(unusual_amount, transaction(60_000.0), payer())
    first = ask(unusual_amount, transaction(60_000.0, currency="USD"), payer(), rates=read_rates(None))
    ratio = read_rates(None).ratio("CNY", "USD")

    assert usual is not None
    assert first is not None
    assert ratio is not None
    assert isinstance(usual.baseline, float)
    assert isinstance(usual.threshold, float)
    assert first.baseline == pytest.approx(usual.baseline * ratio, abs=0.01)
    assert first.threshold == pytest.approx(usual.threshold * ratio, abs=0.01)
