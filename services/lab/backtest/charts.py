"""Plots as inline SVG: lines over days, paired bars, and a reliability curve. Their marks are in `templates/charts.svg.j2`.

Each has a title and a description for readers who hear it, marks that differ in shape as well as colour, and text in the page's
own font. Nothing is loaded from anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from math import ceil, floor, log10
from typing import Any, Literal

from msgspec import Struct

WIDTH, HEIGHT = 560, 235
LEFT, RIGHT, TOP, BOTTOM = 60, 26, 12, 44
Spot = tuple[float, float]


class Series(Struct, frozen=True):
    """One row of values; `css` (a, b) is its colour and its mark."""

    name: str
    css: str
    counts: Sequence[float]

    def spots(self, steps: int, top: float) -> list[Spot]:
        """Where its values lie when the axes go to so many steps and to `top`."""
        return [(_x(index / steps), _y(value / top)) for index, value in enumerate(self.counts)]


class Point(Struct, frozen=True):
    """A point of a reliability curve, with the bounds of its interval; all shares in 0..1."""

    x: float
    y: float
    low: float
    high: float


class Curve(Struct, frozen=True):
    """A reliability curve; `css` (a, b) is its colour and its mark."""

    css: str
    points: Sequence[Point]

    def spots(self) -> list[Spot]:
        """Where its points lie."""
        return [(_x(_log_share(point.x)), _y(_log_share(point.y))) for point in self.points]


class Chart(Struct, frozen=True):
    """A plot: its name, what there is to see, what its axes count, and what is drawn.

    `lines` begin at zero. `bars` have a logarithmic axis (0 has no bar), as counts differ by powers of ten. Both have Series over
    `labels`, `reliability` has Curves. `said` stands below.
    """

    kind: Literal["lines", "bars", "reliability"]
    title: str
    description: str
    x_unit: str
    y_unit: str
    series: Sequence[Any]
    labels: Sequence[str] = ()
    said: str = ""

    @property
    def largest(self) -> float:
        """The largest value of all series."""
        return max((max(each.counts, default=0.0) for each in self.series), default=0.0)


def nice_ticks(largest: float, wanted: int = 4) -> list[float]:
    """Round numbers from zero to just above `largest`."""
    if largest <= 0:
        return [0.0, 1.0]
    rough = largest / wanted
    size = 10.0 ** floor(log10(rough))
    step = next(factor * size for factor in (1.0, 2.0, 5.0, 10.0) if factor * size >= rough * 0.999)
    return [step * index for index in range(ceil(largest / step - 1e-9) + 1)]


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(share: float) -> float:
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _log_share(share: float) -> float:
    return (log10(min(max(share, 0.001), 1.0)) + 3.0) / 3.0


def _clear_of(taken: Sequence[float], y: float) -> float:
    for other in taken:
        if abs(other - y) < 14:
            return other - 14 if y <= other else other + 14
    return y


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:,.3g}"


#: What the templates of plots may use.
DRAWING: dict[str, Any] = {
    "WIDTH": WIDTH,
    "HEIGHT": HEIGHT,
    "LEFT": LEFT,
    "RIGHT": RIGHT,
    "BOTTOM": BOTTOM,
    "MOST_MARKS": 45,
    "next_id": count(1).__next__,
    "x": _x,
    "y": _y,
    "log_share": _log_share,
    "nice_ticks": nice_ticks,
    "plain_number": _plain,
    "clear_of": _clear_of,
    "every": lambda labels, most: max(1, ceil(len(labels) / most)),
    "decades_to": lambda largest: max(1, ceil(log10(max(largest, 1.0) + 1e-9))),
    # One event is a tenth of a decade high, so that it can be seen at all.
    "bar_height": lambda count: max(0.1, log10(count)),
}
