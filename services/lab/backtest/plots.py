"""The plots of a backtest's page, each with the table it was drawn from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from math import sqrt

from markupsafe import Markup
from msgspec import Struct

from services.lab.backtest.charts import Chart, Curve, Point, Series
from services.lab.backtest.comparison import Comparison
from services.lab.backtest.side import ALERTS, CASES, CHALLENGES, DENIALS, HOLDS, RISK_EDGES, Bin, Side
from services.lab.backtest.summary import figure, percent

_DAY_S = 86_400
_STEP = 5
_Z95 = 1.959964
_SHOWN_FROM = 40
_BY_DAY = (
    ("challenges", (CHALLENGES,)),
    ("alerts", (ALERTS,)),
    ("stopped", (HOLDS, DENIALS)),
    ("cases", (CASES,)),
)


class Plots(Struct, frozen=True):
    """A section of plots, and the table behind them: its heads, and rows of a name and its cells."""

    title: str
    charts: list[Chart]
    heads: list[str]
    rows: list[tuple[str, list[str]]]
    note: str = ""


def plotted(comparison: Comparison, t: dict[str, str]) -> Iterator[Plots]:
    """All of them; the reliability curve only where labels tell the truth."""
    yield _days(comparison, t)
    yield _scores(comparison, t)
    if comparison.labelled:
        yield _curve(comparison, t)


def _days(comparison: Comparison, t: dict[str, str]) -> Plots:
    """Challenges, alerts, stops and cases day by day."""
    numbers = _day_numbers(comparison.sides)
    dates = [f"{datetime.fromtimestamp(day * _DAY_S, UTC):%Y-%m-%d}" for day in numbers]
    charts: list[Chart] = []
    columns: list[list[int]] = []
    heads = [t["day"]]
    for name, picked in _BY_DAY:
        what = t[f"{name}_short"]
        a, b = (_daily(side, numbers, picked) for side in comparison.sides)
        columns += [a, b]
        heads += [f"{what} {side}" for side in "AB"]
        charts.append(
            Chart(
                "lines",
                t["by_day"].format(what=what),
                _said_by_day(what, a, b, t),
                t["day"],
                what,
                (Series("A", "a", a), Series("B", "b", b)),
                [date[5:] for date in dates],
            )
        )
    return Plots(t["days"], charts, heads, _table(dates, columns))


def _day_numbers(sides: tuple[Side, Side]) -> list[int]:
    """Every day from the first to the last; where events lie years apart, only the days that have any."""
    known = sorted(set(sides[0].days) | set(sides[1].days))
    whole = range(known[0], known[-1] + 1) if known else range(0)
    return list(whole) if len(whole) <= 3 * len(known) + 30 else known


def _said_by_day(what: str, a: Sequence[int], b: Sequence[int], t: dict[str, str]) -> str:
    return t["by_day_text"].format(
        what=what, a=_mean(a), b=_mean(b), a_most=f"{max(a, default=0):,}", b_most=f"{max(b, default=0):,}"
    )


def _scores(comparison: Comparison, t: dict[str, str]) -> Plots:
    """How events are spread over the scores, apart by what is known of them."""
    labels = [f"{low}–{min(low + _STEP - 1, 100)}" for low in range(0, 100, _STEP)]
    labels[-1] = "95–100"
    charts: list[Chart] = []
    columns: list[list[int]] = []
    heads = [t["score_axis"]]
    for truth in ("fraud", "honest", "unknown"):
        counts = [_stepped(side.scores[truth]) for side in comparison.sides]
        if not any(map(sum, counts)):
            continue
        said = " ".join(
            t["above"].format(
                name=name,
                count=f"{sum(side.scores[truth][_SHOWN_FROM:]):,}",
                all=f"{sum(side.scores[truth]):,}",
            )
            for name, side in zip("AB", comparison.sides, strict=True)
        )
        charts.append(
            Chart(
                "bars",
                t["scores_of"].format(truth=t[truth]),
                t["scores_text"].format(details=said),
                t["score_axis"],
                t["count"],
                (Series("A", "a", counts[0]), Series("B", "b", counts[1])),
                labels,
                said,
            )
        )
        columns += counts
        heads += [f"{t[truth]} {side}" for side in "AB"]
    return Plots(t["scores"], charts, heads, _table(labels, columns), t["scores_note"])


def _curve(comparison: Comparison, t: dict[str, str]) -> Plots:
    """Stated risk against the share of fraud."""
    curves = [
        Curve(css, [_point(each) for each in side.bins if each.events])
        for css, side in zip("ab", comparison.sides, strict=True)
    ]
    said = " ".join(
        f"{curve.css.upper()}: "
        + ", ".join(f"{percent(point.x)} → {percent(point.y)}" for point in curve.points)
        + "."
        for curve in curves
    )
    chart = Chart(
        "reliability",
        t["reliability"],
        t["reliability_text"].format(details=said),
        t["risk_axis"],
        t["truth_axis"],
        curves,
    )
    rows = [
        (f"{min(edge, 1.0):g}", [cell for side in comparison.sides for cell in _bin_cells(side.bins[index])])
        for index, edge in enumerate(RISK_EDGES)
    ]
    names = ("bin_events", "bin_risk", "bin_truth")
    heads = [t["bin"]] + [t[name].format(side=side) for side in "AB" for name in names]
    return Plots(t["reliability"], [chart], heads, rows, t["reliability_note"])


def wilson(part: int, whole: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927); (0, 1) for no observations."""
    if not whole:
        return 0.0, 1.0
    share, z2 = part / whole, _Z95 * _Z95
    middle = (share + z2 / (2 * whole)) / (1 + z2 / whole)
    reach = _Z95 * sqrt(share * (1 - share) / whole + z2 / (4 * whole * whole)) / (1 + z2 / whole)
    return max(0.0, middle - reach), min(1.0, middle + reach)


def _point(counted: Bin) -> Point:
    low, high = wilson(counted.frauds, counted.events)
    return Point(counted.risk_sum / counted.events, counted.frauds / counted.events, low, high)


def _bin_cells(counted: Bin) -> list[str]:
    if not counted.events:
        return ["0", "–", "–"]
    point = _point(counted)
    interval = Markup('<span class="soft">({} – {})</span>').format(percent(point.low), percent(point.high))
    return [f"{counted.events:,}", percent(point.x, 2), Markup("{} {}").format(percent(point.y, 2), interval)]


def _table(names: Sequence[str], columns: Sequence[Sequence[int]]) -> list[tuple[str, list[str]]]:
    return [(name, [f"{column[index]:,}" for column in columns]) for index, name in enumerate(names)]


def _daily(side: Side, numbers: Sequence[int], columns: Sequence[int]) -> list[int]:
    return [sum(side.days[day][column] for column in columns) if day in side.days else 0 for day in numbers]


def _stepped(counts: Sequence[int]) -> list[int]:
    steps = [sum(counts[low : low + _STEP]) for low in range(0, 100, _STEP)]
    steps[-1] += counts[100]
    return steps


def _mean(counts: Sequence[int]) -> str:
    return figure(sum(counts) / max(1, len(counts)))
