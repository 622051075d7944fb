"""Plots: well-formed SVG that says what it shows, whatever the numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.lab.backtest.charts import Chart, Curve, Point, Series, nice_ticks
from services.lab.backtest.page import page_templates

TITLE, DESCRIPTION = "Alerts <a day>", "A more than B & C."
Kind = Literal["lines", "bars", "reliability"]
counts = st.lists(st.integers(0, 10**7), min_size=1, max_size=60)


def drawn(kind: Kind, series: Sequence[Series | Curve], labels: Sequence[str] = ()) -> str:
    chart = Chart(kind, TITLE, DESCRIPTION, "Day", "Alerts", series, labels)
    return str(page_templates().get_template("charts.svg.j2").module.svg(chart))  # type: ignore[attr-defined]


def parsed(svg: str) -> ElementTree.Element:
    """The plot as XML; Element raises for anything that is not well formed."""
    return ElementTree.fromstring(svg)  # noqa: S314


@pytest.mark.parametrize("kind", ["lines", "bars"])
@given(values=counts)
def test_any_counts_make_a_plot_with_a_title_and_a_description(kind: Kind, values: list[int]) -> None:
    labels = [str(index) for index in range(len(values))]

    plot = parsed(drawn(kind, (Series("A", "a", values), Series("B", "b", values[::-1])), labels))

    assert [part.text for part in plot[:2]] == [TITLE, DESCRIPTION]
    assert plot.get("role") == "img"
    assert "nan" not in ElementTree.tostring(plot, "unicode")


def test_what_is_drawn_stays_inside_the_frame() -> None:
    svg = drawn("lines", (Series("A", "a", [0, 1000]), Series("B", "b", [1000, 999])), ["1", "2"])
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

    svg = drawn("reliability", (Curve("a", points), Curve("b", [])))

    assert svg.count('class="span a"') == 2
    assert parsed(svg).get("role") == "img"
