from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.findings import Finding
from contracts.payees import AGE_H, COUNTS, FRAUDS, FRAUDS_NEW, NAMES
from contracts.profile import Profile
from detectors import payee_reputation
from tests.detectors.build import ask, payer, transaction


def reputation(
    frauds: tuple[int, int, int], counts: tuple[int, int, int] = (1, 7, 30), new: int = 0, age_h: int = 2000
) -> Finding | None:
    tallies = {AGE_H: age_h, FRAUDS_NEW: new, **dict(zip(FRAUDS, frauds, strict=True))}
    return ask(
        payee_reputation, transaction(), payer(), {**tallies, **dict(zip(COUNTS, counts, strict=True))}
    )


def test_fires_on_a_payee_with_several_frauds_in_a_week() -> None:
    finding = reputation((1, 3, 3))

    assert finding is not None
    assert (finding.value, finding.facts) == (3, {"count": 7, "days": 7})
    assert finding.weight > 3.0


def test_fires_on_the_first_fraud_at_a_young_payee() -> None:
    assert reputation((0, 1, 1), (0, 2, 2)) is None
    assert reputation((0, 1, 1), (0, 2, 2), age_h=200) is not None


def test_fires_on_labels_that_came_early() -> None:
    assert reputation((0, 0, 0), (0, 3, 9), new=3) is not None


def test_fires_on_a_bad_month_that_has_ended_with_little_weight() -> None:
    lasting, recent = reputation((0, 0, 6)), reputation((1, 6, 6))

    assert lasting is not None
    assert recent is not None
    assert lasting.facts == {"count": 30, "days": 30}
    assert lasting.weight < recent.weight / 2


def test_quiet_on_one_fraud_at_an_old_payee() -> None:
    assert reputation((1, 1, 1)) is None


def test_quiet_where_good_payments_outweigh_the_frauds() -> None:
    assert reputation((0, 2, 5), (200, 1500, 6000)) is None


def test_quiet_while_the_counts_are_unknown() -> None:
    assert ask(payee_reputation, transaction(), payer(), {}) is None


def test_an_account_without_history_is_warned_too() -> None:
    tallies = {**dict.fromkeys(NAMES, 5), AGE_H: 900}

    assert ask(payee_reputation, transaction(), Profile(), tallies) is not None


def test_a_refund_and_a_failed_payment_are_none_of_its_business() -> None:
    tallies = dict.fromkeys(NAMES, 9)

    assert ask(payee_reputation, transaction(movement="refund"), payer(), tallies) is None
    assert ask(payee_reputation, transaction(status="failed"), payer(), tallies) is None


_counts = st.integers(0, 100_000)


@given(st.tuples(_counts, _counts, _counts), st.integers(0, 5000))
def test_never_fires_without_labels(counts: tuple[int, int, int], age_h: int) -> None:
    assert reputation((0, 0, 0), counts, age_h=age_h) is None


@given(st.integers(2, 40), st.integers(0, 300))
def test_more_good_payments_never_weigh_more(frauds: int, good: int) -> None:
    def weight(count: int) -> float:
        finding = reputation((0, frauds, frauds), (0, count, count))
        return 0.0 if finding is None else finding.weight

    assert weight(frauds + good + 1) <= weight(frauds + good)


def test_the_weight_is_the_log_ratio_of_the_shrunk_risk_to_the_base() -> None:
    finding = reputation((0, 4, 4), (0, 14, 14))

    assert finding is not None
    week = ((4 - 1) + 6 * 0.005) / (14 + 6) / 0.005
    assert finding.weight == pytest.approx(3.4111, abs=1e-3)
    assert week == pytest.approx(30.3)
