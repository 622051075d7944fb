"""The small figures of a case, as places on a drawing that a template fills in: the score's scale, a journey, amounts. Pure.

They are drawn at their own size and only shrink, so that their text stays 12 px.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from math import floor, isfinite, log10
from statistics import quantiles
from typing import Literal

from msgspec import Struct

#: Widths of a character of 12 px: of a Chinese one, and of any other.
_WIDE_PX, _NARROW_PX = 12.0, 6.4
_GAP_PX = 8.0
_SCALE_W, _TRAVEL_W, _SPREAD_W = 560.0, 654.0, 654.0
_SIDE = 14.0
#: A band is drawn around the middle four fifths of at least so many payments.
_LEAST_BAND = 10
#: What is left free behind the largest amount, in powers of ten; so many marks at most.
_ROOM, _MOST_TICKS = 0.2, 8
_DOT_PX, _DOT_STEP_PX, _MOST_STACK = 7.0, 5.2, 5
#: A ring's radius: of a place that is known well, what it grows by, and the accuracy at which it has grown whole.
_RING_PX, _RING_GROWS_PX, _COARSE_KM = 8.0, 14.0, 100.0
Anchor = Literal["", "mid", "end"]


class Label(Struct, frozen=True):
    """Words on a figure; `y` is their foot."""

    x: float
    y: float
    words: str
    anchor: Anchor = ""


class Scale(Struct, frozen=True):
    """Where the score fell among the limits: the places of the marks, and of the score."""

    width: float
    height: float
    score_x: float
    ticks: Sequence[float]
    labels: Sequence[Label]
    title: str
    desc: str


class Stop(Struct, frozen=True):
    """One end of a journey: its name with the time, what is known of it, and how far off it may be (km; None: nobody says)."""

    name: str
    note: str
    accuracy_km: float | None

    @property
    def ring(self) -> float:
        """The radius of its ring; none where nobody says how sure the place is."""
        if self.accuracy_km is None:
            return 0.0
        return round(_RING_PX + _RING_GROWS_PX * min(1.0, max(0.0, self.accuracy_km) / _COARSE_KM), 1)


class Travel(Struct, frozen=True, kw_only=True):
    """A journey between two stops; `hot`: it is what the decision turned on."""

    start: Stop
    end: Stop
    line: str
    note: str
    title: str
    desc: str
    hot: bool
    width: float = _TRAVEL_W
    height: float = 72.0


class Spread(Struct, frozen=True, kw_only=True):
    """Each payment a dot on a logarithmic line; the band is the middle four fifths, as (x, width)."""

    dots: Sequence[tuple[float, float]]
    band: tuple[float, float] | None
    ticks: Sequence[Label]
    now_x: float
    usual_x: float | None
    limit_x: float | None
    labels: Sequence[Label]
    now_label: Label
    title: str
    desc: str
    foot: float = 44.0
    width: float = _SPREAD_W
    height: float = 64.0


def width_of(words: str) -> float:
    """About how wide the words are, in px."""
    return sum(_WIDE_PX if unicodedata.east_asian_width(char) in ("W", "F") else _NARROW_PX for char in words)


def scale(score: int, limits: Sequence[tuple[int, str]], title: str, desc: str) -> Scale:
    """The scale of the score from 0 to 100; `limits` are (score, name). Names that would lie upon each other take turns."""
    ends = [-_GAP_PX, -_GAP_PX]
    labels, ticks = [], []
    for at, name in sorted(limits):
        x = at / 100.0 * _SCALE_W
        words = f"{name} {at}"
        wide = width_of(words)
        left = min(max(0.0, x - wide / 2), _SCALE_W - wide)
        row = 0 if left >= ends[0] + _GAP_PX else 1
        ends[row] = max(ends[row], left + wide)
        ticks.append(round(x, 1))
        labels.append(Label(round(left, 1), 38.0 + 14.0 * row, words))
    height = 56.0 if any(label.y > 38.0 for label in labels) else 42.0
    x = min(max(score, 0), 100) / 100.0 * _SCALE_W
    return Scale(_SCALE_W, height, round(x, 1), ticks, labels, title, desc)


class Amounts(Struct, frozen=True, kw_only=True):
    """What a spread shows, in major units of one currency."""

    past: Sequence[float]
    now: float
    usual: float | None
    limit: float | None


def spread(
    amounts: Amounts, names: tuple[str, str, str], ticks_said: Sequence[str], title: str, desc: str
) -> Spread | None:
    """The amount against the account's own; None where it cannot be drawn on a logarithmic line.

    `names` are the words at the usual amount, at the limit and at this one; `ticks_said` are filled by `decades`.
    """
    if not (isfinite(amounts.now) and amounts.now > 0.0):
        return None
    past = sorted(value for value in amounts.past if isfinite(value) and value > 0.0)
    low, high = _ends(amounts, past)
    places = {value: _x(value, low, high) for value in {*past, amounts.now}}
    usual_x = _x(amounts.usual, low, high) if _fits(amounts.usual) else None
    limit_x = _x(amounts.limit, low, high) if _fits(amounts.limit) else None
    labels, tall = _labels(usual_x, limit_x, names)
    foot = 58.0 if tall else 44.0
    band = None
    if len(past) >= _LEAST_BAND:
        cuts = quantiles(past, n=10)
        first, last = _x(max(cuts[0], past[0]), low, high), _x(min(cuts[-1], past[-1]), low, high)
        band = (first, round(last - first, 1))
    ticks = [
        Label(_x(10.0**power, low, high), foot + 17.0, said, "mid")
        for power, said in zip(_powers(low, high), ticks_said, strict=False)
    ]
    return Spread(
        dots=_dots([places[value] for value in past], foot),
        band=band,
        ticks=ticks,
        now_x=places[amounts.now],
        usual_x=usual_x,
        limit_x=limit_x,
        labels=[Label(each.x, each.y + (14.0 if tall else 0.0), each.words, each.anchor) for each in labels],
        now_label=Label(_SPREAD_W - _SIDE, 10.0, names[2], "end"),
        title=title,
        desc=desc,
        foot=foot,
        height=foot + 20.0,
    )


def decades(amounts: Amounts) -> list[float]:
    """The powers of ten that the line of these amounts begins with, passes and ends with."""
    if not (isfinite(amounts.now) and amounts.now > 0.0):
        return []
    past = [value for value in amounts.past if isfinite(value) and value > 0.0]
    low, high = _ends(amounts, past)
    return [10.0**power for power in _powers(low, high)]


def _powers(low: float, high: float) -> range:
    """The powers of ten that are marked: every one, or of many each second or third."""
    first, last = round(low), floor(high)
    return range(first, last + 1, 1 + (last - first) // _MOST_TICKS)


def _fits(value: float | None) -> bool:
    return value is not None and isfinite(value) and value > 0.0


def _ends(amounts: Amounts, past: Sequence[float]) -> tuple[float, float]:
    """Between these powers of ten, of which the first is whole, everything lies."""
    told = [value for value in (amounts.usual, amounts.limit) if value is not None and _fits(value)]
    values = [*past, *told, amounts.now]
    low, high = floor(log10(min(values))), log10(max(values)) + _ROOM
    return float(low), max(high, low + 1.0)


def _x(value: float | None, low: float, high: float) -> float:
    assert value is not None
    return round(_SIDE + (log10(value) - low) / (high - low) * (_SPREAD_W - 2 * _SIDE), 1)


def _dots(places: Sequence[float], foot: float) -> list[tuple[float, float]]:
    """A dot for each, upon those that lie there already, at most so many high."""
    stacked: dict[int, int] = {}
    dots = []
    for x in places:
        slot = round(x / _DOT_PX)
        stacked[slot] = min(stacked.get(slot, 0) + 1, _MOST_STACK)
        dots.append((x, round(foot + 1.0 - _DOT_STEP_PX * stacked[slot], 1)))
    return dots


def _labels(
    usual_x: float | None, limit_x: float | None, names: tuple[str, str, str]
) -> tuple[list[Label], bool]:
    """The words at the usual amount and at the limit, beside each other; `tall`: they need a line below that of this amount."""
    boxes: list[tuple[float, float, str]] = []
    for x, words in ((usual_x, names[0]), (limit_x, names[1])):
        if x is None:
            continue
        wide = width_of(words)
        left = min(max(0.0, x - wide / 2), _SPREAD_W - wide)
        if boxes and left < boxes[-1][1] + _GAP_PX and boxes[-1][0] < left + wide + _GAP_PX:
            first = boxes[-1]
            left = first[1] + _GAP_PX
            if left + wide > _SPREAD_W:
                left = _SPREAD_W - wide
                moved = left - _GAP_PX - (first[1] - first[0])
                boxes[-1] = (moved, moved + (first[1] - first[0]), first[2])
        boxes.append((left, left + wide, words))
    now_left = _SPREAD_W - _SIDE - width_of(names[2]) - _GAP_PX
    tall = any(right > now_left for _, right, _ in boxes)
    return [Label(round(left, 1), 10.0, words) for left, _, words in boxes], tall
