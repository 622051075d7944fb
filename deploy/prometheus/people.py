"""The alerts on people: money refused, fraud reported, owners that hear nothing or cannot pass, and what a wallet leaves undone.

Each compares with its own usual and asks for a minimum count, so that three events at night wake nobody. What is usual is the
mean of what was recorded, however short that is: a system that was started today compares with today.
"""

from __future__ import annotations

from deploy.prometheus.rules import Alert

#: Kinds of reports that say money, or access, went to somebody else.
FRAUD_KINDS = "unauthorised|lost_device"
_ENDED = 'payguard_challenges_total{result=~"passed|failed|expired"}'
_PASSED = 'payguard_challenges_total{result="passed"}'
_VERDICTS = 'payguard_detector_verdicts_total{verdict=~"fraud|legitimate"}'
_FRAUD = 'payguard_detector_verdicts_total{verdict="fraud"}'

PEOPLE_RECORDINGS = [
    (
        "payguard:payments_refused:increase15m",
        'sum(increase(payguard_decisions_total{action="deny",type="transaction"}[15m]))',
    ),
    ("payguard:unreachable:increase15m", "sum(increase(payguard_notices_undelivered_total[15m]))"),
    (
        "payguard:fraud_reports:increase1h",
        f'sum(increase(payguard_reports_made_total{{kind=~"{FRAUD_KINDS}"}}[1h]))',
    ),
    *(
        (
            f"payguard:challenges_passed:ratio_rate{window}",
            f"sum(rate({_PASSED}[{window}]))\n  / sum(rate({_ENDED}[{window}]))",
        )
        for window in ("1h", "7d")
    ),
    *(
        (
            f"payguard:detector_precision:ratio_rate{window}",
            f"sum by (detector) (rate({_FRAUD}[{window}]))\n"
            f"  / sum by (detector) (rate({_VERDICTS}[{window}]))",
        )
        for window in ("1d", "7d")
    ),
]


def _burst(recorded: str, least: int, times: int) -> str:
    """True while the last stretch is above a minimum and so many times the mean of the last day's stretches."""
    return f"{recorded} > {least}\nand {recorded} > {times} * avg_over_time({recorded}[1d])"


PEOPLE = (
    Alert(
        "PaymentsRefusedBurst",
        "page",
        "0s",
        _burst("payguard:payments_refused:increase15m", 20, 4),
        "payments-refused.md",
    ),
    Alert(
        "FraudReportsBurst",
        "page",
        "0s",
        _burst("payguard:fraud_reports:increase1h", 10, 3),
        "fraud-reports.md",
    ),
    Alert(
        "UnreachableBurst",
        "ticket",
        "0s",
        _burst("payguard:unreachable:increase15m", 20, 3),
        "owners-unreachable.md",
    ),
    Alert(
        "PassRateFalls",
        "page",
        "10m",
        "payguard:challenges_passed:ratio_rate1h < 0.6 * payguard:challenges_passed:ratio_rate7d\n"
        f"and sum(increase({_ENDED}[1h])) > 50\n"
        f"and sum(increase({_ENDED}[7d])) > 500",
        "pass-rate.md",
    ),
    Alert(
        "PrecisionFalls",
        "ticket",
        "30m",
        "payguard:detector_precision:ratio_rate1d < 0.6 * payguard:detector_precision:ratio_rate7d\n"
        f"and sum by (detector) (increase({_VERDICTS}[1d])) > 10\n"
        f"and sum by (detector) (increase({_VERDICTS}[7d])) > 40",
        "precision.md",
    ),
    Alert(
        "ActionUnacknowledged",
        "ticket",
        "0s",
        'max by (kind) (payguard_actions_unacknowledged_seconds{kind!="freeze"}) > 300\n'
        "and on() sum(increase(payguard_actions_acknowledged_total[7d])) > 0",
        "action-unacknowledged.md",
    ),
)
