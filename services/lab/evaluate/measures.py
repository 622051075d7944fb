"""How well scores rank fraud above the rest: ROC area, average precision, recall at few false alarms, card precision.

Plain arithmetic on scores and truths; ties are exact. Everything takes weights by owner (an account), so that an interval can
be had by drawing accounts again. Definitions: AUC is the chance that a fraud outranks an honest event, a tie counting
half; average precision is the sum over thresholds of precision times the recall gained there (as in scikit-learn), a tie
being one threshold; recall at a false positive rate is the best that a threshold within the rate reaches.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import accumulate, groupby
from operator import itemgetter
from typing import NamedTuple

from msgspec import Struct

_ROUNDING = 1e-9


class Step(NamedTuple):
    """Frauds of one score: their weight, and the weight of honest events above them, and above or level with them."""

    weight: float
    above: float
    up_to: float


class Ranking:
    """Scores in order, ready to be measured again and again with other weights."""

    def __init__(self, scores: Iterable[float], kinds: Iterable[int], owners: Iterable[int]) -> None:
        """`kinds` is 0 for an honest event, else a number for the kind of fraud; `owners` count from 0."""
        events = sorted(zip(scores, kinds, owners, strict=True), key=itemgetter(0), reverse=True)
        self._honest: list[int] = []
        #: by score: honest events above, honest events up to, frauds as (kind, owner)
        self._frauds: list[tuple[int, int, list[tuple[int, int]]]] = []
        for _, level in groupby(events, key=itemgetter(0)):
            above = len(self._honest)
            frauds: list[tuple[int, int]] = []
            for _, kind, owner in level:
                if kind:
                    frauds.append((kind, owner))
                else:
                    self._honest.append(owner)
            if frauds:
                self._frauds.append((above, len(self._honest), frauds))

    def steps(
        self, weights: Sequence[float] | None = None, kind: int | None = None
    ) -> tuple[list[Step], float]:
        """Frauds from the highest score to the lowest, of one kind or all, and the weight of all honest events."""
        if weights is None:
            reached: Sequence[float] = range(len(self._honest) + 1)
        else:
            reached = list(accumulate(map(weights.__getitem__, self._honest), initial=0.0))
        steps = []
        for above, up_to, frauds in self._frauds:
            weight = 0.0
            for own_kind, owner in frauds:
                if kind is None or own_kind == kind:
                    weight += 1.0 if weights is None else weights[owner]
            if weight:
                steps.append(Step(weight, reached[above], reached[up_to]))
        return steps, float(reached[-1])


def roc_auc(steps: Sequence[Step], honest: float) -> float | None:
    """The chance that a fraud outranks an honest event, ties counting half; None without both."""
    frauds = sum(step.weight for step in steps)
    if not frauds or not honest:
        return None
    return sum(step.weight * (honest - (step.above + step.up_to) / 2.0) for step in steps) / (frauds * honest)


def average_precision(steps: Sequence[Step]) -> float | None:
    """The sum over thresholds of precision times the recall gained; None without a fraud."""
    frauds = sum(step.weight for step in steps)
    if not frauds:
        return None
    total = found = 0.0
    for step in steps:
        found += step.weight
        total += step.weight * found / (found + step.up_to)
    return total / frauds


def recall_at_false_positives(steps: Sequence[Step], honest: float, most: float) -> float | None:
    """The share of frauds at or above the lowest threshold that at most `most` of honest events reach; None without frauds."""
    frauds = sum(step.weight for step in steps)
    if not frauds:
        return None
    allowed = most * honest + _ROUNDING
    return sum(step.weight for step in steps if step.up_to <= allowed) / frauds


class Card(NamedTuple):
    """An account on one day: its highest score, who it is, whether any of its events was a fraud."""

    score: float
    owner: int
    fraud: bool


def cards_by_day(
    scores: Iterable[float], frauds: Iterable[bool], owners: Iterable[int], days: Iterable[int]
) -> list[list[Card]]:
    """The cards of each day, highest score first; days in their order."""
    best: dict[int, dict[int, tuple[float, bool]]] = {}
    for score, fraud, owner, day in zip(scores, frauds, owners, days, strict=True):
        cards = best.setdefault(day, {})
        known = cards.get(owner)
        cards[owner] = (score, fraud) if known is None else (max(score, known[0]), fraud or known[1])
    return [
        sorted((Card(score, owner, fraud) for owner, (score, fraud) in best[day].items()), reverse=True)
        for day in sorted(best)
    ]


def card_precision(
    days: Sequence[Sequence[Card]], top: int, weights: Sequence[float] | None = None
) -> float | None:
    """Mean over days of the share of frauds among the `top` cards; a card found is not looked at on later days.

    Source: card precision top-k of the Fraud Detection Handbook. Cards level at the cut share the places left in
    proportion to their weight, which is what a random order gives on average; so much of a card as was found is gone.
    """
    if not days:
        return None
    left: dict[int, float] = {}
    precisions = []
    for day in days:
        places, found = float(top), 0.0
        for _, level in groupby(day, key=itemgetter(0)):
            cards = [
                (card, left.get(card.owner, 1.0 if weights is None else weights[card.owner]))
                for card in level
            ]
            weight = sum(own for _, own in cards)
            if not weight:
                continue
            share = min(1.0, places / weight)
            for card, own in cards:
                if card.fraud:
                    found += own * share
                    left[card.owner] = own * (1.0 - share)
            places -= weight * share
            if places <= 0.0:
                break
        precisions.append(found / top)
    return sum(precisions) / len(precisions)


DAY_MS = 86_400_000
_EPOCH = date(1970, 1, 1)
TRAIN_DAYS = 7


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH).days


def day_named(number: int) -> str:
    """The date of a day number, as in 2018-07-25."""
    return (_EPOCH + timedelta(days=number)).isoformat()


class Fold(Struct, frozen=True):
    """Day numbers: frauds from `train_from` on make an account known; events of `test_from` to `test_to` are measured."""

    train_from: int
    test_from: int
    test_to: int

    def back(self, folds: int) -> Fold:
        """The fold so many test lengths earlier."""
        days = folds * (self.test_to - self.test_from + 1)
        return Fold(self.train_from - days, self.test_from - days, self.test_to - days)


class Measured(NamedTuple):
    """The events of a fold that are measured, one entry each: score, kind of fraud (0: none), owner, day."""

    scores: Sequence[float]
    kinds: Sequence[int]
    owners: Sequence[int]
    days: Sequence[int]


class FoldEvents:
    """What is kept of one fold while the events pass by: 23 bytes an event of its test days."""

    def __init__(self, fold: Fold) -> None:
        self.fold = fold
        self.scores = array("d")
        self.kinds = array("B")
        self.owners = array("i")
        self.days = array("i")
        #: the first day of fraud since the training began, by owner
        self.first_fraud: dict[int, int] = {}

    def add(self, score: float, kind: int, owner: int, day: int) -> None:
        """One event with its truth; `kind` 0 is honest."""
        fold = self.fold
        if kind and fold.train_from <= day <= fold.test_to:
            self.first_fraud[owner] = min(day, self.first_fraud.get(owner, day))
        if fold.test_from <= day <= fold.test_to:
            self.scores.append(score)
            self.kinds.append(kind)
            self.owners.append(owner)
            self.days.append(day)

    def measured(self, label_delay_days: int | None) -> Measured:
        """The events of accounts not yet known on their day; None for the delay leaves nobody out."""
        if label_delay_days is None:
            return Measured(self.scores, self.kinds, self.owners, self.days)
        never = self.fold.test_to + 1
        known_from = {owner: day + label_delay_days + 1 for owner, day in self.first_fraud.items()}
        kept = [
            index
            for index, (owner, day) in enumerate(zip(self.owners, self.days, strict=True))
            if day < known_from.get(owner, never)
        ]
        return Measured(
            array("d", [self.scores[index] for index in kept]),
            array("B", [self.kinds[index] for index in kept]),
            array("i", [self.owners[index] for index in kept]),
            array("i", [self.days[index] for index in kept]),
        )
