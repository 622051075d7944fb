"""Plots as inline SVG, drawn here: lines over days, paired bars, and a reliability curve. Colours come from the page's style.

Each has a title and a description for readers who hear it, marks that differ in shape as well as colour, and text in the page's
own font. Nothing is loaded from anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import count
from math import ceil, floor, log10

from msgspec import Struct

WIDTH, HEIGHT = 560, 235
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 26, 12, 44
_MOST_MARKS = 45
_ids = count(1)


class Series(Struct, frozen=True):
    """One row of values; `css` (a, b) is its colour and its mark."""

    name: str
    css: str
    values: Sequence[float]


class Point(Struct, frozen=True):
    """A point of a reliability curve, with the bounds of its interval; all shares in 0..1."""

    x: float
    y: float
    low: float
    high: float


class Frame(Struct, frozen=True):
    """What a plot says of itself: its name, what there is to see, and what its axes count."""

    title: str
    description: str
    x_unit: str
    y_unit: str


def lines(frame: Frame, labels: Sequence[str], series: Sequence[Series]) -> str:
    """Lines over `labels`, from zero."""
    ticks = nice_ticks(max((max(each.values, default=0.0) for each in series), default=0.0))
    top, steps = ticks[-1], max(1, len(labels) - 1)
    parts = _y_axis(ticks, top) + _x_labels(labels, steps)
    ends: list[float] = []
    # The first one last: it is dashed and its marks are open, so that the other shows through.
    for each in reversed(series):
        spots = [(_x(index / steps), _y(value / top)) for index, value in enumerate(each.values)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        parts.append(f'<polyline class="line {each.css}" points="{path}"/>')
        if len(spots) <= _MOST_MARKS:
            parts += [_mark(each.css, x, y) for x, y in spots]
        if spots:
            end = _clear_of(ends, spots[-1][1])
            ends.append(end)
            parts.append(
                f'<text class="name {each.css}" x="{spots[-1][0] + 9:.1f}" y="{end + 4:.1f}">{_t(each.name)}</text>'
            )
    return _svg(frame, parts)


def bars(frame: Frame, labels: Sequence[str], series: Sequence[Series]) -> str:
    """Paired bars on a logarithmic axis (0 has no bar), as counts differ by powers of ten."""
    largest = max((max(each.values, default=0.0) for each in series), default=0.0)
    decades = max(1, ceil(log10(max(largest, 1.0) + 1e-9)))
    parts = []
    for decade in range(decades + 1):
        y = _y(decade / decades)
        parts.append(_grid(y))
        parts.append(_y_text(y, f"{10**decade:,}"))
    slot = (WIDTH - _LEFT - _RIGHT) / max(1, len(labels))
    wide = slot * 0.8 / max(1, len(series))
    for place, each in enumerate(series):
        for index, value in enumerate(each.values):
            if value <= 0:
                continue
            # One event is a tenth of a decade high, so that it can be seen at all.
            share = max(0.1, log10(value)) / decades
            x, y = _LEFT + index * slot + slot * 0.1 + place * wide, _y(share)
            parts.append(
                f'<rect class="bar {each.css}" x="{x:.1f}" y="{y:.1f}" width="{wide - 1:.1f}" '
                f'height="{HEIGHT - _BOTTOM - y:.1f}"><title>{_t(each.name)} {_t(labels[index])}: {value:,.0f}</title></rect>'
            )
    every = max(1, len(labels) // 6)
    for index in range(0, len(labels), every):
        parts.append(_x_text(_LEFT + (index + 0.5) * slot, labels[index]))
    return _svg(frame, parts)


def reliability(frame: Frame, curves: Sequence[tuple[str, str, Sequence[Point]]]) -> str:
    """Said against found, both logarithmic from 0.1 % to 100 %; `curves` are (name, css, points). On the diagonal all is well."""
    parts = []
    for share, text in ((0.001, "0.1 %"), (0.01, "1 %"), (0.1, "10 %"), (1.0, "100 %")):
        y = _y(_log_share(share))
        parts += [_grid(y), _y_text(y, text), _x_text(_x(_log_share(share)), text)]
    parts.append(f'<line class="even" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>')
    for _name, css, points in reversed(curves):
        spots = [(_x(_log_share(point.x)), _y(_log_share(point.y))) for point in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        parts.append(f'<polyline class="line {css}" points="{path}"/>')
        for point, (x, y) in zip(points, spots, strict=True):
            low, high = _y(_log_share(point.low)), _y(_log_share(point.high))
            parts.append(
                f'<line class="span {css}" x1="{x:.1f}" y1="{low:.1f}" x2="{x:.1f}" y2="{high:.1f}"/>'
            )
            parts.append(_mark(css, x, y))
    return _svg(frame, parts)


def nice_ticks(largest: float, wanted: int = 4) -> list[float]:
    """Round numbers from zero to just above `largest`."""
    if largest <= 0:
        return [0.0, 1.0]
    rough = largest / wanted
    size = 10.0 ** floor(log10(rough))
    step = next(factor * size for factor in (1.0, 2.0, 5.0, 10.0) if factor * size >= rough * 0.999)
    return [step * index for index in range(ceil(largest / step - 1e-9) + 1)]


def _svg(frame: Frame, parts: Sequence[str]) -> str:
    number = next(_ids)
    return (
        f'<svg role="img" viewBox="0 0 {WIDTH} {HEIGHT}" aria-labelledby="t{number} d{number}">'
        f'<title id="t{number}">{_t(frame.title)}</title><desc id="d{number}">{_t(frame.description)}</desc>'
        + "".join(parts)
        + f'<text class="unit" x="{_LEFT}" y="{HEIGHT - 4}">{_t(frame.x_unit)}</text>'
        f'<text class="unit" transform="translate(11 {HEIGHT - _BOTTOM}) rotate(-90)">{_t(frame.y_unit)}</text></svg>'
    )


def _x(share: float) -> float:
    return _LEFT + share * (WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)


def _log_share(share: float) -> float:
    return (log10(min(max(share, 0.001), 1.0)) + 3.0) / 3.0


def _y_axis(ticks: Sequence[float], top: float) -> list[str]:
    parts = []
    for tick in ticks:
        y = _y(tick / top)
        parts += [_grid(y), _y_text(y, _plain(tick))]
    return parts


def _x_labels(labels: Sequence[str], steps: int) -> list[str]:
    every = max(1, ceil(len(labels) / 7))
    return [_x_text(_x(index / steps), labels[index]) for index in range(0, len(labels), every)]


def _mark(css: str, x: float, y: float) -> str:
    if css == "a":
        return f'<circle class="mark a" cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
    return f'<rect class="mark b" x="{x - 3:.1f}" y="{y - 3:.1f}" width="6" height="6"/>'


def _clear_of(taken: Sequence[float], y: float) -> float:
    for other in taken:
        if abs(other - y) < 14:
            return other - 14 if y <= other else other + 14
    return y


def _grid(y: float) -> str:
    return f'<line class="grid" x1="{_LEFT}" y1="{y:.1f}" x2="{WIDTH - _RIGHT}" y2="{y:.1f}"/>'


def _y_text(y: float, text: str) -> str:
    return f'<text class="tick y" x="{_LEFT - 7}" y="{y + 4:.1f}">{_t(text)}</text>'


def _x_text(x: float, text: str) -> str:
    return f'<text class="tick x" x="{x:.1f}" y="{HEIGHT - _BOTTOM + 17}">{_t(text)}</text>'


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:,.3g}"


def _t(text: str) -> str:
    return escape(text)
