"""The alert rules: checked by promtool, tested case by case, explained by a runbook that exists."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.declared import declared_series, used_series
from deploy.prometheus.generate import ALERTS, files
from tests.deploy.conftest import DEPLOY, ROOT, Checker

PROMETHEUS = DEPLOY / "prometheus"
RULE_FILES = ("objectives.yml", "alerts.yml")
TEST_FILES = ("alerts_test.yml", "objectives_test.yml", "budget_test.yml")
RUNBOOKS = ROOT / "docs" / "runbooks"


@cache
def _document(name: str) -> Any:
    return yaml.safe_load((PROMETHEUS / name).read_text())


def _groups(files: Iterable[str] = RULE_FILES) -> list[dict[str, Any]]:
    return [group for name in files for group in _document(name)["groups"]]


def _rules() -> list[dict[str, Any]]:
    return [rule for group in _groups() for rule in group["rules"]]


def _cases() -> list[list[dict[str, Any]]]:
    return [test["alert_rule_test"] for name in TEST_FILES for test in _document(name)["tests"]]


def test_the_rule_files_are_what_the_code_says() -> None:
    for name, text in files().items():
        assert (PROMETHEUS / name).read_text() == text, f"{name} is stale: run make docs"


def test_promtool_accepts_rules_and_configuration(promtool: Checker) -> None:
    promtool.check("check", "rules", *RULE_FILES, folder=PROMETHEUS)
    promtool.check("check", "config", "prometheus.yml", folder=PROMETHEUS)


@pytest.mark.parametrize("name", TEST_FILES)
def test_every_alert_behaves_as_its_stories_say(name: str, promtool: Checker, tmp_path: Path) -> None:
    """Each group with its own stories: promtool works out every rule of a file for every story."""
    document = _document(name)
    played = 0
    for group in _groups(document["rule_files"]):
        alerts = {rule.get("alert") for rule in group["rules"]}
        stories = [test for test in document["tests"] if test["alert_rule_test"][0]["alertname"] in alerts]
        if stories:
            (tmp_path / "rules.yml").write_text(json.dumps({"groups": [group]}))
            told = {**document, "rule_files": ["rules.yml"], "tests": stories}
            (tmp_path / "stories.yml").write_text(json.dumps(told))
            assert "SUCCESS" in promtool.check("test", "rules", "stories.yml", folder=tmp_path)
            played += len(stories)

    assert played == len(document["tests"])


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_has_a_story_that_fires_one_that_resolves_and_one_that_stays_quiet(alert: str) -> None:
    fires = resolves = quiet = False
    for case in _cases():
        states = [bool(check["exp_alerts"]) for check in case if check["alertname"] == alert]
        fires = fires or True in states
        resolves = resolves or (True in states and states[-1] is False)
        quiet = quiet or (states != [] and True not in states)

    assert (fires, resolves, quiet) == (True, True, True)


def test_a_rule_that_is_broken_on_purpose_fails_its_stories(promtool: Checker, tmp_path: Any) -> None:
    rules = (PROMETHEUS / "objectives.yml").read_text().replace("> 14.4 * 0.001", "> 1440 * 0.001")
    (tmp_path / "objectives.yml").write_text(rules)
    (tmp_path / "objectives_test.yml").write_text((PROMETHEUS / "objectives_test.yml").read_text())

    with pytest.raises(AssertionError, match="DecisionsBurn14x"):
        promtool.check("test", "rules", "objectives_test.yml", folder=tmp_path)


def test_rules_use_declared_series_only() -> None:
    used = set().union(*(used_series(rule["expr"]) for rule in _rules()))

    assert used - declared_series() == set()


def test_every_alert_has_a_severity_and_a_runbook_with_steps() -> None:
    for rule in _rules():
        if "alert" not in rule:
            continue
        assert rule["labels"]["severity"] in ("page", "ticket")
        runbook = (RUNBOOKS / rule["annotations"]["runbook_url"].rpartition("/")[2]).read_text()
        told = re.findall(rf"`{rule['alert']}`(?:, `\w+`)* \((\w+)", runbook)
        assert told == [rule["labels"]["severity"]], rule["alert"]
        assert len(re.findall(r"^\d+\. ", runbook, re.MULTILINE)) >= 3


def test_every_runbook_belongs_to_an_alert() -> None:
    assert {path.name for path in RUNBOOKS.glob("*.md")} == {alert.runbook for alert in ALERTS.values()}


def test_runbooks_name_declared_series_and_runbooks_that_exist() -> None:
    for path in RUNBOOKS.glob("*.md"):
        text = path.read_text()
        names = {name.rstrip("_") for name in used_series(text)}
        histograms = {name.removesuffix("_count") for name in declared_series()}
        assert names - declared_series() - histograms == set(), path.name
        for link in re.findall(r"\]\(([\w-]+\.md)\)", text):
            assert (RUNBOOKS / link).exists(), f"{path.name} links to {link}"


def test_the_route_of_the_verification_objective_exists() -> None:
    paths = json.loads((ROOT / "docs" / "openapi.json").read_text())["paths"]
    routes = set(re.findall(r'route="([^"]+)"', (PROMETHEUS / "objectives.yml").read_text()))

    assert routes <= set(paths)
    assert routes


def test_amtool_accepts_the_routes(amtool: Checker) -> None:
    amtool.check("check-config", "alertmanager.yml", folder=DEPLOY / "alertmanager")


def _named(matchers: Iterable[str]) -> list[str]:
    """The alerts that an inhibition's matchers name; each part of a pattern must name one."""
    patterns = [
        matcher.partition("=")[2].strip('~"') for matcher in matchers if matcher.startswith("alertname")
    ]
    parts = [part for pattern in patterns for part in re.split(r"\|(?![^(]*\))", pattern)]
    found = {part: [alert for alert in ALERTS if re.fullmatch(part, alert)] for part in parts}
    assert [part for part, alerts in found.items() if not alerts] == []
    return [alert for alerts in found.values() for alert in alerts]


def test_inhibitions_name_alerts_that_exist_and_no_ticket_silences_a_page() -> None:
    config = yaml.safe_load((DEPLOY / "alertmanager" / "alertmanager.yml").read_text())
    for rule in config["inhibit_rules"]:
        sources, targets = _named(rule["source_matchers"]), _named(rule["target_matchers"])
        assert sources
        assert targets
        if any(ALERTS[name].severity == "ticket" for name in sources):
            assert {ALERTS[name].severity for name in targets} == {"ticket"}, rule
