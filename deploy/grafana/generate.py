"""Writes the dashboards: `python -m deploy.grafana.generate`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from deploy.grafana.attack_panels import ATTACK
from deploy.grafana.desk_panels import DESK
from deploy.grafana.machine_panels import MACHINE
from deploy.grafana.panel_json import SOURCE, link, panel_json
from deploy.grafana.people_panels import PEOPLE
from deploy.grafana.shapes import Dashboard, Variable

FOLDER = Path(__file__).parent / "dashboards"
DASHBOARDS = (ATTACK, PEOPLE, DESK, MACHINE)
_COLUMNS, _WIDTH, _HEIGHT = 24, 8, 8
#: Where docker-compose.yml has the runbooks read, unless whoever looks says otherwise above the dashboard.
_RUNBOOKS = "http://localhost:9090/user/runbooks"
#: A release or a policy is new where nothing ran under it five minutes before.
_ANNOTATIONS = (
    ("Deployments", "payguard_build_info", "Release {{version}}", "blue"),
    ("Policies", "payguard_policy_info", "Policy {{version}}", "purple"),
)


def path_of(dashboard: Dashboard) -> Path:
    """Where its file is."""
    return FOLDER / f"payguard-{dashboard.name}.json"


def marks() -> list[tuple[str, str]]:
    """Name and expression of what is marked on each dashboard."""
    return [
        (name, f"count by (version) ({metric} == 1) unless count by (version) ({metric} offset 5m == 1)")
        for name, metric, _, _ in _ANNOTATIONS
    ]


def as_grafana_reads(dashboard: Dashboard) -> dict[str, Any]:
    """The dashboard as Grafana reads it."""
    return {
        "uid": f"payguard-{dashboard.name}",
        "title": dashboard.question,
        "description": dashboard.meaning,
        "tags": ["payguard"],
        "schemaVersion": 41,
        "editable": False,
        "timezone": "browser",
        "time": {"from": f"now-{dashboard.hours}h", "to": "now"},
        "refresh": "30s",
        "graphTooltip": 1,
        "links": [_link(each) for each in DASHBOARDS if each is not dashboard],
        "templating": {"list": [*map(_variable, dashboard.variables), _runbooks()]},
        "annotations": {"list": [_annotation(*each) for each in zip(_ANNOTATIONS, marks(), strict=True)]},
        "panels": _placed(dashboard),
    }


def text(dashboard: Dashboard) -> str:
    """The file's text."""
    return json.dumps(as_grafana_reads(dashboard), indent=1, ensure_ascii=False) + "\n"


def _link(dashboard: Dashboard) -> dict[str, Any]:
    return link(dashboard.question, f"/d/payguard-{dashboard.name}", dashboard.meaning)


def _variable(variable: Variable) -> dict[str, Any]:
    return {
        "name": variable.name,
        "label": variable.title,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": f"label_values({variable.metric}, {variable.name})", "refId": variable.name},
        "refresh": 1,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]},
        "options": [],
        "hide": 0,
        "skipUrlSync": False,
    }


def _runbooks() -> dict[str, Any]:
    return {
        "name": "runbooks",
        "label": "Runbooks at",
        "type": "textbox",
        "query": _RUNBOOKS,
        "current": {"text": _RUNBOOKS, "value": _RUNBOOKS},
        "options": [],
        "hide": 0,
        "skipUrlSync": False,
    }


def _annotation(said: tuple[str, str, str, str], asked: tuple[str, str]) -> dict[str, Any]:
    name, _, title, colour = said
    return {
        "name": name,
        "datasource": SOURCE,
        "enable": True,
        "hide": False,
        "iconColor": colour,
        "expr": asked[1],
        "step": "60s",
        "titleFormat": title,
        "textFormat": "",
        "tagKeys": "version",
    }


def _placed(dashboard: Dashboard) -> list[dict[str, Any]]:
    placed: list[dict[str, Any]] = []
    y = 0
    for row in dashboard.rows:
        placed.append(
            {
                "id": len(placed) + 1,
                "type": "row",
                "title": row.question,
                "collapsed": False,
                "gridPos": {"h": 1, "w": _COLUMNS, "x": 0, "y": y},
                "panels": [],
            }
        )
        y += 1
        for index, panel in enumerate(row.panels):
            x = index * _WIDTH % _COLUMNS
            last = index == len(row.panels) - 1
            # The last of a row takes what is left of its line, so that no hole stays.
            width = _COLUMNS - x if last else _WIDTH
            placed.append(panel_json(panel, len(placed) + 1, {"h": _HEIGHT, "w": width, "x": x, "y": y}))
            if last or x + _WIDTH >= _COLUMNS:
                y += _HEIGHT
    return placed


def main() -> int:
    """Write the files; the exit code."""
    FOLDER.mkdir(exist_ok=True)
    for dashboard in DASHBOARDS:
        path_of(dashboard).write_text(text(dashboard), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
