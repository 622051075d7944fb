"""One panel as Grafana reads it."""

from __future__ import annotations

from typing import Any

from deploy.grafana.shapes import Panel

SOURCE = {"type": "prometheus", "uid": "prometheus"}
#: Kinds that show one figure a series, as it is at the end of the time that is looked at.
FIGURES = frozenset({"stat", "bargauge", "table"})
_LAST: dict[str, Any] = {"reduceOptions": {"values": False, "calcs": ["lastNotNull"], "fields": ""}}
_OPTIONS: dict[str, dict[str, Any]] = {
    "timeseries": {
        "tooltip": {"mode": "multi", "sort": "desc"},
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
    },
    "stat": {
        **_LAST,
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "textMode": "auto",
        "wideLayout": True,
        "showPercentChange": False,
        "percentChangeColorMode": "standard",
    },
    "bargauge": {
        **_LAST,
        "displayMode": "basic",
        "orientation": "horizontal",
        "showUnfilled": True,
        "valueMode": "text",
        "namePlacement": "auto",
        "sizing": "auto",
        "minVizWidth": 8,
        "minVizHeight": 16,
        "maxVizHeight": 300,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []},
    },
    "table": {"frameIndex": 0, "showHeader": True, "cellHeight": "sm"},
}
#: A table of one row a series: its name, and the figure.
_ROWS = [{"id": "reduce", "options": {"reducers": ["lastNotNull"]}}]


def panel_json(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    """The panel with the id `number` at `place`, in cells of the grid."""
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.meaning,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _OPTIONS[panel.kind],
        "transformations": _ROWS if panel.kind == "table" else [],
        "links": [
            link(f"Runbook: {_title(name)}", f"${{runbooks}}/{name}", new_page=True)
            for name in panel.runbooks
        ],
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": SOURCE,
                "expr": query.expression,
                "legendFormat": query.legend or "__auto",
                "instant": panel.kind in FIGURES,
                "range": panel.kind not in FIGURES,
                "format": "time_series",
            }
            for index, query in enumerate(panel.queries)
        ],
    }


def link(title: str, url: str, tooltip: str = "", *, new_page: bool = False) -> dict[str, Any]:
    """A link of a dashboard or a panel; one to a page of Grafana keeps the time and what is narrowed down."""
    return {
        "title": title,
        "type": "link",
        "url": url,
        "tooltip": tooltip,
        "icon": "external link" if new_page else "dashboard",
        "tags": [],
        "asDropdown": False,
        "targetBlank": new_page,
        "includeVars": not new_page,
        "keepTime": not new_page,
    }


def _title(runbook: str) -> str:
    return runbook.removesuffix(".md").replace("-", " ")


def _defaults(panel: Panel) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": panel.unit, "noValue": panel.empty}
    if panel.kind != "table":
        defaults["min"] = 0
    if panel.unit == "percentunit" and panel.kind == "bargauge":
        defaults["max"] = 1
    if panel.decimals is not None:
        defaults["decimals"] = panel.decimals
    steps: list[dict[str, Any]] = [{"color": "blue" if panel.limit is None else "green", "value": None}]
    if panel.limit is not None:
        steps.append({"color": "red", "value": panel.limit})
    defaults["thresholds"] = {"mode": "absolute", "steps": steps}
    if panel.kind == "table":
        cell = "color-text" if panel.limit is not None else "auto"
        defaults["custom"] = {"align": "auto", "inspect": False, "cellOptions": {"type": cell}}
    elif panel.kind == "timeseries" and panel.limit is not None:
        defaults["custom"] = {"thresholdsStyle": {"mode": "line"}}
    if panel.kind in FIGURES:
        defaults["color"] = {"mode": "thresholds"}
    return defaults
