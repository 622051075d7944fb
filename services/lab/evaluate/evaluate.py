"""Replays labelled events and measures how well the decisions' risks rank fraud, with intervals.

The truth stands in the extra field `label` of an event line ({"fraud": bool, "scenario": ...}), which the core never reads; an
event without one is not measured. Each event is judged on its own: detection is measured, so no freeze stands. What PayGuard
learns of frauds comes by `label` events in the stream alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from statistics import mean, stdev
from typing import Any

from msgspec import Struct

from contracts.decisions import Decision
from contracts.errors import Malformed
from services.lab.evaluate.measures import (
    DAY_MS,
    Card,
    Fold,
    FoldEvents,
    Measured,
    Ranking,
    average_precision,
    card_precision,
    cards_by_day,
    day_named,
    recall_at_false_positives,
    roc_auc,
)
from services.lab.people.events import Told, told_of
from services.platform.settings import Settings
from services.replay.lines import OnBad, read_events, read_lines
from services.replay.replay import Line, paired, replay

TOP_CARDS = 100
FALSE_POSITIVES = 0.01
_MOST_KINDS = 255
#: Student's t at 97.5 % for 1 to 9 degrees of freedom.
_STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
MOST_FOLDS = len(_STUDENT) + 1
Interval = tuple[float, float]


class EvaluateOptions(Struct, frozen=True):
    """`folds` from the latest; `label_delay_days` None leaves no known account out; `seed` is of the drawing."""

    folds: tuple[Fold, ...]
    label_delay_days: int | None
    replicates: int
    seed: int


class Figures(Struct, frozen=True):
    """Measures of all frauds or of one scenario; None where there is nothing to measure. Intervals are 95 %."""

    frauds: int
    auc: float | None
    ap: float | None
    recall_at_1pct_fpr: float | None
    cp100: float | None = None
    intervals: dict[str, Interval] = {}


class FoldFigures(Struct, frozen=True):
    """One fold: its test days, how much was measured, and the figures."""

    test_from: str
    test_to: str
    events: int
    accounts: int
    overall: Figures
    scenarios: dict[str, Figures]


class Collector:
    """Keeps what the folds need of each decided event, and nothing else."""

    def __init__(self, folds: Sequence[Fold]) -> None:
        self.folds = [FoldEvents(fold) for fold in folds]
        self.kinds: dict[str, int] = {}
        self._owners: dict[str, int] = {}
        self._from = min(fold.train_from for fold in folds)
        self._to = max(fold.test_to for fold in folds)

    def keep(self, lines: Sequence[Line], decisions: Sequence[Decision], encoded: Sequence[bytes]) -> None:
        """One batch with its decisions; a repeated event has none."""
        for line, decision in paired(lines, decisions):
            day = line.timestamp // DAY_MS
            if not self._from <= day <= self._to:
                continue
            told = told_of(line.value)
            if told.fraud is None:
                continue
            kind = self._kind(told) if told.fraud else 0
            owner = self._owners.setdefault(decision.account_id, len(self._owners))
            for fold in self.folds:
                fold.add(decision.risk, kind, owner, day)

    @property
    def owners(self) -> int:
        """How many accounts were met."""
        return len(self._owners)

    def _kind(self, told: Told) -> int:
        name = str(told.scenario if told.scenario is not None else told.story or "fraud")
        kind = self.kinds.setdefault(name, len(self.kinds) + 1)
        if kind > _MOST_KINDS:
            raise Malformed("many_scenarios", f"more than {_MOST_KINDS} different scenarios")
        return kind


async def collect(
    settings: Settings, file: Path, folds: Sequence[Fold], on_bad: OnBad, step: Callable[[int], None]
) -> Collector:
    """Replay the file up to its end and keep what the folds need."""
    from services.bootstrap.pipelines import offline_core

    collector = Collector(folds)
    core = offline_core(settings, freezes_stand=False)
    await replay(read_events(read_lines(file, step), on_bad), core, collector.keep)
    return collector


def evaluate(collector: Collector, options: EvaluateOptions) -> list[FoldFigures]:
    """The figures of each fold. Raises Malformed when a fold has no fraud or nothing else."""
    return [
        _fold_figures(fold, fold.measured(options.label_delay_days), collector, options)
        for fold in collector.folds
    ]


def _fold_figures(
    events: FoldEvents, measured: Measured, collector: Collector, options: EvaluateOptions
) -> FoldFigures:
    fold = events.fold
    days = f"{day_named(fold.test_from)} to {day_named(fold.test_to)}"
    if not any(measured.kinds) or all(measured.kinds):
        raise Malformed("nothing_to_measure", f"{days} holds no labelled fraud, or nothing but fraud")
    ranking = Ranking(measured.scores, measured.kinds, measured.owners)
    cards = cards_by_day(
        measured.scores, [kind > 0 for kind in measured.kinds], measured.owners, measured.days
    )
    kinds: list[int | None] = [None, *sorted(set(measured.kinds) - {0})]
    drawn: list[list[dict[str, float | None]]] = [[] for _ in kinds]
    accounts = sorted(set(measured.owners))
    random = Random(options.seed)
    for _ in range(options.replicates):
        weights = _drawn_weights(accounts, collector.owners, random)
        for kind, into in zip(kinds, drawn, strict=True):
            into.append(_measure(ranking, cards, kind, weights))
    figures = [
        Figures(
            frauds=sum(1 for each in measured.kinds if each and kind in (None, each)),
            intervals=_percentiles(into),
            **_measure(ranking, cards, kind, None),
        )
        for kind, into in zip(kinds, drawn, strict=True)
    ]
    names = {kind: name for name, kind in collector.kinds.items()}
    scenarios = {names[kind]: of for kind, of in zip(kinds[1:], figures[1:], strict=True) if kind is not None}
    return FoldFigures(
        test_from=day_named(fold.test_from),
        test_to=day_named(fold.test_to),
        events=len(measured.kinds),
        accounts=len(accounts),
        overall=figures[0],
        scenarios=dict(sorted(scenarios.items())),
    )


def _measure(
    ranking: Ranking, cards: Sequence[Sequence[Card]], kind: int | None, weights: Sequence[float] | None
) -> dict[str, Any]:
    steps, honest = ranking.steps(weights, kind)
    return {
        "auc": roc_auc(steps, honest),
        "ap": average_precision(steps),
        "recall_at_1pct_fpr": recall_at_false_positives(steps, honest, FALSE_POSITIVES),
        "cp100": card_precision(cards, TOP_CARDS, weights) if kind is None else None,
    }


def _drawn_weights(accounts: Sequence[int], owners: int, random: Random) -> list[float]:
    """How often each account is drawn when as many are drawn as there are, with replacement."""
    weights = [0.0] * owners
    for owner in random.choices(accounts, k=len(accounts)):
        weights[owner] += 1.0
    return weights


def _percentiles(drawn: Sequence[dict[str, float | None]]) -> dict[str, Interval]:
    """The middle 95 % of each measure over the drawings."""
    intervals: dict[str, Interval] = {}
    for name in drawn[0] if drawn else ():
        values = sorted(value for each in drawn if (value := each[name]) is not None)
        if values:
            edge = round(0.025 * (len(values) - 1))
            intervals[name] = (values[edge], values[-1 - edge])
    return intervals


def over_folds(folds: Sequence[FoldFigures], scenario: str | None = None) -> Figures | None:
    """One fold's figures, or the means over several with Student's interval; None when no fold has the scenario."""
    of = [fold.overall if scenario is None else fold.scenarios.get(scenario) for fold in folds]
    figures = [each for each in of if each is not None]
    if len(figures) <= 1:
        return figures[0] if figures else None
    means: dict[str, Any] = {}
    intervals: dict[str, Interval] = {}
    for name in ("auc", "ap", "recall_at_1pct_fpr", "cp100"):
        values = [value for each in figures if (value := getattr(each, name)) is not None]
        means[name] = mean(values) if values else None
        if len(values) > 1:
            half = _STUDENT[len(values) - 2] * stdev(values) / len(values) ** 0.5
            intervals[name] = (max(means[name] - half, 0.0), min(means[name] + half, 1.0))
    return Figures(frauds=sum(each.frauds for each in figures), intervals=intervals, **means)
