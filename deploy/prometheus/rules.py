"""The rules on objectives as data; `python -m deploy.prometheus.generate` writes them to objectives.yml.

Burn rates: https://sre.google/workbook/alerting-on-slos/ (several windows, several rates). A rate of 1 spends the
error budget of 30 days in exactly 30 days. Every long window also asks for a minimum count of bad answers, so that one
slow event at night pages nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

VERIFY_ROUTE = "/v1/challenges/{challenge_id}/verify"
WORKER = "payguard-worker"


@dataclass(frozen=True)
class Alert:
    """One rule. `hold` is how long the expression must hold; `runbook` names a file of docs/runbooks.

    Its texts stand in words/ under its name, or under `words`, with `gaps` filled in.
    """

    name: str
    severity: str
    hold: str
    expression: str
    runbook: str
    words: str = ""
    gaps: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Objective:
    """A service level objective: `good` and `all` are counter selectors, `budget` the share that may be bad."""

    name: str
    recorded: str
    good: str
    all: str
    budget: float
    minimum_bad: int
    runbook: str

    def ratio(self, window: str) -> str:
        """The recorded share of bad answers over the window."""
        return f"payguard:{self.recorded}:ratio_rate{window}"

    def bad(self, window: str) -> str:
        """The recorded number of bad answers over the window."""
        return f"payguard:{self.recorded}:increase{window}"

    def ratio_expression(self, window: str) -> str:
        """What `ratio` records; nothing where nothing was asked."""
        return f"1 - (sum(rate({self.good}[{window}])) or vector(0))\n  / sum(rate({self.all}[{window}]))"

    def bad_expression(self, window: str) -> str:
        """What `bad` records."""
        return f"sum(increase({self.all}[{window}]))\n  - (sum(increase({self.good}[{window}])) or vector(0))"


OBJECTIVES = (
    Objective(
        name="Decisions",
        recorded="decisions_late",
        good='payguard_decision_latency_seconds_bucket{le="1.0"}',
        all="payguard_decision_latency_seconds_count",
        budget=0.001,
        minimum_bad=20,
        runbook="decisions-late.md",
    ),
    Objective(
        name="Verifications",
        recorded="verifications_bad",
        good=f'payguard_http_request_seconds_bucket{{route="{VERIFY_ROUTE}",status!~"5..",le="0.3"}}',
        all=f'payguard_http_request_seconds_count{{route="{VERIFY_ROUTE}"}}',
        budget=0.0005,
        minimum_bad=5,
        runbook="verifications-bad.md",
    ),
)

#: (suffix, rate, long window, short window, severity)
BURNS = (
    ("14x", 14.4, "1h", "5m", "page"),
    ("6x", 6.0, "6h", "30m", "page"),
    ("3x", 3.0, "1d", "2h", "ticket"),
    ("1x", 1.0, "3d", "6h", "ticket"),
)
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")


def burn_alerts() -> list[Alert]:
    """Four rules an objective."""
    return [
        Alert(
            name=f"{objective.name}Burn{suffix}",
            severity=severity,
            hold="0s",
            expression=(
                f"{objective.ratio(long)} > {rate:g} * {objective.budget:g}\n"
                f"and {objective.ratio(short)} > {rate:g} * {objective.budget:g}\n"
                f"and {objective.bad(long)} >= {objective.minimum_bad}"
            ),
            runbook=objective.runbook,
            words=f"{objective.name}Burn",
            gaps={"rate": f"{rate:g}", "window": long},
        )
        for objective in OBJECTIVES
        for suffix, rate, long, short, severity in BURNS
    ]


def recordings() -> list[tuple[str, str]]:
    """(name, expression) of what the burn alerts compare."""
    rows: list[tuple[str, str]] = []
    for objective in OBJECTIVES:
        for window in WINDOWS:
            rows.append((objective.ratio(window), objective.ratio_expression(window)))
        for _, _, long, _, _ in BURNS:
            rows.append((objective.bad(long), objective.bad_expression(long)))
    return rows
