"""The alerts on the desk's time and on what runs: deadlines that will be missed, approvals that wait, releases that differ; and
their test cases."""

from __future__ import annotations

from deploy.prometheus.rules import Alert
from deploy.prometheus.stories import QUIET, Story, counter, gauge, says

#: What the desk finished in four hours: first answers and closings. Each process that looks counts the same.
_FINISHED = (
    "(max(sum by (instance) (increase(payguard_case_first_answer_seconds_count[4h])))\n"
    "  + max(sum by (instance) (increase(payguard_case_closing_seconds_count[4h]))))"
)

DESK = (
    Alert(
        "BreachForecast",
        "ticket",
        "15m",
        f"max(payguard_cases_due_4h) > 10\nand max(payguard_cases_due_4h) > {_FINISHED}",
        "breach-forecast.md",
    ),
    Alert(
        "ApprovalsWaiting",
        "ticket",
        "0s",
        "max(payguard_approvals_waiting_seconds) > 3600",
        "approvals-waiting.md",
    ),
    Alert(
        "BuildsDiffer",
        "ticket",
        "30m",
        "count(count by (version) (payguard_build_info == 1)) > 1",
        "builds-differ.md",
    ),
)

_DUE = "payguard_cases_due_4h"
_ANSWERED = 'payguard_case_first_answer_seconds_count{instance="cases:1",kind="dispute"}'
_CLOSED = 'payguard_case_closing_seconds_count{instance="cases:1",kind="dispute"}'
_APPROVALS = "payguard_approvals_waiting_seconds"
_BUILD = 'payguard_build_info{instance="%s",version="%s",code="interpreted"}'

DESK_STORIES = (
    Story(
        "BreachForecast",
        "fires when more is due than the desk finishes, and resolves when colleagues have come",
        {
            _DUE: gauge((300, 5), (60, 40), (60, 12)),
            _ANSWERED: counter((420, 0)),
            _CLOSED: "0+0x239 0+0.05x119 6+0.5x59",
        },
        (("299m", QUIET), ("330m", says("40")), ("418m", QUIET)),
    ),
    Story(
        "BreachForecast",
        "stays quiet on a busy day that the desk keeps up with, and about three cases at night",
        {
            _DUE: gauge((300, 40), (300, 3)),
            _ANSWERED: counter((300, 1), (300, 0)),
            _CLOSED: counter((300, 1), (300, 0)),
        },
        (("280m", QUIET), ("590m", QUIET)),
    ),
    Story(
        "ApprovalsWaiting",
        "fires when an act has waited for a second person for an hour, and resolves when somebody answers",
        {_APPROVALS: gauge((10, 900), (10, 3900), (10, 0))},
        (("9m", QUIET), ("12m", says("1h 5m 0s")), ("21m", QUIET)),
    ),
    Story(
        "ApprovalsWaiting", "stays quiet for half an hour", {_APPROVALS: gauge((30, 1800))}, (("20m", QUIET),)
    ),
    Story(
        "BuildsDiffer",
        "fires when a process keeps the old release for half an hour, and resolves when it follows",
        {_BUILD % ("w:1", "1.2"): gauge((60, 1)) + " _x30", _BUILD % ("api:1", "1.3"): gauge((90, 1))},
        (("25m", QUIET), ("40m", says("2")), ("80m", QUIET)),
    ),
    Story(
        "BuildsDiffer",
        "stays quiet through a deployment of twenty minutes",
        {_BUILD % ("w:1", "1.2"): gauge((20, 1)) + " _x40", _BUILD % ("api:1", "1.3"): gauge((60, 1))},
        (("19m", QUIET), ("45m", QUIET)),
    ),
)
