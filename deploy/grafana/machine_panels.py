"""Is the machine well?"""

from __future__ import annotations

from deploy.grafana.shapes import TYPE, WINDOW, Dashboard, Panel, Query, Row, now, over, quantiles, rate
from deploy.prometheus.rules import OBJECTIVES, VERIFY_ROUTE

DECISIONS, VERIFICATIONS = OBJECTIVES
_VERIFY = f'{{route="{VERIFY_ROUTE}"}}'
#: Each is 0, or 1 and more where somebody should look.
_NOUGHT = (
    Query("sum(payguard_memory_lost)", "partitions whose memory is lost"),
    Query("sum(payguard_memory_behind_records)", "records that the store forgot"),
    Query("max(payguard_store_may_evict)", "the store may evict keys"),
    Query("max(payguard_store_evicted_keys)", "keys that the store evicted"),
    Query("sum(payguard_worker_refuses)", "workers that refuse their topic"),
    Query("sum(payguard_policy_refused)", "workers whose policy file is refused"),
    Query("max by (consumer) (payguard_consumer_failing) > 0", "{{consumer}} does not go on"),
    over("payguard_tasks_ended_total", called="tasks that ended"),
    over("payguard_consumer_failures_total", called="tries in the background that failed"),
    over("payguard_kafka_refused_total", called="refusals by a broker"),
    over("payguard_detector_failed_total", called="events that a detector failed on"),
    over("payguard_commit_total", where='{result!="ok"}', called="commits that failed"),
    over("payguard_own_events_total", where='{mac!="signed"}', called="events without our MAC"),
    over("payguard_policy_reloads_total", where='{result="refused"}', called="policy files refused"),
    over("payguard_action_results_refused_total", called="results of the wallet refused"),
    over("payguard_webhook_deliveries_total", where='{result="failed"}', called="webhooks given up"),
    over("payguard_frozen_money_total", where='{status="completed"}', called="payments of frozen accounts"),
)
_ELSEWHERE = (
    over("payguard_dead_letters_total", "reason", called="dead letter:"),
    over("payguard_events_failed_total", called="not decided"),
    over("payguard_duplicates_total", called="repeats of an id"),
    over("payguard_redelivered_total", called="delivered again"),
    over("payguard_late_events_total", called="late"),
    over("payguard_clamped_events_total", called="from the future"),
    over("payguard_moved_records_total", called="moved to their partition"),
    over("payguard_ignored_addresses_total", "fault", called="without an address:"),
    over("payguard_ignored_devices_total", "why", called="without a device:"),
    over("payguard_mended_events_total", called="mended"),
)

