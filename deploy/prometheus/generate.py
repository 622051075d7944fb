"""Writes the rules and their test cases beside itself: `python -m deploy.prometheus.generate`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

from deploy.prometheus.attacks import ATTACK_STORIES, ATTACKS
from deploy.prometheus.background_stories import BACKGROUND_STORIES
from deploy.prometheus.case_causes import CASES
from deploy.prometheus.cause_stories import CAUSE_STORIES
from deploy.prometheus.causes import (
    BACKGROUND,
    CODE_RECORDINGS,
    RISK,
    RISK_RECORDINGS,
    SECOND_FACTOR,
    STREAM,
)
from deploy.prometheus.clocks import CLOCK_STORIES, CLOCKS
from deploy.prometheus.desk import DESK, DESK_STORIES
from deploy.prometheus.http import HTTP, HTTP_STORIES
from deploy.prometheus.memory import MEMORY, MEMORY_STORIES
from deploy.prometheus.people import PEOPLE, PEOPLE_RECORDINGS
from deploy.prometheus.people_stories import PEOPLE_STORIES, WEEK_STORIES
from deploy.prometheus.rules import Alert, burn_alerts, recordings
from deploy.prometheus.stories import BUDGET_STORIES, BURN_STORIES, Labels, Story
from deploy.prometheus.trust import TRUST, TRUST_STORIES
from deploy.prometheus.wording import VALUE, filled, templates

FOLDER = Path(__file__).parent
_HEAD = "# Written by `make docs` from deploy/prometheus/*.py.\n"
_OBJECTIVES = "payguard-objectives"
#: Where the runbooks are in the stories.
_RUNBOOKS = "https://runbooks.example"
GROUPS: dict[str, tuple[Alert, ...]] = {
    _OBJECTIVES: tuple(burn_alerts()),
    "payguard-stream": STREAM,
    "payguard-memory": MEMORY,
    "payguard-clocks": CLOCKS,
    "payguard-risk": RISK,
    "payguard-attacks": ATTACKS,
    "payguard-second-factor": SECOND_FACTOR,
    "payguard-people": PEOPLE,
    "payguard-cases": CASES,
    "payguard-desk": DESK,
    "payguard-trust": TRUST,
    "payguard-background": BACKGROUND,
    "payguard-http": HTTP,
}
#: Recorded first in the group whose alerts compare them.
RECORDINGS = {
    _OBJECTIVES: recordings(),
    "payguard-risk": RISK_RECORDINGS,
    "payguard-second-factor": CODE_RECORDINGS,
    "payguard-people": PEOPLE_RECORDINGS,
}
ALERTS: dict[str, Alert] = {alert.name: alert for group in GROUPS.values() for alert in group}


class _Blocks(yaml.SafeDumper):
    """Longer expressions as blocks, the way people write them."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Blocks.add_representer(str, _text)


def files() -> dict[str, str]:
    """Name and text of each file."""
    return {
        "objectives.yml": _dump({"groups": [_group(_OBJECTIVES)]}),
        "alerts.yml": _dump({"groups": [_group(name) for name in GROUPS if name != _OBJECTIVES]}),
        "alerts_test.yml": _dump(
            _tests(
                "1m",
                ["alerts.yml"],
                (
                    *CAUSE_STORIES,
                    *MEMORY_STORIES,
                    *CLOCK_STORIES,
                    *TRUST_STORIES,
                    *ATTACK_STORIES,
                    *BACKGROUND_STORIES,
                    *HTTP_STORIES,
                    *PEOPLE_STORIES,
                    *DESK_STORIES,
                ),
            )
        ),
        "objectives_test.yml": _dump(_tests("1m", ["objectives.yml"], BURN_STORIES)),
        "budget_test.yml": _dump(
            _tests("15m", ["objectives.yml", "alerts.yml"], (*BUDGET_STORIES, *WEEK_STORIES))
        ),
    }


def _dump(document: dict[str, Any]) -> str:
    return _HEAD + yaml.dump(document, Dumper=_Blocks, sort_keys=False, width=1000, allow_unicode=True)


def _group(name: str) -> dict[str, Any]:
    recorded = [{"record": metric, "expr": expression} for metric, expression in RECORDINGS.get(name, [])]
    return {"name": name, "rules": [*recorded, *map(_rule, GROUPS[name])]}


def _rule(alert: Alert) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": alert.expression,
        "for": alert.hold,
        "labels": {"severity": alert.severity},
        "annotations": templates(alert),
    }


def _tests(interval: str, rules: list[str], stories: tuple[Story, ...]) -> dict[str, Any]:
    return {
        "rule_files": rules,
        "evaluation_interval": interval,
        "tests": [_test(interval, story) for story in stories],
    }


def _test(interval: str, story: Story) -> dict[str, Any]:
    alert = ALERTS[story.alert]
    return {
        "name": f"{story.alert}: {story.claim}",
        "interval": interval,
        "external_labels": {"runbooks": _RUNBOOKS},
        "input_series": [{"series": name, "values": values} for name, values in story.series.items()],
        "alert_rule_test": [
            {
                "eval_time": when,
                "alertname": story.alert,
                "exp_alerts": [
                    {
                        "exp_labels": {"severity": alert.severity, **_true(labels)},
                        "exp_annotations": filled(alert, labels, _RUNBOOKS),
                    }
                    for labels in firing
                ],
            }
            for when, firing in story.expected
        ],
    }


def _true(labels: Labels) -> Labels:
    return {name: value for name, value in labels.items() if name != VALUE}


def main() -> int:
    """Write the files; the exit code."""
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
