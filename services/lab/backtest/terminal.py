"""A backtest in the terminal: words, figures side by side, the matrix of actions, and an example of each change."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from contracts.actions import ACTIONS
from services.lab.backtest.comparison import Comparison
from services.lab.backtest.summary import period, rows, scenario_rows, sentences, texts
from services.lab.summarise.replayed import words_in
from services.platform.plain_console import PlainConsole, plain

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
    table = _table(t["figures"], t["figure"], ("A", "B", t["difference"]))
    for row in rows(comparison, locale):
        style = ("cyan", "", "yellow")[row.rises + 1]
        table.add_row(row.name, row.first, row.second, plain(row.difference, style))
    return table


def _matrix(comparison: Comparison, locale: str) -> Table:
    t = texts(locale)
    table = _table(t["matrix"], t["matrix_corner"], [t[f"action_{b}"] for b in ACTIONS])
    for rank, a in enumerate(ACTIONS):
        cells = []
        for other, b in enumerate(ACTIONS):
            found = comparison.pairs[a, b]
            style = "dim" if not found else "yellow" if other > rank else "cyan" if other < rank else ""
            cells.append(plain(f"{found:,}", style))
        table.add_row(t[f"action_{a}"], *cells)
    return table


def _scenarios(comparison: Comparison, locale: str) -> Table:
    t = texts(locale)
    table = _table(t["scenarios"], t["scenario"], (t["frauds"], *(t["stopped"].format(side=s) for s in "AB")))
    for row in scenario_rows(comparison, locale):
        table.add_row(*row)
    return table


def _examples(comparison: Comparison, locale: str) -> Table:
    t, say = texts(locale), words_in(locale)
    table = Table(title=t["examples"], title_justify="left", title_style="bold", header_style="dim")
    for head in ("A", "B", t["count"], "", ""):
        table.add_column(head, overflow="fold")
    for (a, b), kept in list(comparison.examples().items())[:_MOST_EXAMPLES]:
        example = kept[0]
        decision = example.decisions[1 if ACTIONS.index(b) > ACTIONS.index(a) else 0]
        truth = "" if example.marked.truth == "unknown" else f", {t[example.marked.truth]}"
        table.add_row(
            t[f"action_{a}"],
            t[f"action_{b}"],
            f"{comparison.pairs[a, b]:,}",
            f"{t[f'type_{decision.type}']} {decision.event_id}{truth}",
            " ".join(say(decision)[1:]),
        )
    return table


def _table(title: str, first: str, others: tuple[str, ...] | list[str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim")
    table.add_column(first)
    for head in others:
        table.add_column(head, justify="right")
    return table