MACHINE = Dashboard(
    "machine",
    "Is the machine well?",
    "Objectives, the stream, the work behind it, and the processes.",
    (
        Row(
            "Are users hurt?",
            (
                Panel(
                    "Objectives kept, over 3 days",
                    "Decided within 1 s: 99.9 %. Verified within 300 ms without an error of ours: 99.95 %.",
                    tuple(
                        Query(f"1 - {each.ratio('3d')}", called)
                        for each, called in ((DECISIONS, "decided"), (VERIFICATIONS, "verified"))
                    ),
                    "percentunit",
                    kind="stat",
                    decimals=3,
                    empty="nothing was asked in 3 days",
                    runbooks=("decisions-late.md", "verifications-bad.md"),
                ),
                Panel(
                    "How fast the error budget burns",
                    "1 spends the budget of 30 days in 30 days; 14.4 over 1 h pages.",
                    tuple(
                        Query(f"{each.ratio('1h')} / {each.budget:g}", each.name.lower())
                        for each in OBJECTIVES
                    ),
                    limit=14.4,
                    runbooks=("decisions-late.md", "verifications-bad.md"),
                ),
                Panel(
                    "Latency",
                    "Of decisions, from the Kafka record's time to the acknowledged decision; of verifications, as the API "
                    "measures it.",
                    tuple(
                        Query(each.expression, f"{each.legend} {called}")
                        for called, pair in (
                            ("decided", quantiles("payguard_decision_latency_seconds")),
                            ("verified", quantiles("payguard_http_request_seconds", _VERIFY)),
                        )
                        for each in pair
                    ),
                    "s",
                    1.0,
                    empty="nothing was asked in this time",
                ),
            ),
        ),
        Row(
            "Does the stream flow?",
            (
                Panel(
                    "Events",
                    "Per second: decided, by type; and offered over HTTP, by result.",
                    (
                        rate("payguard_events_received_total", "type", where='{type=~"$type"}'),
                        rate("payguard_http_events_total", "result", called="over HTTP:"),
                    ),
                    "cps",
                    runbooks=("no-events.md",),
                ),
                Panel(
                    "Lag",
                    "Age of the newest decided record while behind, by partition.",
                    (now("payguard_consumer_lag_seconds", "partition"),),
                    "s",
                    10.0,
                    runbooks=("consumer-lagging.md", "commit-stalled.md"),
                ),
                Panel(
                    "Time a batch spends in each stage",
                    "p99. Load and save are Redis, produce is Kafka.",
                    (
                        Query(
                            f"histogram_quantile(0.99, sum by (le, stage) (rate(payguard_stage_seconds_bucket{WINDOW})))",
                            "{{stage}}",
                        ),
                    ),
                    "s",
                ),
                Panel(
                    "Events out of the ordinary",
                    "In this time: not decided, repeated, late, moved, or read without a part that names nobody.",
                    _ELSEWHERE,
                    kind="bargauge",
                    decimals=0,
                    runbooks=("dead-letters.md", "late-events.md", "records-moved.md"),
                ),
            ),
        ),
        Row(
            "What should be nought?",
            (
                Panel(
                    "What should be nought",
                    "Now, or in this time. What is not stands out.",
                    _NOUGHT,
                    kind="table",
                    limit=1.0,
                    decimals=0,
                    runbooks=(
                        "memory-lost.md",
                        "policy-refused.md",
                        "task-ended.md",
                        "events-not-ours.md",
                        "rebalance-storm.md",
                    ),
                ),
            ),
        ),
        Row(
            "Does the work behind it go on?",
            (
                Panel(
                    "Oldest not finished",
                    "Age of the oldest record, by consumer; of the oldest action that the wallet has not confirmed, by "
                    "kind; and how long a help desk has taken nothing.",
                    (
                        now("payguard_consumer_oldest_seconds", "consumer"),
                        now("payguard_actions_unacknowledged_seconds", "kind", called="wallet:"),
                        now("payguard_help_desk_failing_seconds", called="help desk"),
                    ),
                    "s",
                    60.0,
                    runbooks=(
                        "consumer-behind.md",
                        "outbox-stuck.md",
                        "freeze-unacknowledged.md",
                        "action-unacknowledged.md",
                    ),
                ),
                Panel(
                    "Not finished",
                    "Records that workers are behind, and batches in flight; records by consumer, rows of the outbox by "
                    "kind, and actions that the wallet has not confirmed.",
                    (
                        Query("sum(payguard_consumer_lag_records)", "workers: records"),
                        Query("sum(payguard_in_flight_batches)", "workers: batches"),
                        Query("sum by (consumer) (payguard_consumer_waiting_records)", "{{consumer}}"),
                        now("payguard_outbox_pending", "kind", called="outbox:"),
                        now("payguard_actions_unacknowledged", "kind", called="wallet:"),
                    ),
                ),
                Panel(
                    "Rows, and the wallet's word",
                    "Per second: events kept for people to read, rows past keeping taken out, and what the wallet said it did.",
                    (
                        rate("payguard_activity_rows_total", "result", called="events"),
                        rate("payguard_rows_forgotten_total", called="rows taken out"),
                        rate("payguard_actions_acknowledged_total", "result", called="actions"),
                        rate("payguard_webhook_deliveries_total", "result", called="webhooks"),
                        rate("payguard_enrolments_total", "result", called="enrolments"),
                    ),
                    "cps",
                ),
            ),
        ),
        Row(
            "How are the processes?",
            (
                Panel(
                    "Processes",
                    "That answer, by job; by release; workers by policy; profiles that they hold; connections of the API.",
                    (
                        Query("sum by (job) (up)", "{{job}}"),
                        Query(
                            "count by (version, code) (payguard_build_info == 1)",
                            "release {{version}} {{code}}",
                        ),
                        Query("count by (version) (payguard_policy_info == 1)", "policy {{version}}"),
                        Query("sum(payguard_live_accounts)", "profiles"),
                        Query("sum(payguard_http_connections)", "connections"),
                    ),
                    kind="table",
                    decimals=0,
                    runbooks=("process-down.md", "policies-differ.md", "builds-differ.md"),
                ),
                Panel(
                    "HTTP",
                    "Requests a second by status, and connections cut by reason.",
                    (
                        rate("payguard_http_request_seconds_count", "status"),
                        rate("payguard_http_connections_cut_total", "reason", called="cut:"),
                    ),
                    "cps",
                    runbooks=("connections-cut.md",),
                ),
                Panel(
                    "HTTP latency, and clocks",
                    "p99 by route; and how far the clock of each process is from those of the database and the store.",
                    (
                        *quantiles("payguard_http_request_seconds", by=", route", of=(0.99,)),
                        Query(
                            "max by (instance, against) (abs(payguard_clock_offset_seconds))",
                            "clock of {{instance}} from the {{against}}'s",
                        ),
                    ),
                    "s",
                    runbooks=("clock-off.md",),
                ),
            ),
        ),
    ),
    (TYPE,),
)
