"""The command `payguard evaluate`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from services.cli.feedback import BadLines, progress, size_of
from services.cli.options import EventFile, Json, ModelFile, existing, print_json, run, settings_from

if TYPE_CHECKING:
    from services.lab.evaluate.evaluate import Figures, FoldFigures
    from services.lab.evaluate.measures import Fold

_MEASURES = {
    "auc": "AUC-ROC",
    "ap": "average precision",
    "cp100": "card precision@100",
    "recall_at_1pct_fpr": "recall at 1 % false positives",
}


def evaluate(
    file: EventFile,
    test_from: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="First day measured (UTC).")
    ],
    test_to: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="Last day measured.")
    ],
    train_from: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="DATE",
            help="Accounts with a fraud since then are left out once it is known. Not given: a week and the delay before.",
        ),
    ] = None,
    folds: Annotated[int, typer.Option(min=1, max=10, help="This fold and so many less one before it.")] = 1,
    label_delay_days: Annotated[
        int, typer.Option(min=0, help="Days until a fraud makes its account known.")
    ] = 7,
    keep_known: Annotated[
        bool, typer.Option("--keep-known", help="Leave no account out whose fraud is known.")
    ] = False,
    policy: Annotated[Path | None, typer.Option(metavar="FILE", help="Another policy (TOML).")] = None,
    model: ModelFile = None,
    replicates: Annotated[
        int, typer.Option(min=0, help="Drawings of accounts for the intervals; 0: none.")
    ] = 200,
    seed: Annotated[int, typer.Option(help="The same seed gives the same intervals.")] = 1,
    as_json: Json = False,
) -> None:
    """How well the risks of a replay rank labelled fraud: AUC, average precision, card precision, recall at few false alarms.

    Replays the whole FILE and measures the events of the test days that carry a `label` with `fraud`. Intervals hold
    95 %: accounts drawn again for one fold, Student's over several.

    [dim]Example:[/dim]

      payguard evaluate handbook.jsonl.gz --test-from 2018-07-18 --test-to 2018-07-24
    """
    from services.lab.evaluate.evaluate import EvaluateOptions, collect
    from services.lab.evaluate.evaluate import evaluate as measure

    first = fold_of(test_from, test_to, train_from, label_delay_days)
    chosen = tuple(first.back(index) for index in range(folds))
    options = EvaluateOptions(chosen, None if keep_known else label_delay_days, replicates, seed)
    settings = settings_from(
        policy=existing(policy) if policy else None, model=existing(model) if model else None
    )
    bad = BadLines()
    with progress("replaying", size_of(existing(file))) as step:
        collected = run(collect(settings, file, chosen, bad.note, step))
    figures = measure(collected, options)
    if as_json:
        print_json({**as_figures(figures), "refused_lines": bad.count})
    else:
        show(figures)
    bad.end()


def fold_of(
    test_from: datetime, test_to: datetime, train_from: datetime | None, label_delay_days: int
) -> Fold:
    """The fold the flags name; a usage error for days in the wrong order."""
    from services.lab.evaluate.measures import TRAIN_DAYS, Fold, day_number

    if test_to < test_from:
        raise typer.BadParameter("--test-to lies before --test-from")
    first = day_number(test_from.date())
    begin = first - label_delay_days - TRAIN_DAYS if train_from is None else day_number(train_from.date())
    if begin > first:
        raise typer.BadParameter("--train-from lies after --test-from")
    return Fold(begin, first, day_number(test_to.date()))


def as_figures(folds: Sequence[FoldFigures]) -> dict[str, Any]:
    """The figures as one object: the measures and their intervals over all folds, by scenario, and each fold."""
    from msgspec import to_builtins

    from services.lab.evaluate.evaluate import over_folds

    overall: dict[str, Any] = to_builtins(over_folds(folds))
    names = sorted({name for fold in folds for name in fold.scenarios})
    overall["scenarios"] = {name: _of_scenario(to_builtins(over_folds(folds, name))) for name in names}
    overall["events"] = sum(fold.events for fold in folds)
    if len(folds) > 1:
        overall["folds"] = to_builtins(folds)
    else:
        overall.update(test_from=folds[0].test_from, test_to=folds[0].test_to, accounts=folds[0].accounts)
    return overall


def _of_scenario(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in figures.items() if name != "cp100"}


def show(folds: Sequence[FoldFigures]) -> None:
    """Tables on standard output."""
    from rich.table import Table

    from services.lab.evaluate.evaluate import over_folds
    from services.platform.plain_console import PlainConsole, right

    days = ", ".join(f"{fold.test_from} to {fold.test_to}" for fold in folds)
    events, frauds = sum(fold.events for fold in folds), sum(fold.overall.frauds for fold in folds)
    title = f"{days}: {events:,} events measured, {frauds:,} frauds"
    table = Table("frauds of", *right("how many", *_MEASURES.values()), title=title)
    names = sorted({name for fold in folds for name in fold.scenarios})
    for name, figures in (("all", over_folds(folds)), *((name, over_folds(folds, name)) for name in names)):
        if figures is not None:
            table.add_row(name, f"{figures.frauds:,}", *(_cell(figures, measure) for measure in _MEASURES))
    PlainConsole().print(table)


def _cell(figures: Figures, measure: str) -> str:
    value = getattr(figures, measure)
    if value is None:
        return ""
    interval = figures.intervals.get(measure)
    if interval is None:
        return f"{value:.3f}"
    return f"{value:.3f}\n{interval[0]:.3f} to {interval[1]:.3f}"
