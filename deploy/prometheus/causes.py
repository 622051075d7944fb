"""The alerts on causes, written to alerts.yml. Two of them page: an event never decided has no latency to measure."""

from __future__ import annotations

from deploy.prometheus.partitions import PARTITIONS
from deploy.prometheus.rules import WORKER, Alert


def _appeared(metric: str, label: str, window: str) -> str:
    """True while a counter with open label values grew, its first value included, which `increase` cannot see."""
    return (
        f"sum by ({label}) (increase({metric}[{window}])) > 0\n"
        f"or (sum by ({label}) ({metric}) > 0 unless sum by ({label}) ({metric} offset {window}))"
    )


STREAM = (
    Alert(
        "NoWorker",
        "page",
        "2m",
        f'absent(up{{job="{WORKER}"}} == 1)',
        "no-worker.md",
    ),
    Alert(
        "EventsNotDecided",
        "page",
        "2m",
        "sum(payguard_consumer_lag_records) > 0\nand sum(increase(payguard_decisions_total[5m])) == 0",
        "events-not-decided.md",
    ),
    Alert(
        "ServiceDown",
        "page",
        "2m",
        'max by (job) (up{job=~"payguard-(api|cases|notifier)"}) == 0',
        "process-down.md",
    ),
    Alert(
        "ProcessDown",
        "ticket",
        "5m",
        'up{job=~"payguard-.*"} == 0',
        "process-down.md",
    ),
    Alert(
        "ConsumerLagging",
        "ticket",
        "5m",
        "max(payguard_consumer_lag_seconds) > 10",
        "consumer-lagging.md",
    ),
    Alert(
        "CommitStalled",
        "ticket",
        "5m",
        "sum by (instance) (payguard_consumer_lag_records) > 0\n"
        f'and sum by (instance) (increase(payguard_commit_total{{job="{WORKER}",result="ok"}}[5m])) == 0',
        "commit-stalled.md",
    ),
    Alert(
        "RebalanceStorm",
        "ticket",
        "15m",
        "max(increase(payguard_rebalances_total[10m])) > 4",
        "rebalance-storm.md",
    ),
    Alert(
        "DeadLetters",
        "ticket",
        "0s",
        _appeared("payguard_dead_letters_total", "reason", "15m"),
        "dead-letters.md",
    ),
    Alert(
        "NoEvents",
        "ticket",
        "5m",
        "(sum(increase(payguard_events_received_total[15m])) == 0\n"
        "  and sum(increase(payguard_events_received_total[6h])) > 1000)\n"
        "unless sum(payguard_consumer_lag_records) > 0",
        "no-events.md",
    ),
    *PARTITIONS,
)

#: Share of decisions that were not `allow`.
RISK_RECORDINGS = [
    (
        f"payguard:decisions_acted:ratio_rate{window}",
        f'sum(rate(payguard_decisions_total{{action!="allow"}}[{window}]))\n'
        f"  / sum(rate(payguard_decisions_total[{window}]))",
    )
    for window in ("1h", "1d")
]

RISK = (
    Alert(
        "DetectorFailing",
        "ticket",
        "0s",
        _appeared("payguard_detector_failed_total", "detector", "15m"),
        "detector-failing.md",
    ),
    Alert(
        "PolicyRefused",
        "ticket",
        "1m",
        "max by (instance) (payguard_policy_refused) > 0",
        "policy-refused.md",
    ),
    Alert(
        "ScoreDrift",
        "ticket",
        "15m",
        "(payguard:decisions_acted:ratio_rate1h > 3 * payguard:decisions_acted:ratio_rate1d\n"
        "  or payguard:decisions_acted:ratio_rate1h < payguard:decisions_acted:ratio_rate1d / 3)\n"
        "and sum(increase(payguard_decisions_total[1h])) > 1000\n"
        'and (sum(increase(payguard_decisions_total{action!="allow"}[1h])) > 20\n'
        "  or payguard:decisions_acted:ratio_rate1d * sum(increase(payguard_decisions_total[1h])) > 20)",
        "score-drift.md",
    ),
)

