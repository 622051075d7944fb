"""Small charts as SVG: columns and lines over time, bars with their values. Pure; their colours are the page's.

They are drawn at their own size and only shrink, so that their text stays 12 px. Each says in words what it shows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import log10
from unicodedata import east_asian_width

from markupsafe import Markup, escape
from msgspec import Struct

_W, _H = 320, 186
#: The width of a letter of 12 px, as most are; and what is left free beside a name.
_NARROW, _WIDE, _GAP = 6.1, 12.0, 2.0
_LEFT, _TOP, _FOOT, _SIDE = 46, 8, 20, 8
_DOT_STEP = 10
_NOT_AN_ID = re.compile(r"[^a-z0-9]+")


class Said(Struct, frozen=True):
    """What a chart is called, a name for its ids, and what it shows, in words."""

    name: str
    title: str
    desc: str


class Bar(Struct, frozen=True):
    """A bar: what of, how long, the value as it is written; `hot` where it calls for somebody."""

    name: str
    value: float
    shown: str
    hot: bool = False


class Mark(Struct, frozen=True):
    """A moment marked in columns: `at` counts columns from the left, and may lie between two."""

    at: float
    words: str


class Line(Struct, frozen=True):
    """A line: its values from the oldest to the newest, None where there is none; `style` is `""`, `b` or `d`."""

    name: str
    values: Sequence[float | None]
    style: str = ""


def columns(
    said: Said,
    values: Sequence[float],
    labels: Sequence[tuple[int, str]],
    hot: Sequence[int] = (),
    high: int = _H,
    wide: int = _W,
    marks: Sequence[Mark] = (),
    dots: Mapping[int, int] | None = None,
) -> Markup:
    """Columns over time, `wide` by `high` px; `labels` are (column, words) below, `hot` the columns that stand out.

    `marks` are lines with words at the top, `dots` how many red dots stand in a column, of which at most so many fit.
    """
    top = _top(max(values, default=0))
    slot = (wide - _LEFT - _SIDE) / max(len(values), 1)
    parts = _grid(top, "", _SIDE, high, wide)
    for at, value in enumerate(values):
        y = _y(value, top, high)
        style = "dang" if at in hot else "acc"
        x = _LEFT + at * slot + 1
        parts.append(_rect(x, y, max(slot - 2, 1), high - _FOOT - y, style))
    for at, words in labels:
        parts.append(_text(_LEFT + (at + 0.5) * slot, high - 4, words, "mid"))
    for at, count in (dots or {}).items():
        parts += _dots(_LEFT + (at + 0.5) * slot, high, count)
    parts += _marks(marks, slot, wide, high)
    return _svg(said, wide, high, parts)


def lines(said: Said, rows: Sequence[Line], labels: Sequence[tuple[int, str]], unit: str) -> Markup:
    """Lines over time from zero; where a value is missing the line has a gap."""
    side = 66
    most = max((value for row in rows for value in row.values if value is not None), default=0.0)
    top = _top(most)
    parts = _grid(top, unit, side)
    last = max((len(row.values) for row in rows), default=1) - 1
    step = (_W - _LEFT - side) / max(last, 1)
    ends: list[float] = []
    for row in rows:
        for piece in _pieces(row.values):
            points = " ".join(f"{_LEFT + at * step:.1f},{_y(value, top):.1f}" for at, value in piece)
            if len(piece) == 1:
                (at, value), style = piece[0], "dang" if row.style == "d" else "acc"
                parts.append(
                    Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="2.5"/>').format(
                        style, _LEFT + at * step, _y(value, top)
                    )
                )
            else:
                parts.append(Markup('<polyline class="ln {}" points="{}"/>').format(row.style, points))
        known = [value for value in row.values if value is not None]
        if known:
            y = _apart(_y(known[-1], top) + 4, ends)
            ends.append(y)
            parts.append(_text(_W - side + 6, y, row.name, "badt" if row.style == "d" else "k"))
    for at, words in labels:
        anchor = "" if at == 0 else "end" if at == last else "mid"
        parts.append(_text(_LEFT + at * step, _H - 4, words, anchor))
    return _svg(said, _W, _H, parts)


def bars(
    said: Said,
    rows: Sequence[Bar],
    *,
    names: int = 112,
    values: int = 62,
    most: float | None = None,
    row_h: int = 36,
) -> Markup:
    """Bars with name and value, a row of `row_h` px each; `names` and `values` are the room for them."""
    longest = most or max((row.value for row in rows), default=0.0) or 1.0
    parts = []
    room = _W - names - values
    for at, row in enumerate(rows):
        y = at * row_h + row_h / 2
        wide = min(room, max(2.0 if row.value > 0 else 0.0, room * row.value / longest))
        parts += [
            _text(0, y + 4, fitted(row.name, names), "k" if row.hot else ""),
            _rect(names, y - 5, room, 10, "base"),
            _rect(names, y - 5, wide, 10, "dang" if row.hot else "acc"),
            _text(_W, y + 4, row.shown, "k end"),
        ]
    return _svg(said, _W, max(row_h * len(rows), row_h), parts)


def _dots(x: float, high: int, count: int) -> list[Markup]:
    """One upon the other, from the foot; a number where they would leave the chart."""
    fit = (high - _TOP - _FOOT - 34) // _DOT_STEP
    found = [
        Markup('<circle class="drop" cx="{:.1f}" cy="{}" r="4"/>').format(
            x, high - _FOOT - 8 - _DOT_STEP * at
        )
        for at in range(min(count, fit))
    ]
    if count > fit:
        found.append(_text(x, high - _FOOT - 4 - _DOT_STEP * fit, f"{count:,}", "badt mid"))
    return found


def _marks(marks: Sequence[Mark], slot: float, wide: int, high: int) -> list[Markup]:
    """Lines from top to foot; their words stand on the side that has room, and below others where these are in the way."""
    parts: list[Markup] = []
    taken: list[tuple[float, float, int]] = []
    for each in marks:
        x = _LEFT + max(0.0, each.at) * slot
        long = sum(_WIDE if east_asian_width(letter) in "WF" else _NARROW for letter in each.words)
        left = x - 5 - long if x + 5 + long > wide - _SIDE else x + 5
        row = 0
        while any(left < end and begin < left + long and row == at for begin, end, at in taken):
            row += 1
        taken.append((left, left + long, row))
        parts.append(
            Markup(
                '<line class="tick" stroke-dasharray="2 2" x1="{0:.1f}" y1="{1}" x2="{0:.1f}" y2="{2}"/>'
            ).format(x, _TOP, high - _FOOT)
        )
        parts.append(_text(left, _TOP + 9 + 15 * row, each.words))
    return parts


def fitted(name: str, room: float) -> str:
    """The name, cut where it would run into what stands `room` px to its right."""
    left = room - _GAP
    for at, letter in enumerate(name):
        left -= _WIDE if east_asian_width(letter) in "WF" else _NARROW
        if left < 0:
            return f"{name[: max(at - 1, 1)].rstrip('_ ')}…"
    return name


def logarithm(value: float) -> float:
    """How long a bar is drawn of a value on a logarithmic scale that begins at one."""
    return log10(value) + 0.3 if value >= 1 else 0.0


def _svg(said: Said, wide: int, high: int, parts: Sequence[Markup]) -> Markup:
    name = _NOT_AN_ID.sub("-", said.name.lower())
    return Markup(
        '<svg class="fig" role="img" width="{w}" height="{h}" viewBox="0 0 {w} {h}" aria-labelledby="t-{n} d-{n}">'
        '<title id="t-{n}">{title}</title><desc id="d-{n}">{desc}</desc>{parts}</svg>'
    ).format(w=wide, h=high, n=name, title=said.title, desc=said.desc, parts=Markup("").join(parts))


def _grid(top: float, unit: str, side: int, high: int = _H, wide: int = _W) -> list[Markup]:
    parts = []
    steps = 4 if high >= _H else 2
    for part in range(steps + 1):
        value = top * part / steps
        y = _y(value, top, high)
        parts.append(
            Markup('<line class="grid" x1="{}" y1="{:.1f}" x2="{}" y2="{:.1f}"/>').format(
                _LEFT, y, wide - side, y
            )
        )
        parts.append(
            _text(_LEFT - 6, y + 4, f"{value:,.4g}{unit}" if value < 10_000 else f"{value:,.0f}{unit}", "end")
        )
    return parts


def _y(value: float, top: float, high: int = _H) -> float:
    return high - _FOOT - value / top * (high - _TOP - _FOOT)


def _top(most: float) -> float:
    """The first of 4, 8, 12, 20, 40 and so on that is not below it."""
    power = 1.0
    while True:
        for step in (4.0, 8.0, 12.0, 20.0):
            if step * power >= most:
                return step * power
        power *= 10.0


def _pieces(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    pieces: list[list[tuple[int, float]]] = [[]]
    for at, value in enumerate(values):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append((at, value))
    return [piece for piece in pieces if piece]


def _apart(y: float, others: Sequence[float]) -> float:
    """The place nearest to it where words do not lie upon others."""
    while any(abs(y - other) < 14 for other in others):
        y -= 14
    return y


def _rect(x: float, y: float, wide: float, high: float, style: str) -> Markup:
    return Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="1"/>').format(
        style, x, y, wide, max(high, 0.0)
    )


def _text(x: float, y: float, words: str, style: str = "") -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" class="{}">{}</text>').format(x, y, style, escape(words))
