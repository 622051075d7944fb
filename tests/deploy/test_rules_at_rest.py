"""Rules against what processes export before anything has happened: names, values of labels, and that nothing is raised."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.declared import used_series
from deploy.prometheus.generate import ALERTS, RECORDINGS
from services.platform import metrics
from tests.deploy.conftest import DEPLOY, Checker

PROMETHEUS = DEPLOY / "prometheus"
_SELECTOR = re.compile(r"(payguard_\w+)\{([^}]*)\}")
_MATCHER = re.compile(r'(\w+)(=~|=)"((?:[^"\\]|\\.)*)"')
_HOURS = 26
_STEP_MINUTES = 5


def _expressions() -> Iterator[tuple[str, str]]:
    yield from ((alert.name, alert.expression) for alert in ALERTS.values())
    yield from ((name, expression) for group in RECORDINGS.values() for name, expression in group)


def _known(name: str, label: str) -> set[str] | None:
    """The values that a label has from the start; None where they are open, or the metric is none of ours."""
    metric = metrics.ALL.get(name)
    if metric is None or isinstance(metric, metrics.BulkHistogram):
        return None
    names, children = metric._labelnames, list(metric._metrics) if metric._labelnames else []  # type: ignore[attr-defined]
    return {values[names.index(label)] for values in children} if children and label in names else None


@pytest.mark.parametrize(("name", "expression"), list(_expressions()))
def test_a_rule_asks_for_values_of_labels_that_are_there_from_the_start(name: str, expression: str) -> None:
    for metric, matchers in _SELECTOR.findall(expression):
        for label, operator, pattern in _MATCHER.findall(matchers):
            known = _known(metric, label)
            if known is None:
                continue
            wanted = pattern.split("|") if operator == "=~" else [pattern]
            assert [each for each in wanted if each not in known] == [], f"{name}: {metric}"


def _series(rules: str) -> Iterator[tuple[str, str]]:
    """What processes that have just started export of what the rules ask for, and that they are up."""
    asked = used_series(rules)
    samples = _HOURS * 60 // _STEP_MINUTES
    for family in metrics.REGISTRY.collect():
        for sample in family.samples:
            if sample.name in asked:
                labels = ",".join(f'{name}="{value}"' for name, value in sample.labels.items())
                yield f"{sample.name}{{{labels}}}" if labels else sample.name, f"0+0x{samples}"
    for job in ("worker", "api", "cases", "activity", "notifier"):
        yield f'up{{job="payguard-{job}",instance="{job}:1"}}', f"1+0x{samples}"


@pytest.mark.parametrize("file", ["alerts.yml", "objectives.yml"])
def test_a_system_that_has_just_started_and_sees_nothing_raises_nothing(
    file: str, promtool: Checker, tmp_path: Path
) -> None:
    text = (PROMETHEUS / file).read_text()
    rules: dict[str, Any] = yaml.safe_load(text)
    alerts = [rule["alert"] for group in rules["groups"] for rule in group["rules"] if "alert" in rule]
    (tmp_path / "rules.yml").write_text(json.dumps(rules))
    story = {
        "interval": f"{_STEP_MINUTES}m",
        "input_series": [{"series": name, "values": values} for name, values in _series(text)],
        "alert_rule_test": [
            {"eval_time": when, "alertname": alert, "exp_alerts": []}
            for when in ("15m", "1h", f"{_HOURS - 1}h")
            for alert in alerts
        ],
    }
    told = {"rule_files": ["rules.yml"], "evaluation_interval": f"{_STEP_MINUTES}m", "tests": [story]}
    (tmp_path / "story.yml").write_text(json.dumps(told))

    assert "SUCCESS" in promtool.check("test", "rules", "story.yml", folder=tmp_path)
