"""Plots: well-formed SVG that says what it shows, whatever the numbers."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.lab.backtest.charts import Frame, Point, Series, bars, lines, nice_ticks, reliability

FRAME = Frame("Alerts <a day>", "A more than B & C.", "Day", "Alerts")
counts = st.lists(st.integers(0, 10**7), min_size=1, max_size=60)


def parsed(svg: str) -> ElementTree.Element:
    """The plot as XML; Element raises for anything that is not well formed."""
    return ElementTree.fromstring(svg)  # noqa: S314


@pytest.mark.parametrize("draw", [lines, bars])
@given(values=counts)
def test_any_counts_make_a_plot_with_a_title_and_a_description(draw: object, values: list[int]) -> None:
    assert callable(draw)
    labels = [str(index) for index in range(len(values))]

    plot = parsed(draw(FRAME, labels, (Series("A", "a", values), Series("B", "b", values[::-1]))))

    assert [part.text for part in plot[:2]] == [FRAME.title, FRAME.description]
    assert plot.get("role") == "img"
    assert "nan" not in ElementTree.tostring(plot, "unicode")


def test_what_is_drawn_stays_inside_the_frame() -> None:
    svg = lines(FRAME, ["1", "2"], (Series("A", "a", [0, 1000]), Series("B", "b", [1000, 999])))
    _, _, width, height = map(float, re.findall(r'viewBox="([^"]+)"', svg)[0].split())

    for points in re.findall(r'points="([^"]+)"', svg):
        for pair in points.split():
            x, y = map(float, pair.split(","))

            assert 0 <= x <= width
            assert 0 <= y <= height


@given(st.floats(1e-6, 1e12))
def test_ticks_begin_at_zero_rise_evenly_and_reach_the_largest(largest: float) -> None:
    ticks = nice_ticks(largest)

    assert ticks[0] == 0.0
    assert ticks[-1] >= largest * (1 - 1e-6)
    assert 2 <= len(ticks) <= 12


def test_a_reliability_curve_draws_an_interval_for_every_point() -> None:
    points = [Point(0.001, 0.0, 0.0, 0.01), Point(0.5, 0.6, 0.4, 0.8)]

    svg = reliability(FRAME, (("A", "a", points), ("B", "b", [])))

    assert svg.count('class="span a"') == 2
    assert parsed(svg).get("role") == "img"
