"""A backtest in the terminal: words, figures side by side, the matrix of actions, and an example of each change."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from contracts.actions import ACTIONS
from services.lab.backtest.comparison import Comparison
from services.lab.backtest.summary import period, rows, scenario_rows, sentences, texts
from services.lab.summarise.replayed import words_in
from services.platform.plain_console import PlainConsole, plain, right, titled

_MOST_EXAMPLES = 8


def show(comparison: Comparison, locale: str, console: Console | None = None) -> None:
    """Print everything; tables that would be empty are left out."""
    console = console or PlainConsole()
    t, (first, second) = texts(locale), comparison.sides
    console.print(plain(t["title"].format(a=f"A {first.name}", b=f"B {second.name}"), "bold"))
    console.print(plain(period(comparison, locale), "dim"), end="\n\n")
    for sentence in sentences(comparison, locale):
        console.print(f"- {sentence}")
    console.print()
    console.print(_figures(comparison, locale))
    console.print(_matrix(comparison, locale))
    if first.scenarios:
        console.print(_scenarios(comparison, locale))
    if comparison.changed:
        console.print(_examples(comparison, locale))


def _figures(comparison: Comparison, locale: str) -> Table:
    t = texts(locale)
    shown = (
        (row.name, row.first, row.second, plain(row.difference, ("cyan", "", "yellow")[row.rises + 1]))
        for row in rows(comparison, locale)
    )
    return titled(t["figures"], [t["figure"], *right("A", "B", t["difference"])], shown)


def _matrix(comparison: Comparison, locale: str) -> Table:
    t = texts(locale)
    words = [t[f"action_{action}"] for action in ACTIONS]
    shown: list[Sequence[str | Text]] = []
    for rank, a in enumerate(ACTIONS):
        cells = []
        for other, b in enumerate(ACTIONS):
            found = comparison.pairs[a, b]
            style = "dim" if not found else "yellow" if other > rank else "cyan" if other < rank else ""
            cells.append(plain(f"{found:,}", style))
        shown.append((words[rank], *cells))
    return titled(t["matrix"], [t["matrix_corner"], *right(*words)], shown)


def _scenarios(comparison: Comparison, locale: str) -> Table:
    t = texts(locale)
    heads: list[Column | str] = [
        t["scenario"],
        *right(t["frauds"], *(t["stopped"].format(side=side) for side in "AB")),
    ]
    return titled(t["scenarios"], heads, scenario_rows(comparison, locale))


def _examples(comparison: Comparison, locale: str) -> Table:
    t, say = texts(locale), words_in(locale)
    shown = []
    for (a, b), kept in list(comparison.examples().items())[:_MOST_EXAMPLES]:
        example = kept[0]
        decision = example.decisions[1 if ACTIONS.index(b) > ACTIONS.index(a) else 0]
        truth = "" if example.marked.truth == "unknown" else f", {t[example.marked.truth]}"
        shown.append(
            (
                t[f"action_{a}"],
                t[f"action_{b}"],
                f"{comparison.pairs[a, b]:,}",
                f"{t[f'type_{decision.type}']} {decision.event_id}{truth}",
                " ".join(say(decision)[1:]),
            )
        )
    return titled(
        t["examples"], [Column(head, overflow="fold") for head in ("A", "B", t["count"], "", "")], shown
    )
