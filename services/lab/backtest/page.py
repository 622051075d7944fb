"""A backtest as one HTML page that needs no network and runs no script: words first, then figures, plots and their tables.

What stands where is said by `templates/page.html.j2`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from math import log1p

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from msgspec import Struct

from contracts.actions import ACTIONS, Action
from services.lab.backtest import plots
from services.lab.backtest.charts import DRAWING
from services.lab.backtest.comparison import Comparison, Example
from services.lab.backtest.summary import period, rows, scenario_rows, sentences, texts
from services.lab.summarise.replayed import words_in
from services.scoring.explain import money

_KEY_B = Markup('<span class="key-b">{}</span>')


class _Cell(Struct, frozen=True):
    """One pair of actions in the matrix."""

    found: int
    css: str
    heat: float
    fraud: int
    honest: int


def page(comparison: Comparison, locale: str) -> str:
    """The whole page. Raises ValueError for a locale without texts."""
    t = texts(locale)
    first, second = comparison.sides
    return (
        page_templates()
        .get_template("page.html.j2")
        .render(
            t=t,
            locale=locale,
            style=Markup(files("services.lab.backtest").joinpath("page.css").read_text("utf-8")),  # noqa: S704
            first=first,
            second=second,
            period=period(comparison, locale),
            sentences=sentences(comparison, locale),
            rows=rows(comparison, locale),
            matrix_heads=[t["matrix_corner"], *(_KEY_B.format(t[f"action_{action}"]) for action in ACTIONS)],
            matrix=[(a, [_cell(comparison, a, b) for b in ACTIONS]) for a in ACTIONS],
            pairs=comparison.pairs,
            examples=comparison.examples(),
            say=words_in(locale),
            what=lambda example: _what(example, locale),
            tag=lambda example: _tag(example, t),
            moment=lambda at: f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC",
            plotted=plots.plotted(comparison, t),
            scenarios=scenario_rows(comparison, locale),
            reading=_reading(comparison, t),
        )
    )


@cache
def page_templates() -> Environment:
    """The templates of the page and of its plots."""
    made = Environment(
        loader=PackageLoader("services.lab.backtest"),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    made.globals |= DRAWING
    return made


def _cell(comparison: Comparison, a: Action, b: Action) -> _Cell:
    found, stricter = comparison.pairs[a, b], ACTIONS.index(b) > ACTIONS.index(a)
    return _Cell(
        found,
        "same" if a == b else "more" if stricter else "less",
        log1p(found) / log1p(max(comparison.pairs.values(), default=1)),
        comparison.changed_truth[a, b, "fraud"],
        comparison.changed_truth[a, b, "honest"],
    )


def _what(example: Example, locale: str) -> str:
    what = texts(locale)[f"type_{example.decisions[0].type}"]
    if example.amount is None or example.currency is None:
        return what
    return f"{what} {money(example.amount, example.currency, locale)}"


def _tag(example: Example, t: dict[str, str]) -> str:
    marked = example.marked
    return t[marked.truth] + (f": {marked.scenario.replace('_', ' ')}" if marked.scenario else "")


def _reading(comparison: Comparison, t: dict[str, str]) -> list[str]:
    first, second = comparison.sides
    said = [t["made"], t[comparison.unanswered], t["stopped_means"]]
    if comparison.refused_lines:
        said.append(t["refused"].format(count=f"{comparison.refused_lines:,}"))
    return [*said, t["versions"].format(a=first.version, b=second.version)]
