"""The dashboards: generated, on declared series only, and every panel shows data on a real Prometheus."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from deploy.declared import alerts_of, declared_series, panels_of, used_series
from deploy.grafana.generate import DASHBOARDS, FOLDER, as_grafana_reads, marks, path_of, text
from deploy.grafana.shapes import Dashboard
from services.platform import metrics
from services.platform.embedded import free_port
from tests.deploy.conftest import DEPLOY, ROOT

SAMPLES_WITHIN_S = 90.0
RULE_FILES = [DEPLOY / "prometheus" / name for name in ("objectives.yml", "alerts.yml")]
#: More than this nobody looks through at night.
MOST_PANELS = 14
#: What Grafana puts in place of its variables: everything, and times that a test can wait for.
FILLED = {
    "$__rate_interval": "10s",
    "$__range": "10s",
    "$type": ".*",
    "$channel": ".*",
    "$detector": ".*",
}
QUERIES = [
    *(
        (f"{dashboard.name}: {panel.title}", query.expression)
        for dashboard in DASHBOARDS
        for panel in dashboard.panels
        for query in panel.queries
    ),
    *marks(),
]
every_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda each: each.name)


def filled(expression: str) -> str:
    for variable, value in FILLED.items():
        expression = expression.replace(variable, value)
    return expression


@every_dashboard
def test_a_dashboard_is_what_the_code_says(dashboard: Dashboard) -> None:
    assert path_of(dashboard).read_text() == text(dashboard), "stale: run make docs"


def test_no_other_dashboard_lies_beside_them() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {path_of(each).name for each in DASHBOARDS}


@every_dashboard
def test_a_dashboard_asks_one_question_and_answers_it_with_few_panels(dashboard: Dashboard) -> None:
    assert dashboard.question.endswith("?")
    assert len(dashboard.panels) <= MOST_PANELS


@every_dashboard
def test_every_row_asks_a_question_and_every_panel_says_what_it_shows(dashboard: Dashboard) -> None:
    assert all(row.question.endswith("?") for row in dashboard.rows)
    assert all(panel.meaning.endswith(".") and panel.empty for panel in dashboard.panels)


def test_panels_use_declared_series_only() -> None:
    used = set().union(*(used_series(expression) for _, expression in QUERIES))

    assert used - declared_series() == set()


def test_every_declared_metric_is_shown_or_watched() -> None:
    shown, watched = panels_of(), alerts_of()

    assert [name for name in metrics.ALL if not shown[name] and not watched[name]] == []


@every_dashboard
def test_each_variable_narrows_a_panel_down_and_no_other_is_used(dashboard: Dashboard) -> None:
    names = {variable.name for variable in dashboard.variables}
    used = {
        name
        for panel in dashboard.panels
        for query in panel.queries
        for name in re.findall(r"\$(\w+)", query.expression)
        if not name.startswith("__")
    }

    assert used == names


@every_dashboard
def test_each_runbook_beside_a_panel_is_there(dashboard: Dashboard) -> None:
    named = {name for panel in dashboard.panels for name in panel.runbooks}

    assert [name for name in sorted(named) if not (ROOT / "docs/runbooks" / name).is_file()] == []


@every_dashboard
def test_panels_do_not_overlap_and_leave_no_hole_in_the_grid(dashboard: Dashboard) -> None:
    taken: set[tuple[int, int]] = set()
    panels = as_grafana_reads(dashboard)["panels"]
    for panel in panels:
        place = panel["gridPos"]
        cells = {(place["x"] + dx, place["y"] + dy) for dx in range(place["w"]) for dy in range(place["h"])}
        assert not cells & taken
        taken |= cells

    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels)
    assert taken == {(x, y) for x in range(24) for y in range(height)}


@every_dashboard
def test_the_data_source_is_the_provisioned_one(dashboard: Dashboard) -> None:
    provisioned = (DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text()
    read = as_grafana_reads(dashboard)
    asking = [*read["panels"], *read["templating"]["list"], *read["annotations"]["list"]]

    assert "uid: prometheus\n" in provisioned
    assert {each["datasource"]["uid"] for each in asking if "datasource" in each} == {"prometheus"}


@every_dashboard
def test_a_dashboard_links_to_the_others(dashboard: Dashboard) -> None:
    uids = {f"/d/{as_grafana_reads(each)['uid']}" for each in DASHBOARDS if each is not dashboard}

    assert {link["url"] for link in as_grafana_reads(dashboard)["links"]} == uids


@pytest.fixture(scope="module")
def speaking_port() -> Iterator[int]:
    """The port of a process that serves every metric."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.deploy.speaking_process"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture(scope="module")
def prometheus_url(
    prometheus_program: str, speaking_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A real Prometheus with our rules, scraping that process four times a second."""
    folder: Path = tmp_path_factory.mktemp("prometheus")
    config = {
        "global": {"scrape_interval": "250ms", "scrape_timeout": "250ms", "evaluation_interval": "1s"},
        "rule_files": [str(path) for path in RULE_FILES],
        "scrape_configs": [
            {
                "job_name": "payguard-worker",
                "static_configs": [{"targets": [f"127.0.0.1:{speaking_port}"]}],
            }
        ],
    }
    (folder / "prometheus.yml").write_text(json.dumps(config))
    address = f"127.0.0.1:{free_port()}"
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            [
                prometheus_program,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={address}",
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            url = f"http://{address}"
            _until(lambda: _ready(url), folder / "server.log")
            _until(lambda: _answers(url, "payguard:decisions_acted:ratio_rate1d"), folder / "server.log")
            yield url
        finally:
            server.terminate()
            server.wait(60)


def _until(done: Callable[[], bool], log: Path, within_s: float = 90.0) -> None:
    deadline = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < deadline, log.read_text()[-2000:]
        time.sleep(0.1)


def _ask(url: str, expression: str) -> Any:
    answer = httpx.get(f"{url}/api/v1/query", params={"query": expression}, timeout=60)
    assert answer.status_code == 200, f"{expression}: {answer.text}"
    return answer.json()["data"]["result"]


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/-/ready", timeout=60).status_code == 200
    except httpx.TransportError:
        return False


def _answers(url: str, expression: str) -> bool:
    return any(sample["value"][1] != "NaN" for sample in _ask(url, expression))


@pytest.mark.real
def test_every_panel_shows_data_on_a_real_prometheus(prometheus_url: str) -> None:
    deadline = time.monotonic() + SAMPLES_WITHIN_S
    empty = list(QUERIES)
    # A rate needs several scrapes, and the newest one may be under way.
    while empty and time.monotonic() < deadline:
        empty = [
            (title, expression)
            for title, expression in empty
            if not _answers(prometheus_url, filled(expression))
        ]
        time.sleep(0.25 if empty else 0.0)

    assert empty == []


@pytest.mark.real
def test_the_rules_evaluate_without_errors_on_a_real_prometheus(prometheus_url: str) -> None:
    groups = httpx.get(f"{prometheus_url}/api/v1/rules", timeout=60).json()["data"]["groups"]
    errors = [rule["lastError"] for group in groups for rule in group["rules"] if rule.get("lastError")]

    declared = [group["name"] for path in RULE_FILES for group in yaml.safe_load(path.read_text())["groups"]]

    assert errors == []
    assert sorted(group["name"] for group in groups) == sorted(declared)
