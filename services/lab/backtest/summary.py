"""What a backtest came to, in plain words and as rows of figures with units: for the terminal and for the page alike."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from contracts.actions import KINDS
from services.lab.backtest.comparison import Comparison
from services.lab.backtest.side import ALERTS, CASES, CHALLENGES, DENIALS, HOLDS, Money, Side
from services.scoring.explain import money

LOCALES = ("en", "zh-CN")


@cache
def texts(locale: str) -> dict[str, str]:
    """Every text by its name, read once. Raises ValueError for a locale without texts."""
    if locale not in LOCALES:
        raise ValueError(f"no texts for locale {locale!r}; known: {', '.join(LOCALES)}")
    parsed = tomllib.loads(files("services.lab.backtest").joinpath("texts.toml").read_text("utf-8"))
    actions = {f"action_{kind.name}": kind.zh_cn if locale == "zh-CN" else kind.name for kind in KINDS}
    return actions | {name: said[locale] for name, said in parsed.items()}


_CURRENCIES_TOLD = 3


class Row(NamedTuple):
    """One figure of both policies and their difference, as people read them; `rises` says how B differs (-1, 0, 1)."""

    name: str
    first: str
    second: str
    difference: str
    rises: int


def sentences(comparison: Comparison, locale: str) -> list[str]:
    """The outcome in a few sentences."""
    t, sides = texts(locale), comparison.sides
    events, changed = comparison.events, comparison.changed
    said = [
        t["changed"].format(changed=f"{changed:,}", events=f"{events:,}", share=percent(changed / events, 2))
        if changed
        else t["changed_none"].format(events=f"{events:,}")
    ]
    names = ("challenges", "alerts", "holds", "denials", "cases")
    columns = (CHALLENGES, ALERTS, HOLDS, DENIALS, CASES)
    said.append(
        t["daily"].format(
            **{
                name: t["and"].format(a=figure(sides[0].a_day(column)), b=figure(sides[1].a_day(column)))
                for name, column in zip(names, columns, strict=True)
            }
        )
    )
    weeks = comparison.weeks
    said.append(t["bothered"].format(a=percent(weeks.never_bothered(0)), b=percent(weeks.never_bothered(1))))
    if not comparison.labelled:
        return [*said, t["unlabelled"]]
    frauds = [side.stopped[True, True] for side in sides]
    if frauds[0] + sides[0].stopped[True, False]:
        said.append(
            t["caught"].format(
                frauds=f"{frauds[0] + sides[0].stopped[True, False]:,}",
                a=f"{frauds[0]:,}",
                b=f"{frauds[1]:,}",
                a_share=percent(sides[0].recall()),
                b_share=percent(sides[1].recall()),
                a_precision=percent(sides[0].precision()),
                b_precision=percent(sides[1].precision()),
            )
        )
    said.append(_trade(frauds[1] - frauds[0], _honest(sides[1]) - _honest(sides[0]), t))
    if sides[0].money:
        said.append(t["loss"].format(amounts=_caught(sides, locale)))
    return said


def rows(comparison: Comparison, locale: str) -> list[Row]:
    """Every figure side by side."""
    t, weeks = texts(locale), comparison.weeks
    first, second = comparison.sides
    found = [
        _row(t[name], first.a_day(column), second.a_day(column))
        for name, column in (
            ("alerts", ALERTS),
            ("challenges", CHALLENGES),
            ("holds", HOLDS),
            ("denials", DENIALS),
            ("cases", CASES),
        )
    ]
    found.append(_row(t["week_mean"], weeks.mean(0), weeks.mean(1)))
    for name, share in (("week_median", 0.5), ("week_p99", 0.99)):
        a, b = weeks.challenges(0, share), weeks.challenges(1, share)
        found.append(Row(t[name], f"{a:,}", f"{b:,}", _signed(b - a, ""), _sign(b - a)))
    found.append(_share_row(t["never"], weeks.never_bothered(0), weeks.never_bothered(1), t["points"]))
    if comparison.labelled:
        found.append(_share_row(t["precision"], first.precision(), second.precision(), t["points"]))
        found.append(_share_row(t["recall"], first.recall(), second.recall(), t["points"]))
        found.append(
            _share_row(t["fpr"], first.false_positive_rate(), second.false_positive_rate(), t["points"], 3)
        )
    for currency, asked in sorted(first.money.items()):
        caught = second.money.get(currency, Money()).caught
        found.append(
            Row(
                t["caught_loss"].format(currency=currency),
                f"{asked.caught:,.2f}",
                f"{caught:,.2f}",
                _signed(round(caught - asked.caught, 2), ".2f"),
                _sign(round(caught - asked.caught, 2)),
            )
        )
    return found


def scenario_rows(comparison: Comparison, locale: str) -> list[tuple[str, str, str, str]]:
    """Each labelled scenario by name: its frauds, and how many of them A and B stop; empty without labels."""
    first, second = comparison.sides
    found = []
    for name, (frauds, stopped) in sorted(first.scenarios.items()):
        shown = name.replace("_", " ") or texts(locale)["unnamed"]
        others = second.scenarios.get(name, [0, 0])[1]
        by_side = [f"{count:,} ({percent(count / frauds, 0)})" for count in (stopped, others)]
        found.append((shown, f"{frauds:,}", by_side[0], by_side[1]))
    return found


def period(comparison: Comparison, locale: str) -> str:
    """When, how long, how many."""
    first, last = (
        f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}" for at in (comparison.first_at, comparison.last_at)
    )
    return texts(locale)["period"].format(
        first=first,
        last=last,
        days=f"{len(comparison.sides[0].days):,}",
        events=f"{comparison.events:,}",
        accounts=f"{comparison.weeks.accounts:,}",
    )


def percent(share: float | None, places: int = 1) -> str:
    """A share as people read it; a dash for one that is not known."""
    return "–" if share is None else f"{100 * share:.{places}f} %"


def figure(value: float) -> str:
    """A rate: whole from a hundred on, one place from one on, else two."""
    return (
        f"{value:,.0f}" if value >= 100 or value == 0 else f"{value:,.1f}" if value >= 1 else f"{value:.2f}"
    )


def _caught(sides: tuple[Side, Side], locale: str) -> str:
    """The currencies with most fraud payments; the others stand in the table."""
    t, asked = texts(locale), sides[0].money
    most = sorted(asked, key=lambda currency: (-asked[currency].payments, currency))[:_CURRENCIES_TOLD]
    return t["next"].join(
        t["of"].format(
            asked=money(asked[currency].asked, currency, locale),
            a=money(asked[currency].caught, currency, locale),
            b=money(sides[1].money.get(currency, Money()).caught, currency, locale),
        )
        for currency in most
    )


def _trade(frauds: int, honest: int, t: dict[str, str]) -> str:
    words = {1: "more", 0: "same", -1: "less"}
    name = f"{words[_sign(frauds)]}_{words[_sign(honest)]}"
    ratio = f"{abs(honest) / abs(frauds):,.1f}" if frauds else ""
    return t[name].format(frauds=f"{abs(frauds):,}", honest=f"{abs(honest):,}", ratio=ratio)


def _honest(side: Side) -> int:
    return side.stopped[False, True]


def _row(name: str, first: float, second: float) -> Row:
    difference = second - first
    shown = figure(abs(difference))
    sign = 0 if float(shown.replace(",", "")) == 0 else _sign(difference)
    return Row(
        name, figure(first), figure(second), f"{'+' if sign > 0 else '-' if sign else ''}{shown}", sign
    )


def _share_row(name: str, first: float | None, second: float | None, points: str, places: int = 1) -> Row:
    if first is None or second is None:
        return Row(name, percent(first, places), percent(second, places), "–", 0)
    difference = round(100 * (second - first), places)
    shown = points.format(points=f"{difference:+.{places}f}" if difference else f"{0:.{places}f}")
    return Row(name, percent(first, places), percent(second, places), shown, _sign(difference))


def _signed(value: float, places: str) -> str:
    return f"{value:+,{places}}" if value else f"{value:,{places}}"


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
