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
        "No worker answers: no event is being decided.",
        "no-worker.md",
    ),
    Alert(
        "EventsNotDecided",
        "page",
        "2m",
        "sum(payguard_consumer_lag_records) > 0\nand sum(increase(payguard_decisions_total[5m])) == 0",
        "Events wait and none was decided for 5 minutes.",
        "events-not-decided.md",
    ),
    Alert(
        "ProcessDown",
        "ticket",
        "5m",
        'up{job=~"payguard-.*"} == 0',
        "A process of {{ $labels.job }} does not answer.",
        "process-down.md",
    ),
    Alert(
        "ConsumerLagging",
        "ticket",
        "5m",
        "max(payguard_consumer_lag_seconds) > 10",
        "The worker has been more than 10 s behind for 5 minutes.",
        "consumer-lagging.md",
    ),
    Alert(
        "CommitStalled",
        "ticket",
        "5m",
        "sum by (instance) (payguard_consumer_lag_records) > 0\n"
        f'and sum by (instance) (increase(payguard_commit_total{{job="{WORKER}",result="ok"}}[5m])) == 0',
        "Worker {{ $labels.instance }} is behind and has committed no offset for 5 minutes.",
        "commit-stalled.md",
    ),
    Alert(
        "RebalanceStorm",
        "ticket",
        "15m",
        "max(increase(payguard_rebalances_total[10m])) > 4",
        "Partitions keep changing hands.",
        "rebalance-storm.md",
    ),
    Alert(
        "DeadLetters",
        "ticket",
        "0s",
        _appeared("payguard_dead_letters_total", "reason", "15m"),
        "Records became dead letters: {{ $labels.reason }}.",
        "dead-letters.md",
    ),
    Alert(
        "NoEvents",
        "ticket",
        "5m",
        "(sum(increase(payguard_events_received_total[15m])) == 0\n"
        "  and sum(increase(payguard_events_received_total[6h])) > 100)\n"
        "unless sum(payguard_consumer_lag_records) > 0",
        "No event came for 15 minutes, and none waits.",
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
        "Detector {{ $labels.detector }} raises and is skipped.",
        "detector-failing.md",
    ),
    Alert(
        "PolicyRefused",
        "ticket",
        "1m",
        "max by (instance) (payguard_policy_refused) > 0",
        "Worker {{ $labels.instance }} refuses the policy file and goes on with the one before.",
        "policy-refused.md",
    ),
    Alert(
        "ScoreDrift",
        "ticket",
        "15m",
        "(payguard:decisions_acted:ratio_rate1h > 3 * payguard:decisions_acted:ratio_rate1d\n"
        "  or payguard:decisions_acted:ratio_rate1h < payguard:decisions_acted:ratio_rate1d / 3)\n"
        "and sum(increase(payguard_decisions_total[1h])) > 1000",
        "The share of decisions other than allow is three times, or a third of, the day's.",
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
        "Wrong codes over all accounts are many more than usual.",
        "otp-guessing.md",
    ),
    Alert(
        "OtpFleetLimit",
        "page",
        "0s",
        'sum(increase(payguard_codes_slowed_total{limit="fleet"}[5m])) > 0',
        "So many codes are wrong that networks without a pass before are slowed down.",
        "otp-fleet-limit.md",
    ),
    Alert(
        "OtpLockouts",
        "ticket",
        "0s",
        "sum(increase(payguard_lockouts_total[15m])) > 10",
        "More than 10 second factors were locked in 15 minutes.",
        "otp-lockouts.md",
    ),
    Alert(
        "OtpSpray",
        "ticket",
        "0s",
        'sum(increase(payguard_challenges_total{result="failed"}[15m])) > 20\n'
        'and sum(increase(payguard_challenges_total{result="failed"}[15m]))\n'
        '  > sum(increase(payguard_challenges_total{result="passed"}[15m]))',
        "More challenges fail than pass.",
        "otp-spray.md",
    ),
    Alert(
        "ClockSkew",
        "ticket",
        "0s",
        "sum(increase(payguard_clock_skew_steps_count[1h])) > 20",
        "More than 20 codes in an hour were right for another time.",
        "clock-skew.md",
    ),
)

#: Work behind the decisions: what it says of itself is in services/platform/progress.py.
BACKGROUND = (
    Alert(
        "ConsumerFailing",
        "page",
        "1m",
        "max by (job, consumer) (payguard_consumer_failing) > 0",
        "{{ $labels.consumer }} does not go on: freezes, cases or letters wait.",
        "consumer-failing.md",
    ),
    Alert(
        "ConsumerBehind",
        "page",
        "2m",
        'max by (consumer) (payguard_consumer_oldest_seconds{consumer!="notifier"}) > 60\n'
        'or max by (consumer) (payguard_consumer_oldest_seconds{consumer="notifier"}) > 3600',
        "What {{ $labels.consumer }} has not finished is too old.",
        "consumer-behind.md",
    ),
    Alert(
        "FreezeUnacknowledged",
        "page",
        "0s",
        'max (payguard_actions_unacknowledged_seconds{kind="freeze"}) > 30\n'
        "and on() sum(increase(payguard_actions_acknowledged_total[7d])) > 0",
        "The wallet has not said for 30 seconds that an account is frozen: money may still leave it.",
        "freeze-unacknowledged.md",
    ),
    Alert(
        "NotMeDoubled",
        "page",
        "0s",
        'sum(increase(payguard_answers_total{answer="not_me"}[1h])) > 20\n'
        'and sum(increase(payguard_answers_total{answer="not_me"}[1h]))\n'
        '  > 2 * sum(increase(payguard_answers_total{answer="not_me"}[1h] offset 1h))',
        "More than twice as many owners as in the hour before say that something was not them.",
        "not-me-doubled.md",
    ),
    Alert(
        "TaskEnded",
        "page",
        "0s",
        _appeared("payguard_tasks_ended_total", "task", "15m"),
        "The background task {{ $labels.task }} ended by itself.",
        "task-ended.md",
    ),
    Alert(
        "MailStorm",
        "page",
        "0s",
        "sum(increase(payguard_notices_digested_total[15m])) > 0",
        "So many letters of one reason are due that they go into digests: something makes them.",
        "mail-storm.md",
    ),
    Alert(
        "ProcessRestarting",
        "page",
        "0s",
        'max by (job, instance) (changes(process_start_time_seconds{job=~"payguard-.*"}[15m])) > 3',
        "{{ $labels.job }} on {{ $labels.instance }} ends again and again.",
        "process-restarting.md",
    ),
)
