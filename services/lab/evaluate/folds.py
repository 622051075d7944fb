"""Which events a fold is measured on: days of test, with accounts left out once their fraud would be known.

The protocol of the Fraud Detection Handbook: train, wait until the labels are there, test. An account with a fraud since
the training began is known from `label_delay_days` + 1 days after that fraud on, and is measured no more.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from msgspec import Struct

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
