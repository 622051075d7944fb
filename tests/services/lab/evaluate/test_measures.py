"""The measures against their definitions written out naively, ties and weights included."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from statistics import mean

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.lab.evaluate.measures import (
    Ranking,
    average_precision,
    card_precision,
    cards_by_day,
    recall_at_false_positives,
    roc_auc,
)

# Few different scores, so that ties are common.
EVENTS = st.lists(
    st.tuples(st.sampled_from([0.1, 0.2, 0.3, 0.4]), st.integers(0, 2), st.integers(0, 4)), max_size=30
)
SOME = st.lists(st.integers(0, 3).map(float), min_size=5, max_size=5)
Events = Sequence[tuple[float, int, int]]


def ranking(events: Events) -> Ranking:
    return Ranking(*zip(*events, strict=True)) if events else Ranking((), (), ())


def naive_auc(scores: Sequence[float], frauds: Sequence[bool]) -> float:
    pairs = list(
        product(
            [score for score, fraud in zip(scores, frauds, strict=True) if fraud],
            [score for score, fraud in zip(scores, frauds, strict=True) if not fraud],
        )
    )
    return mean(1.0 if bad > good else 0.5 if bad == good else 0.0 for bad, good in pairs)


def naive_average_precision(scores: Sequence[float], frauds: Sequence[bool]) -> float:
    total = recall = 0.0
    for threshold in sorted(set(scores), reverse=True):
        caught = [fraud for score, fraud in zip(scores, frauds, strict=True) if score >= threshold]
        gained = sum(caught) / sum(frauds)
        total += (gained - recall) * sum(caught) / len(caught)
        recall = gained
    return total


def naive_recall(scores: Sequence[float], frauds: Sequence[bool], most: float) -> float:
    honest = len(frauds) - sum(frauds)
    best = 0.0
    for threshold in set(scores):
        caught = [fraud for score, fraud in zip(scores, frauds, strict=True) if score >= threshold]
        if len(caught) - sum(caught) <= most * honest:
            best = max(best, sum(caught) / sum(frauds))
    return best


@given(EVENTS)
def test_auc_is_the_chance_that_a_fraud_outranks_an_honest_event(events: Events) -> None:
    frauds = [kind > 0 for _, kind, _ in events]
    assume(any(frauds) and not all(frauds))

    assert roc_auc(*ranking(events).steps()) == pytest.approx(naive_auc([s for s, _, _ in events], frauds))


@given(EVENTS)
def test_average_precision_is_precision_times_recall_gained_at_each_threshold(events: Events) -> None:
    frauds = [kind > 0 for _, kind, _ in events]
    assume(any(frauds))

    expected = naive_average_precision([s for s, _, _ in events], frauds)
    assert average_precision(ranking(events).steps()[0]) == pytest.approx(expected)


@given(EVENTS, st.sampled_from([0.0, 0.01, 0.1, 0.25, 0.5, 1.0]))
def test_recall_is_what_the_best_threshold_within_the_rate_reaches(events: Events, most: float) -> None:
    frauds = [kind > 0 for _, kind, _ in events]
    assume(any(frauds))

    steps, honest = ranking(events).steps()
    expected = naive_recall([s for s, _, _ in events], frauds, most)
    assert recall_at_false_positives(steps, honest, most) == pytest.approx(expected)


@given(EVENTS, SOME)
def test_a_weight_is_an_owner_so_many_times(events: Events, weights: list[float]) -> None:
    repeated = [event for event in events for _ in range(int(weights[event[2]]))]
    weighed, plain = ranking(events).steps(weights), ranking(repeated).steps()

    assert roc_auc(*weighed) == pytest.approx(roc_auc(*plain))
    assert average_precision(weighed[0]) == pytest.approx(average_precision(plain[0]))
    assert recall_at_false_positives(*weighed, 0.2) == pytest.approx(recall_at_false_positives(*plain, 0.2))


@given(EVENTS)
def test_one_kind_of_fraud_is_measured_against_all_honest_events(events: Events) -> None:
    without_others = [event for event in events if event[1] != 2]

    assert ranking(events).steps(kind=1) == ranking(without_others).steps()


@given(EVENTS)
def test_the_order_of_events_does_not_matter(events: Events) -> None:
    assert ranking(events).steps() == ranking(events[::-1]).steps()


def test_without_frauds_there_is_nothing_to_say() -> None:
    steps, honest = Ranking([0.5], [0], [0]).steps()

    assert roc_auc(steps, honest) is None
    assert average_precision(steps) is None
    assert recall_at_false_positives(steps, honest, 0.01) is None
    assert card_precision([], 100) is None


def naive_card_precision(rows: Sequence[tuple[float, bool, int, int]], top: int) -> float:
    """As the Handbook counts, for scores that differ."""
    found: set[int] = set()
    precisions = []
    for day in sorted({row[3] for row in rows}):
        best: dict[int, float] = {}
        bad: set[int] = set()
        for score, fraud, owner, _ in (row for row in rows if row[3] == day and row[2] not in found):
            best[owner] = max(best.get(owner, score), score)
            if fraud:
                bad.add(owner)
        caught = bad.intersection(sorted(best, key=lambda owner: -best[owner])[:top])
        found |= caught
        precisions.append(len(caught) / top)
    return mean(precisions)


@given(
    st.lists(
        st.tuples(st.integers(0, 10**6), st.booleans(), st.integers(0, 8), st.integers(0, 3)),
        min_size=1,
        max_size=40,
        unique_by=lambda row: row[0],
    ),
    st.integers(1, 5),
)
def test_card_precision_looks_at_the_best_score_of_a_card_a_day_and_leaves_out_those_found(
    rows: list[tuple[float, bool, int, int]], top: int
) -> None:
    days = cards_by_day(*zip(*rows, strict=True))

    assert card_precision(days, top) == pytest.approx(naive_card_precision(rows, top))


def test_cards_level_at_the_cut_share_the_places_left() -> None:
    days = cards_by_day([0.9, 0.5, 0.5, 0.5], [True, True, False, False], range(4), [0] * 4)

    assert card_precision(days, 2) == pytest.approx((1 + 1 / 3) / 2)


def test_so_much_of_a_card_as_was_found_is_gone_the_next_day() -> None:
    days = cards_by_day([0.5, 0.5, 0.9], [True, False, True], [0, 1, 0], [0, 0, 1])

    assert card_precision(days, 1) == pytest.approx((0.5 + 0.5) / 2)


def test_a_card_drawn_twice_takes_two_places() -> None:
    days = cards_by_day([0.9, 0.8], [True, False], [0, 1], [0, 0])

    assert card_precision(days, 2, [2.0, 1.0]) == pytest.approx(1.0)


def test_the_measures_are_those_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="comparing needs the extra `lab`")
    scores = [(index * 7919 % 101) / 20 // 1 for index in range(500)]
    kinds = [int((index * 31 % 97) / 97 + score / 6 > 1.1) for index, score in enumerate(scores)]
    steps, honest = Ranking(scores, kinds, [0] * 500).steps()

    assert roc_auc(steps, honest) == pytest.approx(metrics.roc_auc_score(kinds, scores))
    assert average_precision(steps) == pytest.approx(metrics.average_precision_score(kinds, scores))
