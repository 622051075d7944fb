"""Does the desk keep up?"""

from __future__ import annotations

from deploy.grafana.shapes import DETECTOR, RANGE, Dashboard, Panel, Query, Row, now, over, rate

_NO_CASES = "no case in this time"
_VERDICTS = "payguard_detector_verdicts_total"
_ANSWERS = "payguard_detector_answers_30d"
_DETECTOR = 'detector=~"$detector"'


def _took(metric: str, quantile: float) -> Query:
    """A quantile by kind; each process counts the same cases."""
    return Query(
        f"histogram_quantile({quantile}, max by (kind, le) (rate({metric}_bucket{RANGE})))",
        f"p{quantile * 100:g} {{{{kind}}}}",
    )


DESK = Dashboard(
    "desk",
    "Does the desk keep up?",
    "Cases and their clocks, who looks at what, and whether detectors were right.",
    (
        Row(
            "What waits?",
            (
                Panel(
                    "Open cases by kind",
                    "Not closed, by kind and state.",
                    (now("payguard_cases", "kind", "state"),),
                    kind="bargauge",
                    decimals=0,
                ),
                Panel(
                    "Open cases by age",
                    "How long ago they were opened.",
                    (Query("sum by (age) (max by (kind, age) (payguard_case_ages))", "{{age}}"),),
                    kind="bargauge",
                    decimals=0,
                ),
                Panel(
                    "Open cases by severity",
                    "Over time; and those whose next clock runs out within 4 hours.",
                    (
                        now("payguard_open_cases", "severity"),
                        now("payguard_cases_due_4h", called="out of time within 4 h"),
                    ),
                    runbooks=("breach-forecast.md",),
                ),
                Panel(
                    "Oldest open case",
                    "Its age; and for how long a case that nobody has taken waits, by severity.",
                    (
                        now("payguard_oldest_open_case_seconds", called="age"),
                        now("payguard_cases_unclaimed_seconds", "severity", called="not taken,"),
                    ),
                    "s",
                    14_400.0,
                    kind="stat",
                    runbooks=("case-waiting.md",),
                ),
                Panel(
                    "Waiting for a second person",
                    "Acts that were asked for and nobody has decided.",
                    (now("payguard_approvals_waiting", called="acts"),),
                    kind="stat",
                ),
                Panel(
                    "Longest wait for a second person",
                    "Of the acts that nobody has decided.",
                    (now("payguard_approvals_waiting_seconds", called="wait"),),
                    "s",
                    3600.0,
                    kind="stat",
                    runbooks=("approvals-waiting.md",),
                ),
            ),
        ),
        Row(
            "How fast is it?",
            (
                Panel(
                    "First answers",
                    "p50 and p90 of the time to the first answer, by kind, in this time.",
                    tuple(_took("payguard_case_first_answer_seconds", part) for part in (0.5, 0.9)),
                    "s",
                    kind="bargauge",
                    empty="nobody was answered in this time",
                ),
                Panel(
                    "Closing",
                    "p50 and p90 of the time from opening to end, by kind, in this time.",
                    tuple(_took("payguard_case_closing_seconds", part) for part in (0.5, 0.9)),
                    "s",
                    kind="bargauge",
                    empty="no case was closed in this time",
                ),
                Panel(
                    "Clocks that ran out",
                    "Cases past their first answer or their end, in an hour.",
                    (
                        Query(
                            "max by (kind, clock) (increase(payguard_case_breaches_total[1h]))",
                            "{{kind}} {{clock}}",
                        ),
                    ),
                    runbooks=("case-waiting.md",),
                ),
            ),
        ),
        Row(
            "How does it end, and who was right?",
            (
                Panel(
                    "How cases ended",
                    "In this time, by kind and verdict.",
                    (
                        Query(
                            f"max by (kind, verdict) (increase(payguard_case_verdicts_total{RANGE})) > 0",
                            "{{kind}}: {{verdict}}",
                        ),
                    ),
                    kind="bargauge",
                    decimals=0,
                    empty="no case was closed in this time",
                ),
                Panel(
                    "Precision by support's word",
                    "Of the events that a detector acted on and support judged in 30 days, the share that was fraud.",
                    (
                        Query(
                            f'sum by (detector) (increase({_VERDICTS}{{verdict="fraud",{_DETECTOR}}}[30d]))'
                            f' / (sum by (detector) (increase({_VERDICTS}{{verdict=~"fraud|legitimate",'
                            f"{_DETECTOR}}}[30d])) > 0)",
                            "{{detector}}",
                        ),
                    ),
                    "percentunit",
                    kind="bargauge",
                    empty="support has judged nothing in 30 days",
                    runbooks=("precision.md",),
                ),
                Panel(
                    "Precision by owners' word",
                    "Of the events that a detector acted on and their owner spoke of in 30 days, the share that was not the "
                    "owner.",
                    (
                        Query(
                            f'sum by (detector) (max by (detector, answer) ({_ANSWERS}{{answer="not_me",{_DETECTOR}}}))'
                            f" / (sum by (detector) (max by (detector, answer) ({_ANSWERS}{{{_DETECTOR}}})) > 0)",
                            "{{detector}}",
                        ),
                    ),
                    "percentunit",
                    kind="bargauge",
                    empty="no owner has answered in 30 days",
                ),
            ),
        ),
        Row(
            "Who looks, and what leaves the desk?",
            (
                Panel(
                    "Sign-ins, and fields shown in clear",
                    "In this time: sign-ins by what came of them, fields by the role of who saw them, and those beyond "
                    "three times a person's usual day.",
                    (
                        over("payguard_staff_sign_ins_total", "result", called="sign-ins"),
                        over("payguard_reveals_total", "role", called="fields shown to"),
                        over("payguard_unusual_reveals_total", called="fields beyond the usual"),
                    ),
                    kind="bargauge",
                    decimals=0,
                    runbooks=("unusual-reveals.md", "staff-sign-ins-refused.md"),
                ),
                Panel(
                    "Help desks beside PayGuard",
                    "Per second, what was told there and what came from there; tickets that wait.",
                    (
                        rate("payguard_help_desk_calls_total", "result", called="told:"),
                        rate("payguard_help_desk_replies_total", "result", called="came:"),
                        now("payguard_help_desk_waiting", called="waiting"),
                    ),
                    runbooks=("help-desk-failing.md",),
                ),
            ),
        ),
    ),
    (DETECTOR,),
    hours=24,
)