#: Share of wrong codes among those that were compared.
CODE_RECORDINGS = [
    (
        f"payguard:codes_wrong:ratio_rate{window}",
        f'sum(rate(payguard_codes_total{{result="wrong"}}[{window}]))\n'
        f'  / sum(rate(payguard_codes_total{{result=~"wrong|passed"}}[{window}]))',
    )
    for window in ("15m", "1d")
]

SECOND_FACTOR = (
    Alert(
        "OtpGuessing",
        "ticket",
        "0s",
        'sum(increase(payguard_codes_total{result="wrong"}[15m])) > 50\n'
        "and (payguard:codes_wrong:ratio_rate15m > 0.5\n"
        "  or payguard:codes_wrong:ratio_rate15m > 3 * payguard:codes_wrong:ratio_rate1d)",
        "otp-guessing.md",
    ),
    Alert(
        "OtpFleetLimit",
        "page",
        "0s",
        'sum(increase(payguard_codes_slowed_total{limit="fleet"}[5m])) > 0',
        "otp-fleet-limit.md",
    ),
    Alert(
        "OtpLockouts",
        "ticket",
        "0s",
        "sum(increase(payguard_lockouts_total[15m])) > 10",
        "otp-lockouts.md",
    ),
    Alert(
        "OtpSpray",
        "ticket",
        "0s",
        'sum(increase(payguard_challenges_total{result="failed"}[15m])) > 20\n'
        'and sum(increase(payguard_challenges_total{result="failed"}[15m]))\n'
        '  > sum(increase(payguard_challenges_total{result="passed"}[15m]))',
        "otp-spray.md",
    ),
    Alert(
        "ClockSkew",
        "ticket",
        "0s",
        "sum(increase(payguard_clock_skew_steps_count[1h])) > 20",
        "clock-skew.md",
    ),
)

#: Consumers whose standing still hurts nobody within the hour.
UPKEEP = "activity|activity-retention|retention|help-desks"
#: Work behind the decisions: what it says of itself is in services/platform/progress.py.
BACKGROUND = (
    Alert(
        "ConsumerFailing",
        "page",
        "1m",
        f'max by (job, consumer) (payguard_consumer_failing{{consumer!~"{UPKEEP}"}}) > 0',
        "consumer-failing.md",
    ),
    Alert(
        "UpkeepFailing",
        "ticket",
        "15m",
        f'max by (job, consumer) (payguard_consumer_failing{{consumer=~"{UPKEEP}"}}) > 0',
        "consumer-failing.md",
    ),
    Alert(
        "ConsumerBehind",
        "page",
        "2m",
        'max by (consumer) (payguard_consumer_oldest_seconds{consumer!~"notifier|activity"}) > 60\n'
        'or max by (consumer) (payguard_consumer_oldest_seconds{consumer="notifier"}) > 3600',
        "consumer-behind.md",
    ),
    Alert(
        "ActivityBehind",
        "ticket",
        "5m",
        'max(payguard_consumer_oldest_seconds{consumer="activity"}) > 300',
        "consumer-behind.md",
    ),
    Alert(
        "FreezeUnacknowledged",
        "page",
        "0s",
        'max (payguard_actions_unacknowledged_seconds{kind="freeze"}) > 30\n'
        "and on() sum(increase(payguard_actions_acknowledged_total[7d])) > 0",
        "freeze-unacknowledged.md",
    ),
    Alert(
        "NotMeDoubled",
        "page",
        "0s",
        'sum(increase(payguard_answers_total{answer="not_me"}[1h])) > 20\n'
        'and sum(increase(payguard_answers_total{answer="not_me"}[1h]))\n'
        '  > 2 * sum(increase(payguard_answers_total{answer="not_me"}[1h] offset 1h))',
        "not-me-doubled.md",
    ),
    Alert(
        "TaskEnded",
        "page",
        "0s",
        _appeared("payguard_tasks_ended_total", "task", "15m"),
        "task-ended.md",
    ),
    Alert(
        "MailStorm",
        "page",
        "0s",
        "sum(increase(payguard_notices_digested_total[15m])) > 0",
        "mail-storm.md",
    ),
    Alert(
        "ProcessRestarting",
        "page",
        "0s",
        'max by (job, instance) (changes(process_start_time_seconds{job=~"payguard-.*"}[15m])) > 3',
        "process-restarting.md",
    ),
)
