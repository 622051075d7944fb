"""The dashboards have the fields that Grafana's schema of dashboards (version 12) asks for, and no misspelt kind or unit.

The schema itself can be had in Go alone. These are the fields that it requires of what we write.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from deploy.grafana.generate import DASHBOARDS, as_grafana_reads
from deploy.grafana.shapes import Dashboard

_LINK = {"title", "type", "icon", "tooltip", "tags", "asDropdown", "targetBlank", "includeVars", "keepTime"}
_LEGEND = {"displayMode", "placement", "showLegend", "calcs"}
_REDUCED = {"reduceOptions", "orientation"}
_OPTIONS: dict[str, set[str]] = {
    "timeseries": {"tooltip", "legend"},
    "stat": {
        *_REDUCED, "colorMode", "graphMode", "justifyMode", "textMode", "wideLayout", "showPercentChange",
        "percentChangeColorMode",
    },
    "bargauge": {
        *_REDUCED, "displayMode", "valueMode", "namePlacement", "showUnfilled", "sizing", "minVizWidth",
        "minVizHeight", "maxVizHeight", "legend",
    },
    "table": {"frameIndex", "showHeader", "cellHeight"},
}  # fmt: skip
_UNITS = {"short", "s", "percentunit", "cps", "currencyUSD"}
every_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda each: each.name)


def _panels(dashboard: Dashboard) -> list[dict[str, Any]]:
    return [panel for panel in as_grafana_reads(dashboard)["panels"] if panel["type"] != "row"]


@every_dashboard
def test_a_dashboard_can_be_addressed_and_says_when_it_is_read_anew(dashboard: Dashboard) -> None:
    read = as_grafana_reads(dashboard)

    assert re.fullmatch(r"[a-zA-Z0-9_-]{8,40}", read["uid"])
    assert {"title", "tags", "schemaVersion", "editable", "time", "refresh", "graphTooltip"} <= read.keys()


@every_dashboard
def test_ids_of_panels_are_their_own(dashboard: Dashboard) -> None:
    ids = [panel["id"] for panel in as_grafana_reads(dashboard)["panels"]]

    assert len(set(ids)) == len(ids)


@every_dashboard
def test_each_panel_has_every_option_of_its_kind_and_a_known_unit(dashboard: Dashboard) -> None:
    for panel in _panels(dashboard):
        assert _OPTIONS[panel["type"]] == panel["options"].keys(), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in _UNITS, panel["title"]
        assert _LEGEND <= panel["options"].get("legend", dict.fromkeys(_LEGEND)).keys(), panel["title"]


@every_dashboard
def test_thresholds_begin_without_a_value(dashboard: Dashboard) -> None:
    steps = [panel["fieldConfig"]["defaults"]["thresholds"]["steps"] for panel in _panels(dashboard)]

    assert all(first["value"] is None for first, *_ in steps)
    assert all(step["value"] is not None for _, *others in steps for step in others)


@every_dashboard
def test_each_query_of_a_panel_has_a_letter_and_is_of_a_moment_or_of_a_stretch(dashboard: Dashboard) -> None:
    for panel in _panels(dashboard):
        letters = [target["refId"] for target in panel["targets"]]
        assert letters == sorted(set(letters)), panel["title"]
        assert all(re.fullmatch(r"[A-Z]", each) for each in letters), panel["title"]
        assert all(target["instant"] != target["range"] for target in panel["targets"]), panel["title"]


@every_dashboard
def test_each_link_has_every_field(dashboard: Dashboard) -> None:
    links = [*as_grafana_reads(dashboard)["links"]]
    links += [link for panel in _panels(dashboard) for link in panel["links"]]

    assert all(_LINK <= link.keys() for link in links)


@every_dashboard
def test_two_series_of_a_panel_are_not_called_the_same(dashboard: Dashboard) -> None:
    for panel in dashboard.panels:
        legends = [query.legend for query in panel.queries]
        apart = [legend for legend in legends if "{{end}}" not in legend]
        assert len(set(apart)) == len(apart), panel.title
