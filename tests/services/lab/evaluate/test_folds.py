"""Which events of a fold are measured, by the Handbook's protocol."""

from __future__ import annotations

from datetime import date

import pytest

from services.lab.evaluate.measures import Fold, FoldEvents, day_named, day_number

#: train on days 0 to 6, wait, test on days 14 to 20
FOLD = Fold(0, 14, 20)


def passed(*events: tuple[int, int, int]) -> FoldEvents:
    """The fold after events of (kind, owner, day)."""
    fold = FoldEvents(FOLD)
    for kind, owner, day in events:
        fold.add(0.5, kind, owner, day)
    return fold


def measured_days(fold: FoldEvents) -> list[int]:
    return list(fold.measured(7).days)


def test_only_days_of_test_are_measured() -> None:
    assert measured_days(passed((0, 1, 13), (0, 1, 14), (0, 1, 20), (0, 1, 21))) == [14, 20]


def test_an_account_with_a_fraud_while_training_is_left_out() -> None:
    assert measured_days(passed((1, 1, 6), (0, 1, 14), (0, 2, 14))) == [14]


def test_a_fraud_before_training_makes_nobody_known() -> None:
    fold = FoldEvents(Fold(3, 14, 20))
    fold.add(0.5, 1, 1, 2)
    fold.add(0.5, 0, 1, 14)

    assert measured_days(fold) == [14]


@pytest.mark.parametrize("day", range(14, 21))
def test_on_test_day_d_those_with_a_fraud_up_to_train_start_plus_six_plus_d_are_known(day: int) -> None:
    last_known = 0 + 7 + (day - 14) - 1
    known = passed((1, 1, last_known), (0, 1, day))
    not_yet = passed((1, 1, last_known + 1), (0, 1, day))

    assert day not in measured_days(known)
    assert day in measured_days(not_yet)


def test_an_earlier_fraud_counts_whatever_the_order_of_the_lines() -> None:
    assert measured_days(passed((0, 1, 14), (1, 1, 10), (1, 1, 5))) == []


def test_nobody_is_left_out_when_known_accounts_are_kept() -> None:
    assert list(passed((1, 1, 6), (0, 1, 14)).measured(None).days) == [14]


def test_a_fold_before_lies_one_test_length_back() -> None:
    assert FOLD.back(1) == Fold(-7, 7, 13)


def test_days_have_names() -> None:
    assert day_named(day_number(date(2018, 7, 25))) == "2018-07-25"
