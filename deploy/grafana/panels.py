"""The panels of the dashboard, one row a question."""

# long because it is one table, read beside the dashboard
from __future__ import annotations

from deploy.grafana import partition_panels
from deploy.grafana.held_panels import HELD
from deploy.grafana.shapes import WINDOW, Panel, Query, Row, quantiles, rate
from deploy.grafana.store_panels import STORE
from deploy.grafana.tired_panels import TIRED
from deploy.prometheus.rules import OBJECTIVES, VERIFY_ROUTE

DECISIONS, VERIFICATIONS = OBJECTIVES
_VERIFY = f'{{route="{VERIFY_ROUTE}"}}'

ROWS = (
    Row(
        "Are users hurt?",
        (
            Panel(
                "Decided within 1 s, over 3 days",
                "The objective is 99.9 %.",
                (Query(f"1 - {DECISIONS.ratio('3d')}"),),
                "percentunit",
                kind="stat",
            ),
            Panel(
                "Verified within 300 ms, over 3 days",
                "The objective is 99.95 %; errors of ours count as bad.",
                (Query(f"1 - {VERIFICATIONS.ratio('3d')}"),),
                "percentunit",
                kind="stat",
            ),
            Panel(
                "Decision latency",
                "From the Kafka record's time to the acknowledged decision.",
                quantiles("payguard_decision_latency_seconds"),
                "s",
                1.0,
            ),
            Panel(
                "Verification latency",
                "As the API measures it.",
                quantiles("payguard_http_request_seconds", _VERIFY),
                "s",
                0.3,
            ),
            Panel(
                "How fast the error budget burns",
                "1 spends the budget of 30 days in 30 days; 14.4 over 1 h pages.",
                tuple(
                    Query(f"{each.ratio('1h')} / {each.budget:g}", each.name.lower()) for each in OBJECTIVES
                ),
                limit=14.4,
            ),
            Panel(
                "Decisions by action",
                "Per second.",
                (rate("payguard_decisions_total", "action"),),
                "reqps",
            ),
        ),
    ),
    Row(
        "Does the stream flow?",
        (
            Panel(
                "Events",
                "Decided per second, by type.",
                (rate("payguard_events_received_total", "type"),),
                "reqps",
            ),
            Panel(
                "Records waiting",
                "Behind the fetched high watermark, by partition.",
                (Query("sum by (partition) (payguard_consumer_lag_records)", "{{partition}}"),),
            ),
            Panel(
                "Lag",
                "Age of the newest decided record while behind.",
                (Query("max by (partition) (payguard_consumer_lag_seconds)", "{{partition}}"),),
                "s",
                10.0,
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
                "Commits and rebalances",
                "Per second.",
                (
                    rate("payguard_commit_total", "job", "result"),
                    Query(f"sum (rate(payguard_rebalances_total{WINDOW}))", "rebalances"),
                ),
                "reqps",
            ),
            Panel(
                "Dead letters and undecided events",
                "Per second, by reason; PayGuard's own events by what their MAC was found to be.",
                (
                    rate("payguard_dead_letters_total", "reason"),
                    rate("payguard_own_events_total", "mac"),
                    rate("payguard_kafka_refused_total", "client"),
                    Query(
                        f"sum by (reason) (rate(payguard_events_failed_total{WINDOW}))",
                        "undecided {{reason}}",
                    ),
                ),
                "reqps",
            ),
            Panel(
                "Repeats, late and early events",
                "Per second.",
                tuple(
                    Query(f"sum (rate(payguard_{name}_total{WINDOW}))", name.replace("_", " "))
                    for name in ("duplicates", "redelivered", "late_events", "clamped_events")
                ),
                "reqps",
            ),
            Panel(
                "Offered over HTTP",
                "Events per second, by result.",
                (rate("payguard_http_events_total", "result"),),
                "reqps",
            ),
        ),
    ),
    partition_panels.PARTITIONS,
    Row(
        "What is the risk?",
        (
            Panel(
                "Scores",
                "Median and p99 by type of event.",
                quantiles("payguard_decision_score", by=", type"),
            ),
            Panel(
                "Decisions other than allow",
                "Their share, over an hour and a day.",
                tuple(
                    Query(f"payguard:decisions_acted:ratio_rate{window}", window) for window in ("1h", "1d")
                ),
                "percentunit",
            ),
            Panel(
                "Findings",
                "Per second, by detector.",
                (rate("payguard_findings_total", "detector", "mode"),),
                "reqps",
            ),
            Panel(
                "Precision by detector, over 30 days",
                "Of the events that a detector acted on and support has judged, the share that was fraud.",
                (
                    Query(
                        'sum by (detector) (increase(payguard_detector_verdicts_total{verdict="fraud"}[30d]))'
                        " / sum by (detector) (increase(payguard_detector_verdicts_total"
                        '{verdict=~"fraud|legitimate"}[30d]))',
                        "{{detector}}",
                    ),
                ),
                "percentunit",
            ),
            Panel(
                "Problems that owners report",
                "Per hour, by kind.",
                (Query("sum by (kind) (increase(payguard_reports_made_total[1h]))", "{{kind}}"),),
            ),
            Panel(
                "Detectors that fail",
                "Events per second for which a detector raised and was skipped.",
                (rate("payguard_detector_failed_total", "detector"),),
                "reqps",
            ),
            Panel(
                "Policy file",
                "refused is 1 while a worker keeps its policy because the file is not usable.",
                (
                    Query("max by (instance) (payguard_policy_refused)", "refused {{instance}}"),
                    Query("sum by (result) (payguard_policy_reloads_total)", "changes {{result}}"),
                ),
            ),
        ),
    ),
    Row(
        "Does the second factor work?",
        (
            Panel(
                "Challenges",
                "Per second.",
                (rate("payguard_challenges_total", "purpose", "result"),),
                "reqps",
            ),
            Panel(
                "Locked factors and refused repeats",
                "Per second.",
                (
                    Query(f"sum (rate(payguard_lockouts_total{WINDOW}))", "locked"),
                    Query(f"sum (rate(payguard_replay_refused_total{WINDOW}))", "repeated codes refused"),
                ),
                "reqps",
            ),
            Panel(
                "Codes",
                "Offered per second, by what came of them.",
                (rate("payguard_codes_total", "result"),),
                "reqps",
            ),
            Panel(
                "Share of wrong codes",
                "Of wrong and passed ones, over 15 minutes and a day.",
                tuple(Query(f"payguard:codes_wrong:ratio_rate{window}", window) for window in ("15m", "1d")),
                "percentunit",
            ),
            Panel(
                "Codes slowed down, and known devices let through",
                "Per second. A limit keeps others out; a known device has a few tries of its own.",
                (
                    rate("payguard_codes_slowed_total", "limit"),
                    rate("payguard_known_device_codes_total", "result"),
                ),
                "reqps",
            ),
            Panel(
                "Codes of another time",
                "Refused codes per second, by how many steps of 30 s the clocks differ at most.",
                (rate("payguard_clock_skew_steps_bucket", "le"),),
                "reqps",
            ),
            Panel("Enrolments", "Per second.", (rate("payguard_enrolments_total", "result"),), "reqps"),
            Panel(
                "Fields shown in clear",
                "Per hour at the desk, by role; and those beyond three times a person's usual day.",
                (
                    Query("sum by (role) (increase(payguard_reveals_total[1h]))", "{{role}}"),
                    Query("sum (increase(payguard_unusual_reveals_total[1h]))", "unusual"),
                ),
            ),
            Panel(
                "Sign-ins of staff",
                "Per hour at the desk, by what came of them.",
                (Query("sum by (result) (increase(payguard_staff_sign_ins_total[1h]))", "{{result}}"),),
            ),
        ),
    ),
    Row(
        "Are cases and notices dealt with?",
        (
            Panel(
                "Open cases",
                "By severity; and those whose owner cannot be told anything.",
                (
                    Query("max by (severity) (payguard_open_cases)", "{{severity}}"),
                    Query("max (payguard_cases_unreachable)", "without a way to the owner"),
                    Query("max (payguard_cases_due_4h)", "out of time within 4 h"),
                ),
            ),
            Panel(
                "Oldest open case",
                "Its age; and for how long the case that nobody has taken waits, by severity.",
                (
                    Query("max (payguard_oldest_open_case_seconds)", "age"),
                    Query("max by (severity) (payguard_cases_unclaimed_seconds)", "not taken, {{severity}}"),
                ),
                "s",
                14_400.0,
            ),
            Panel(
                "Cases by kind",
                "Not closed, by kind and state.",
                (Query("max by (kind, state) (payguard_cases)", "{{kind}} {{state}}"),),
            ),
            Panel(
                "First answers",
                "p90 of the time to the first answer, by kind, over a day.",
                (
                    Query(
                        "histogram_quantile(0.9, max by (kind, le) (rate(payguard_case_first_answer_seconds_bucket[1d])))",
                        "{{kind}}",
                    ),
                ),
                "s",
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
            ),
            Panel(
                "Alerts",
                "Recorded per second, by severity.",
                (rate("payguard_alerts_total", "severity"),),
                "reqps",
            ),
            Panel(
                "Waiting in the outbox",
                "Actions for the wallet, and notices.",
                (Query("max by (kind) (payguard_outbox_pending)", "{{kind}}"),),
            ),
            Panel(
                "What the wallet has not done",
                "Actions not acknowledged, and the age of the oldest; deliveries, acknowledgements and refusals per second.",
                (
                    Query("max by (kind) (payguard_actions_unacknowledged)", "{{kind}}"),
                    Query("max by (kind) (payguard_actions_unacknowledged_seconds)", "age of {{kind}}"),
                    rate("payguard_webhook_deliveries_total", "result"),
                    rate("payguard_actions_acknowledged_total", "result"),
                    rate("payguard_action_results_refused_total", "reason"),
                ),
            ),
            Panel(
                "Help desks beside PayGuard",
                "Tickets and notes told there, and what came from there, per second; what waits, and how long one took nothing.",
                (
                    rate("payguard_help_desk_calls_total", "result"),
                    rate("payguard_help_desk_replies_total", "result"),
                    Query("max (payguard_help_desk_waiting)", "waiting"),
                    Query("max (payguard_help_desk_failing_seconds)", "failing for"),
                ),
            ),
            Panel(
                "What owners answer",
                "Answers per second by what bears them out and where they were given; links of letters that were looked at.",
                (
                    rate("payguard_answers_total", "answer", "proof", "channel"),
                    rate("payguard_links_total", "event"),
                ),
                "reqps",
            ),
            *TIRED,
            Panel(
                "From a no to stopped money",
                "p50 and p99 of the time from an owner's word to the wallet's that outgoing money is stopped.",
                quantiles("payguard_stop_seconds"),
                "s",
            ),
            Panel(
                "Activity",
                "Events kept for people to read, per second; repeats are left as they were. Rows past keeping, taken out.",
                (
                    rate("payguard_activity_rows_total", "result"),
                    rate("payguard_rows_forgotten_total", "table"),
                ),
                "reqps",
            ),
            Panel(
                "Notices",
                "Per second; and those that nobody will get, by the reason why.",
                (
                    rate("payguard_notices_total", "channel", "result"),
                    rate("payguard_notices_undelivered_total", "reason"),
                    rate("payguard_notices_digested_total", "reason"),
                ),
                "reqps",
            ),
            Panel(
                "Messages to owners",
                "Per second, by channel, class, and how they ended.",
                (rate("payguard_messages_total", "channel", "class", "state"),),
                "reqps",
            ),
            Panel(
                "Messages not sent, and channels that fail",
                "Per second, by channel and reason; 1 while a channel takes nothing.",
                (
                    rate("payguard_messages_suppressed_total", "channel", "reason"),
                    Query("max by (channel) (payguard_channel_failing)", "{{channel}} failing"),
                ),
            ),
            Panel(
                "Until a channel has taken a message",
                "From the record of what happened.",
                quantiles("payguard_message_seconds", by=", channel"),
                "s",
            ),
            Panel(
                "Delivery latency",
                "From the decision's record to the delivered notice.",
                quantiles("payguard_delivery_latency_seconds"),
                "s",
            ),
        ),
    ),
    Row(
        "Does the work behind the decisions go on?",
        (
            Panel(
                "Not finished",
                "Records, by consumer.",
                (Query("sum by (consumer) (payguard_consumer_waiting_records)", "{{consumer}}"),),
            ),
            Panel(
                "Oldest not finished",
                "Its age, by consumer.",
                (Query("max by (consumer) (payguard_consumer_oldest_seconds)", "{{consumer}}"),),
                "s",
                60.0,
            ),
            Panel(
                "Failures",
                "Tries per second that failed and are repeated, by reason; tasks that ended; 1 while a consumer does not go on.",
                (
                    rate("payguard_consumer_failures_total", "consumer", "reason"),
                    Query("sum by (task) (payguard_tasks_ended_total)", "ended {{task}}"),
                    Query("max by (consumer) (payguard_consumer_failing)", "failing {{consumer}}"),
                ),
            ),
        ),
    ),
    Row(
        "Does the help answer?",
        (
            Panel(
                "Searches of the help",
                "Per hour, by whether an answer was found. `payguard admin faq week` lists what was asked and not found.",
                (Query("sum by (hit) (increase(payguard_faq_searches_total[1h]))", "{{hit}}"),),
            ),
            Panel(
                "Answers before reports",
                "Per hour: shown with the form of a report, said to have helped, and reports that were sent all the same.",
                (Query("sum by (event) (increase(payguard_faq_suggested_total[1h]))", "{{event}}"),),
            ),
            Panel(
                "Answers to review",
                "Reviewed by nobody here, and over their day. `payguard admin faq week` lists them.",
                (Query("max by (why) (payguard_faq_due)", "{{why}}"),),
            ),
        ),
    ),
    Row(
        "How are the processes?",
        (
            Panel("Processes that answer", "By job.", (Query("sum by (job) (up)", "{{job}}"),)),
            Panel(
                "HTTP requests",
                "Per second.",
                (rate("payguard_http_request_seconds_count", "route", "status"),),
                "reqps",
            ),
            Panel(
                "HTTP latency",
                "p99 by route.",
                (quantiles("payguard_http_request_seconds", by=", route")[1],),
                "s",
            ),
            *HELD,
            Panel(
                "Live accounts",
                "Profiles held decoded, by worker.",
                (Query("sum by (instance) (payguard_live_accounts)", "{{instance}}"),),
            ),
            Panel(
                "Share of time in each stage",
                "Seconds of batches per second. Two batches overlap, so the sum may pass 1.",
                (rate("payguard_stage_seconds_sum", "stage"),),
                "percentunit",
            ),
        ),
    ),
    STORE,
)
