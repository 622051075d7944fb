"""The plots of a backtest's page, each with the table it was drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from math import sqrt

from services.lab.backtest.charts import Frame, Point, Series, bars, lines, reliability
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


def section(title: str, body: str, note: str = "", css: str = "") -> str:
    """A card of the page; `title` and `note` are text, `body` is HTML."""
    said = f'<p class="soft">{escape(note)}</p>' if note else ""
    return f'<section class="{css}"><h2>{escape(title)}</h2>{said}{body}</section>'


def table(heads: Sequence[str], body: str, css: str = "") -> str:
    """A table of HTML heads and rows that scrolls by itself where the page is narrow."""
    cells = "".join(f'<th scope="col">{head}</th>' for head in heads)
    return f'<div class="scroll"><table class="{css}"><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table></div>'


def moment(at: float) -> str:
    """Epoch seconds as text, UTC to the minute."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


def days(comparison: Comparison, t: dict[str, str]) -> str:
    """Challenges, alerts, stops and cases day by day."""
    numbers = _day_numbers(comparison.sides)
    dates = [f"{datetime.fromtimestamp(day * _DAY_S, UTC):%Y-%m-%d}" for day in numbers]
    charts, columns, heads = [], [], [escape(t["day"])]
    for name, picked in _BY_DAY:
        what = t[f"{name}_short"]
        a, b = (_daily(side, numbers, picked) for side in comparison.sides)
        columns += [a, b]
        heads += [f"{escape(what)} {side}" for side in "AB"]
        frame = Frame(t["by_day"].format(what=what), _said_by_day(what, a, b, t), t["day"], what)
        chart = lines(frame, [date[5:] for date in dates], (Series("A", "a", a), Series("B", "b", b)))
        charts.append(f"<figure><h3>{escape(frame.title)}</h3>{chart}</figure>")
    body = "".join(
        f'<tr><th scope="row">{date}</th>{"".join(f"<td>{column[index]:,}</td>" for column in columns)}</tr>'
        for index, date in enumerate(dates)
    )
    return section(t["days"], f'<div class="grid2">{"".join(charts)}</div>' + _behind(heads, body, t))


def _day_numbers(sides: tuple[Side, Side]) -> list[int]:
    """Every day from the first to the last; where events lie years apart, only the days that have any."""
    known = sorted(set(sides[0].days) | set(sides[1].days))
    whole = range(known[0], known[-1] + 1) if known else range(0)
    return list(whole) if len(whole) <= 3 * len(known) + 30 else known


def _said_by_day(what: str, a: Sequence[int], b: Sequence[int], t: dict[str, str]) -> str:
    return t["by_day_text"].format(
        what=what, a=_mean(a), b=_mean(b), a_most=f"{max(a, default=0):,}", b_most=f"{max(b, default=0):,}"
    )


def scores(comparison: Comparison, t: dict[str, str]) -> str:
    """How events are spread over the scores, apart by what is known of them."""
    labels = [f"{low}–{min(low + _STEP - 1, 100)}" for low in range(0, 100, _STEP)]
    labels[-1] = "95–100"
    charts, columns, heads = [], [], [escape(t["score_axis"])]
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
        frame = Frame(
            t["scores_of"].format(truth=t[truth]),
            t["scores_text"].format(details=said),
            t["score_axis"],
            t["count"],
        )
        chart = bars(frame, labels, (Series("A", "a", counts[0]), Series("B", "b", counts[1])))
        charts.append(
            f'<figure><h3>{escape(frame.title)}</h3>{chart}<p class="soft">{escape(said)}</p></figure>'
        )
        columns += counts
        heads += [f"{escape(t[truth])} {side}" for side in "AB"]
    body = "".join(
        f'<tr><th scope="row">{label}</th>{"".join(f"<td>{column[index]:,}</td>" for column in columns)}</tr>'
        for index, label in enumerate(labels)
    )
    return section(
        t["scores"],
        f'<div class="grid2">{"".join(charts)}</div>' + _behind(heads, body, t),
        note=t["scores_note"],
    )


def curve(comparison: Comparison, t: dict[str, str]) -> str:
    """Stated risk against the share of fraud."""
    curves = [
        (name, css, [_point(each) for each in side.bins if each.events])
        for name, css, side in zip("AB", "ab", comparison.sides, strict=True)
    ]
    said = " ".join(
        f"{name}: " + ", ".join(f"{percent(point.x)} → {percent(point.y)}" for point in points) + "."
        for name, _css, points in curves
    )
    frame = Frame(
        t["reliability"], t["reliability_text"].format(details=said), t["risk_axis"], t["truth_axis"]
    )
    body = "".join(
        f'<tr><th scope="row">{min(edge, 1.0):g}</th>{"".join(_bin_cells(side.bins[index]) for side in comparison.sides)}</tr>'
        for index, edge in enumerate(RISK_EDGES)
    )
    heads = [escape(t["bin"])] + [
        escape(t[name].format(side=side)) for side in "AB" for name in ("bin_events", "bin_risk", "bin_truth")
    ]
    chart = f"<figure>{reliability(frame, curves)}</figure>"
    return section(t["reliability"], chart + _behind(heads, body, t), note=t["reliability_note"])


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


def _bin_cells(counted: Bin) -> str:
    if not counted.events:
        return "<td>0</td><td>–</td><td>–</td>"
    point = _point(counted)
    interval = f'<span class="soft">({percent(point.low)} – {percent(point.high)})</span>'
    return (
        f"<td>{counted.events:,}</td><td>{percent(point.x, 2)}</td><td>{percent(point.y, 2)} {interval}</td>"
    )


def _behind(heads: Sequence[str], body: str, t: dict[str, str]) -> str:
    return f"<details><summary>{escape(t['table'])}</summary>{table(heads, body)}</details>"


def _daily(side: Side, numbers: Sequence[int], columns: Sequence[int]) -> list[int]:
    return [sum(side.days[day][column] for column in columns) if day in side.days else 0 for day in numbers]


def _stepped(counts: Sequence[int]) -> list[int]:
    steps = [sum(counts[low : low + _STEP]) for low in range(0, 100, _STEP)]
    steps[-1] += counts[100]
    return steps


def _mean(counts: Sequence[int]) -> str:
    return figure(sum(counts) / max(1, len(counts)))
