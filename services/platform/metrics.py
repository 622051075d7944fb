"""Every metric of every process, declared once, typed, with its meaning.

No account, address or device is ever a label. Known label sets start at 0. Hot code caches children
(`child = EVENTS_RECEIVED.labels("login")`). Docs, dashboards and alert rules are tested against `ALL`.
"""

# long because it is one table, and every metric is looked up here
from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, GCCollector, Histogram, ProcessCollector
from prometheus_client.metrics_core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from contracts.actions import ACTIONS
from contracts.events import EVENT_TYPE_NAMES
from contracts.kind_rows import ROWS as KIND_ROWS

REGISTRY = CollectorRegistry(auto_describe=True)
ALL: dict[str, Collector] = {}

_LATENCY_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 1.0, 2.5, 10.0)
_SCORE_BUCKETS = (1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)


class BulkHistogram(Collector):
    """A histogram that takes many equal observations at once: the hot path counts a batch, not an event."""

    def __init__(
        self, name: str, meaning: str, label: str | None, known: Sequence[str], buckets: Sequence[float]
    ) -> None:
        self._name = f"payguard_{name}"
        self._meaning = meaning
        self._label = label
        self._bounds = [float(bound) for bound in buckets]
        self._counts = {value: [0] * (len(buckets) + 1) for value in known}
        self._sums = dict.fromkeys(known, 0.0)
        REGISTRY.register(self)
        ALL[self._name] = self

    def observe_many(self, label: str, value: float, count: int) -> None:
        """Add `count` observations of `value` under the label value ("" when the metric has no label)."""
        self._counts[label][bisect_left(self._bounds, value)] += count
        self._sums[label] += value * count

    def count(self, label: str = "") -> int:
        """How many observations were added."""
        return sum(self._counts[label])

    def collect(self) -> Iterable[Metric]:
        """The family as Prometheus scrapes it: cumulative buckets and their sum."""
        family = HistogramMetricFamily(self._name, self._meaning, labels=[self._label] if self._label else [])
        for value, counts in self._counts.items():
            total, buckets = 0, []
            for bound, count in zip([*map(str, self._bounds), "+Inf"], counts, strict=True):
                total += count
                buckets.append((bound, total))
            family.add_metric([value] if self._label else [], buckets, self._sums[value])
        return [family]


def _declare(
    kind: type[Any],
    name: str,
    meaning: str,
    labels: Sequence[str] = (),
    known: Sequence[Sequence[str]] = (),
    **options: Any,
) -> Any:
    metric = kind(name, meaning, labels, namespace="payguard", registry=REGISTRY, **options)
    for values in known:
        metric.labels(*values)
    ALL[f"payguard_{name}"] = metric
    return metric


_ACTION_TYPES = [(action, type_name) for action in ACTIONS for type_name in EVENT_TYPE_NAMES]
_TYPES = [(name,) for name in EVENT_TYPE_NAMES]

#: As in `contracts.events.Network`, which a test compares.
NETWORK_KINDS = ("unknown", "residential", "mobile", "hosting", "vpn", "tor", "relay", "satellite")
#: Of the account: one that it was in before, one that it was not, or nobody can tell.
COUNTRY_CLASSES = ("usual", "new", "unknown")
STAGES = ("scored", "alerted", "challenged", "refused", "confirmed")
MONEY_ENDS = ("held", "refused", "released", "cancelled", "lost")

BUILD_INFO: Gauge = _declare(
    Gauge,
    "build_info",
    "1 for the release that this process runs, and how its code runs.",
    ["version", "code"],
)
# RED
EVENTS_RECEIVED: Counter = _declare(
    Counter, "events_received_total", "Events read from Kafka, by type.", ["type"], _TYPES
)
DECISIONS: Counter = _declare(
    Counter, "decisions_total", "Decisions whose record is durable.", ["action", "type"], _ACTION_TYPES
)
EVENTS_FAILED: Counter = _declare(
    Counter, "events_failed_total", "Events that could not be decided, by reason code.", ["reason"]
)
DECISION_LATENCY = BulkHistogram(
    "decision_latency_seconds",
    "From the Kafka record's time to the acknowledged decision record.",
    None,
    [""],
    _LATENCY_BUCKETS_S,
)
STAGE: Histogram = _declare(
    Histogram, "stage_seconds", "Time one batch spends in a stage.", ["stage"], buckets=_LATENCY_BUCKETS_S
)
# stream
CONSUMER_LAG_RECORDS: Gauge = _declare(
    Gauge, "consumer_lag_records", "Records behind the fetched high watermark.", ["partition"]
)
CONSUMER_LAG_SECONDS: Gauge = _declare(
    Gauge,
    "consumer_lag_seconds",
    "Age of the newest record decided, while behind; 0 when caught up.",
    ["partition"],
)
COMMITS: Counter = _declare(
    Counter, "commit_total", "Offset commits.", ["result"], [("ok",), ("failed",), ("timeout",)]
)
REBALANCES: Counter = _declare(Counter, "rebalances_total", "Partition assignments received by this worker.")
DEAD_LETTERS: Counter = _declare(
    Counter, "dead_letters_total", "Records sent to the dead-letter topic.", ["reason"]
)
DUPLICATES: Counter = _declare(
    Counter, "duplicates_total", "Repeats of an event id; the first decision stands."
)
SKIPPED_LEARNED: Counter = _declare(
    Counter, "redelivered_total", "Redelivered events already learned and decided before."
)
MOVED_RECORDS: Counter = _declare(
    Counter,
    "moved_records_total",
    "Records on a partition that their key does not belong to, moved to the right one.",
)
LATE_EVENTS: Counter = _declare(Counter, "late_events_total", "Events older than the allowed lateness.")
CLAMPED_EVENTS: Counter = _declare(
    Counter, "clamped_events_total", "Events from the future, set to the time they arrived."
)
OWN_EVENTS: Counter = _declare(
    Counter,
    "own_events_total",
    "Records that claim to be PayGuard's own events, by what their MAC was found to be.",
    ["mac"],
    [(found,) for found in ("signed", "before_upgrade", "unsigned", "unknown_key", "forged")],
)
ADDRESSES_IGNORED: Counter = _declare(
    Counter,
    "ignored_addresses_total",
    "Events whose address names nobody: not a public one, or not to be read.",
    ["fault"],
    [("not_public",), ("malformed",)],
)
DEVICES_IGNORED: Counter = _declare(
    Counter,
    "ignored_devices_total",
    "Events whose device id names no device: a placeholder, or one that a crowd of accounts presents.",
    ["why"],
    [("placeholder",), ("crowd",)],
)
MENDED_EVENTS: Counter = _declare(
    Counter, "mended_events_total", "Events kept although a field that only helps could not be read as sent."
)
KAFKA_REFUSED: Counter = _declare(
    Counter,
    "kafka_refused_total",
    "Refusals by a broker for want of rights or for a wrong password, by client.",
    ["client"],
    [(client,) for client in ("worker", "api", "cases", "activity", "outbox", "action-results")],
)
CLOCK_OFFSET: Gauge = _declare(
    Gauge,
    "clock_offset_seconds",
    "How far this process's clock is ahead of another one; negative when behind.",
    ["against"],
    [("database",), ("store",)],
)
IN_FLIGHT: Gauge = _declare(Gauge, "in_flight_batches", "Batches read and not yet acknowledged.")
MEMORY_LOST: Gauge = _declare(
    Gauge, "memory_lost", "1 while what was remembered of a partition's accounts is lost.", ["partition"]
)
MEMORY_BEHIND: Gauge = _declare(
    Gauge,
    "memory_behind_records",
    "Records of a partition that the store has learned and forgotten.",
    ["partition"],
)
STORE_MAY_EVICT: Gauge = _declare(
    Gauge, "store_may_evict", "1 while the store's maxmemory-policy is another than noeviction."
)
STORE_EVICTED: Gauge = _declare(Gauge, "store_evicted_keys", "Keys the store has evicted since it started.")
LIVE_ACCOUNTS: Gauge = _declare(Gauge, "live_accounts", "Profiles held, packed, in this worker.")
# risk
SCORE = BulkHistogram("decision_score", "Scores of decisions.", "type", EVENT_TYPE_NAMES, _SCORE_BUCKETS)
FINDINGS: Counter = _declare(
    Counter, "findings_total", "Findings, by detector and mode.", ["detector", "mode"]
)
FROZEN_MONEY: Counter = _declare(
    Counter,
    "frozen_money_total",
    "Outgoing money of frozen accounts: requested, and refused; or completed, which the wallet should not have done.",
    ["status"],
    [("requested",), ("completed",)],
)
DETECTOR_FAILED: Counter = _declare(
    Counter, "detector_failed_total", "Times a detector raised and was skipped for an event.", ["detector"]
)
DETECTOR_VERDICTS: Counter = _declare(
    Counter,
    "detector_verdicts_total",
    "Findings that acted on an event which support has given its verdict on, by detector and verdict.",
    ["detector", "verdict"],
)
REPORTS: Counter = _declare(
    Counter,
    "reports_made_total",
    "Problems that owners reported, by kind; each is a case.",
    ["kind"],
    [(row[0],) for row in KIND_ROWS],
)
POLICY_REFUSED: Gauge = _declare(
    Gauge, "policy_refused", "1 while the policy file is refused and the policy before it holds."
)
POLICY_INFO: Gauge = _declare(
    Gauge, "policy_info", "1 for the policy that this worker decides under, by its version.", ["version"]
)
FUNNEL: Counter = _declare(
    Counter,
    "funnel_total",
    "How far logins, payments and account changes got, by the kind of network and whether the account's country was new: scored, "
    "alerted, challenged, refused; and those that their owner, or support, then called not the owner's.",
    ["stage", "network", "country"],
    [
        (stage, network, country)
        for stage in STAGES
        for network in NETWORK_KINDS
        for country in COUNTRY_CLASSES
    ],
)
REASONS: Counter = _declare(
    Counter,
    "reasons_total",
    "Decisions other than allow, by the code of the reason that weighs most.",
    ["reason"],
)
MONEY: Counter = _declare(
    Counter,
    "money_total",
    "Outgoing money in US dollars by the table of rates, and what became of it: held, refused (each try), released to its payee, "
    "cancelled, or lost, that is, gone before its owner or support called it not the owner's.",
    ["end"],
    [(end,) for end in MONEY_ENDS],
)
MONEY_UNPRICED: Counter = _declare(
    Counter,
    "money_unpriced_total",
    "Payments of which money_total leaves out the worth, because no rate of their currency is known.",
    ["end"],
    [(end,) for end in MONEY_ENDS],
)
MONEY_HELD: Gauge = _declare(Gauge, "money_held", "Money held now, in US dollars by the table of rates.")
POLICY_RELOADS: Counter = _declare(
    Counter,
    "policy_reloads_total",
    "Changes of the policy file that a worker met.",
    ["result"],
    [("applied",), ("refused",)],
)
WORKER_REFUSES: Gauge = _declare(
    Gauge,
    "worker_refuses",
    "1 while the worker decides nothing because its topic is not the one its memory was learned from.",
    ["reason"],
    [("topic_made_anew",), ("partitions_changed",)],
)
# ingest
HTTP_EVENTS: Counter = _declare(
    Counter,
    "http_events_total",
    "Events offered over HTTP, each answered on its own.",
    ["result"],
    [("accepted",), ("malformed",), ("conflict",), ("unavailable",)],
)
HTTP_REQUESTS: Histogram = _declare(
    Histogram,
    "http_request_seconds",
    "HTTP requests by route and status.",
    ["route", "status"],
    buckets=_LATENCY_BUCKETS_S,
)
HTTP_CONNECTIONS: Gauge = _declare(Gauge, "http_connections", "Connections to the API that are open.")
HTTP_CONNECTIONS_CUT: Counter = _declare(
    Counter,
    "http_connections_cut_total",
    "Connections that the API ended: their client kept it waiting for too long, or there were too many.",
    ["reason"],
    [("headers",), ("body",), ("idle",), ("closing",), ("crowded",), ("refused",)],
)
# second factor
CHALLENGES: Counter = _declare(
    Counter,
    "challenges_total",
    "Challenges by purpose and result.",
    ["purpose", "result"],
    [(p, r) for p in ("login", "transaction", "change") for r in ("issued", "passed", "failed", "expired")],
)
LOCKOUTS: Counter = _declare(Counter, "lockouts_total", "Factors locked after consecutive failures.")
CODES: Counter = _declare(
    Counter,
    "codes_total",
    "Codes offered, by what came of them.",
    ["result"],
    [
        (result,)
        for result in (
            "passed", "repeated", "wrong", "replayed", "skewed", "locked",
            "lapsed", "no_factor", "closed", "unknown", "malformed",
        )
    ],
)  # fmt: skip
CODES_SLOWED: Counter = _declare(
    Counter,
    "codes_slowed_total",
    "Codes answered 429 before they were compared, by the limit that was reached.",
    ["limit"],
    [("network",), ("fleet",)],
)
STAFF_SIGN_INS: Counter = _declare(
    Counter,
    "staff_sign_ins_total",
    "Sign-ins of staff at the desk, by way and by what came of them.",
    ["way", "result"],
    [(way, result) for way in ("password", "company") for result in ("done", "refused", "slowed")],
)
KNOWN_DEVICE_CODES: Counter = _declare(
    Counter,
    "known_device_codes_total",
    "Codes that only a known device could offer, a lock or limit keeping others out.",
    ["result"],
    [("passed",), ("refused",)],
)
REPLAY_REFUSED: Counter = _declare(
    Counter, "replay_refused_total", "Codes refused because their step was used."
)
CLOCK_SKEW: Histogram = _declare(
    Histogram,
    "clock_skew_steps",
    "Steps between a refused code and the clock, where found.",
    buckets=(-10, -2, -1, 0, 1, 2, 10),
)
ENROLMENTS: Counter = _declare(
    Counter,
    "enrolments_total",
    "Enrolments by result.",
    ["result"],
    [("started",), ("confirmed",), ("refused",)],
)
# cases and notices
OPEN_CASES: Gauge = _declare(
    Gauge,
    "open_cases",
    "Open cases by severity.",
    ["severity"],
    [("low",), ("medium",), ("high",), ("critical",)],
)
UNREACHABLE_CASES: Gauge = _declare(
    Gauge, "cases_unreachable", "Open cases whose owner cannot be told anything: no address is known."
)
#: As in `services.cases.case_measures`, which a test compares.
_CASE_KINDS = ("risk", *(row[0] for row in KIND_ROWS))
#: How a case of each kind may end, `withdrawn` and `duplicate` any of them.
CASE_ENDS: dict[str, tuple[str, ...]] = {
    kind: (*ends, "withdrawn", "duplicate")
    for kind, ends in (
        ("risk", ("fraud", "legitimate", "unclear")),
        *((row[0], row[3]) for row in KIND_ROWS),
    )
}
CASE_AGE_NAMES = ("under_1_day", "1_to_3_days", "3_to_7_days", "7_to_30_days", "over_30_days")
CASES: Gauge = _declare(
    Gauge,
    "cases",
    "Cases that are not closed, by kind and state.",
    ["kind", "state"],
    [(kind, state) for kind in _CASE_KINDS for state in ("open", "in_review")],
)
CASE_FIRST_ANSWER: Histogram = _declare(
    Histogram,
    "case_first_answer_seconds",
    "From the opening of a case to the first answer to its owner, by kind.",
    ["kind"],
    [(kind,) for kind in _CASE_KINDS],
    buckets=(300.0, 900.0, 3600.0, 14_400.0, 86_400.0, 172_800.0, 432_000.0, 864_000.0),
)
CASE_BREACHES: Counter = _declare(
    Counter,
    "case_breaches_total",
    "Cases that went past their first answer, or past their end, while they were open.",
    ["kind", "clock"],
    [(kind, clock) for kind in _CASE_KINDS for clock in ("first_answer", "closing")],
)
UNCLAIMED_CASES: Gauge = _declare(
    Gauge,
    "cases_unclaimed_seconds",
    "For how long the case that nobody has taken waits, of those that somebody should look at, by severity; 0 when none does.",
    ["severity"],
    [("low",), ("medium",), ("high",), ("critical",)],
)
CASES_DUE: Gauge = _declare(
    Gauge, "cases_due_4h", "Cases in work or to be taken whose next clock runs out within 4 hours."
)
CASE_AGES: Gauge = _declare(
    Gauge,
    "case_ages",
    "Cases that are not closed, by kind and how long ago they were opened.",
    ["kind", "age"],
    [(kind, age) for kind in _CASE_KINDS for age in CASE_AGE_NAMES],
)
CASE_CLOSING: Histogram = _declare(
    Histogram,
    "case_closing_seconds",
    "From the opening of a case to its end, by kind.",
    ["kind"],
    [(kind,) for kind in _CASE_KINDS],
    buckets=(900.0, 3600.0, 14_400.0, 86_400.0, 259_200.0, 604_800.0, 1_296_000.0, 3_024_000.0),
)
CASE_VERDICTS: Counter = _declare(
    Counter,
    "case_verdicts_total",
    "Cases that were closed, by kind and how they ended.",
    ["kind", "verdict"],
    [(kind, verdict) for kind, verdicts in CASE_ENDS.items() for verdict in verdicts],
)
APPROVALS_WAITING: Gauge = _declare(
    Gauge, "approvals_waiting", "Acts that somebody asked for and a second person has yet to allow or refuse."
)
APPROVALS_OLDEST: Gauge = _declare(
    Gauge, "approvals_waiting_seconds", "How long the oldest of them has waited; 0 when none does."
)
OLDEST_CASE: Gauge = _declare(Gauge, "oldest_open_case_seconds", "Age of the oldest open case; 0 when none.")
ALERTS: Counter = _declare(
    Counter,
    "alerts_total",
    "Alerts recorded.",
    ["severity"],
    [("low",), ("medium",), ("high",), ("critical",)],
)
OUTBOX_PENDING: Gauge = _declare(
    Gauge,
    "outbox_pending",
    "Outbox rows not yet carried out.",
    ["kind"],
    [("action",), ("notice",), ("message",)],
)
#: As in `services.wallet.actions`, which a test compares.
_WALLET_KINDS = [
    (kind,)
    for kind in (
        "freeze",
        "unfreeze",
        "revoke_sessions",
        "release_payment",
        "cancel_payment",
        "forget_device",
        "revoke_device",
    )
]
ACTIVITY_ROWS: Counter = _declare(
    Counter,
    "activity_rows_total",
    "Events handed to the store of activity: kept, or repeated and left as they were.",
    ["result"],
    [("kept",), ("repeated",)],
)
#: As in `services.rights.rules`, which a test compares.
ROWS_FORGOTTEN: Counter = _declare(
    Counter,
    "rows_forgotten_total",
    "Rows taken out of SQL because they were past keeping, by table.",
    ["table"],
    [
        (name,)
        for name in (
            "inbox",
            "messages",
            "notices",
            "incidents",
            "contact_points",
            "alerts",
            "case_files",
            "case_reports",
            "case_steps",
            "case_fields",
            "case_entries",
            "case_mentions",
            "desk_acts",
            "presence",
            "bulk_acts",
            "tickets",
            "ticket_replies",
            "cases",
            "held_payments",
            "account_holds",
            "approvals",
            "owner_words",
            "answer_links",
            "recorded_decisions",
            "wallet_actions",
            "webhook_deliveries",
            "outbox",
            "challenges",
            "factor_resets",
            "staff_sessions",
            "faq",
            "faq_searches",
            "faq_reads",
            "faq_votes",
            "security_notice_accounts",
            "security_notices",
            "attack_accounts",
            "attack_sources",
            "attack_minutes",
            "attack_log",
            "attack_alerts",
            "attacks",
        )
    ],
)
FAQ_SEARCHES: Counter = _declare(
    Counter,
    "faq_searches_total",
    "Searches of the help by users, and whether they found an answer.",
    ["hit"],
    [("yes",), ("no",)],
)
FAQ_SUGGESTED: Counter = _declare(
    Counter,
    "faq_suggested_total",
    "Answers of the help before a report: shown with its form, said to have helped, and reports that were sent all the same.",
    ["event"],
    [("shown",), ("helped",), ("sent",)],
)
FAQ_DUE: Gauge = _declare(
    Gauge,
    "faq_due",
    "Answers of the help that nobody here has reviewed yet, and those whose review is over its day.",
    ["why"],
    [("unreviewed",), ("overdue",)],
)
ACTIONS_WAITING: Gauge = _declare(
    Gauge,
    "actions_unacknowledged",
    "Actions that the wallet knows and has not said to be done.",
    ["kind"],
    _WALLET_KINDS,
)
ACTIONS_OLDEST: Gauge = _declare(
    Gauge,
    "actions_unacknowledged_seconds",
    "Age of the oldest action that the wallet has not said to be done; 0 when none waits.",
    ["kind"],
    _WALLET_KINDS,
)
ACTIONS_ACKNOWLEDGED: Counter = _declare(
    Counter,
    "actions_acknowledged_total",
    "What wallets said they did with actions.",
    ["result"],
    [("done",), ("already",), ("failed",)],
)
ANSWERS: Counter = _declare(
    Counter,
    "answers_total",
    "What owners said of events, by what bears it out and where they said it: a link in a letter, a page, the wallet.",
    ["answer", "proof", "channel"],
    [
        (answer, proof, channel)
        for answer in ("was_me", "not_me")
        for channel, proofs in (
            ("letter", ("link", "code")),
            ("page", ("session",)),
            ("wallet", ("none", "link", "session", "code")),
        )
        for proof in proofs
    ],
)
LINKS: Counter = _declare(
    Counter,
    "links_total",
    "Links of letters that were looked at: open, answered before, past their time, or not made here.",
    ["event"],
    [("viewed",), ("answered",), ("expired",), ("tampered",)],
)
STOP_SECONDS: Histogram = _declare(
    Histogram,
    "stop_seconds",
    "From an owner's word that something was not them to the wallet's word that money is stopped.",
    buckets=(0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0),
)
ACTION_RESULTS_REFUSED: Counter = _declare(
    Counter,
    "action_results_refused_total",
    "Records of the topic of results that are none, or that speak of no action of ours.",
    ["reason"],
    [("malformed",), ("unknown_action",)],
)
WEBHOOK_DELIVERIES: Counter = _declare(
    Counter,
    "webhook_deliveries_total",
    "Tries to send an action to a webhook: delivered, to be retried, or failed for good.",
    ["result"],
    [("delivered",), ("retried",), ("failed",)],
)
HELP_DESK_CALLS: Counter = _declare(
    Counter,
    "help_desk_calls_total",
    "What was told connected help desks: a ticket or note that is there, a try to be repeated, or one that was refused.",
    ["result"],
    [("done",), ("retried",), ("refused",)],
)
HELP_DESK_REPLIES: Counter = _declare(
    Counter,
    "help_desk_replies_total",
    "Webhooks of connected help desks: noted in a case, told of a closed ticket, repeated, of our own notes, of no ticket of "
    "ours, nothing to us, or not signed.",
    ["result"],
    [(name,) for name in ("noted", "closed", "repeated", "ours", "unknown", "nothing", "unsigned")],
)
HELP_DESK_WAITING: Gauge = _declare(
    Gauge, "help_desk_waiting", "Tickets of connected help desks that wait to be told something."
)
HELP_DESK_FAILING: Gauge = _declare(
    Gauge,
    "help_desk_failing_seconds",
    "For how long the connected help desk that failed first has taken nothing; 0 while all do.",
)
NOTICES: Counter = _declare(
    Counter,
    "notices_total",
    "Notices by channel and result.",
    ["channel", "result"],
    [("mail", "delivered"), ("mail", "failed"), ("mail", "undeliverable")],
)
#: The ways to owners that come with PayGuard.
CHANNELS = ("mail", "push", "web_push", "chat", "sms", "inbox")
MESSAGES: Counter = _declare(
    Counter,
    "messages_total",
    "Messages to owners by channel, class, and how they ended: handed over, known to be delivered, failed, or suppressed.",
    ["channel", "class", "state"],
    [
        (channel, kind, state)
        for channel in CHANNELS
        for kind in ("critical", "security", "digest")
        for state in ("handed_over", "delivered", "failed", "suppressed")
    ],
)
MESSAGES_SUPPRESSED: Counter = _declare(
    Counter,
    "messages_suppressed_total",
    "Messages to owners that were not sent, by channel and the reason why: what the owner wishes, another channel was there "
    "first, or the code that it was about was given.",
    ["channel", "reason"],
    [
        (channel, reason)
        for channel in CHANNELS
        for reason in ("preferences", "reached_before", "challenge_passed")
    ],
)
CHANNEL_FAILING: Gauge = _declare(
    Gauge,
    "channel_failing",
    "1 while a channel takes no message, by this notifier's tries: since one failed until one is taken.",
    ["channel"],
    [(channel,) for channel in CHANNELS],
)
MESSAGE_SECONDS: Histogram = _declare(
    Histogram,
    "message_seconds",
    "From the record of what happened to the message that a channel has taken.",
    ["channel"],
    [(channel,) for channel in CHANNELS],
    buckets=(0.1, 0.5, 1.0, 5.0, 30.0, 60.0, 300.0, 3600.0),
)
OWNERS_TOLD: Gauge = _declare(
    Gauge,
    "owners_told_30d",
    "Messages that owners got in 30 days, and the accounts that got any; looked at once an hour, of the newest 50,000 letters.",
    ["what"],
    [("messages",), ("accounts",)],
)
LETTERS_ANSWERED: Gauge = _declare(
    Gauge,
    "letters_answered_30d",
    "The same letters by what they are and how they were answered: was_me, not_me, or none.",
    ["template", "answer"],
)
DETECTOR_ANSWERS: Gauge = _declare(
    Gauge,
    "detector_answers_30d",
    "Answers of owners in 30 days by the detectors that had acted on what was asked about, of the newest 5,000.",
    ["detector", "answer"],
)
NOTICES_UNDELIVERED: Counter = _declare(
    Counter,
    "notices_undelivered_total",
    "Notices that nobody will get, by the reason why.",
    ["reason"],
    [("no_contact",), ("address_refused",), ("address_gone",), ("message_refused",), ("gave_up",)],
)
NOTICES_DIGESTED: Counter = _declare(
    Counter,
    "notices_digested_total",
    "Notices beyond the rate of their reason, which stand in a digest of their account instead.",
    ["reason"],
    [("login_notice",), ("transaction_notice",), ("challenge_notice",), ("hold_notice",), ("deny_notice",)],
)
DELIVERY_LATENCY: Histogram = _declare(
    Histogram,
    "delivery_latency_seconds",
    "From the decision's record to the delivered notice.",
    buckets=(0.1, 0.5, 1.0, 5.0, 30.0, 60.0, 300.0, 3600.0),
)

REVEALS: Counter = _declare(
    Counter,
    "reveals_total",
    "Fields of accounts that staff had shown in clear, by the role of who did.",
    ["role"],
    [("agent",), ("senior",), ("security",), ("admin",)],
)
UNUSUAL_REVEALS: Counter = _declare(
    Counter,
    "unusual_reveals_total",
    "Fields shown in clear to somebody who had more than three times as many as on their usual day.",
)

# attacks on many accounts; kinds as in `services.attacks.kinds`, which a test compares
_ATTACKS = [(kind,) for kind in ("credential_stuffing", "password_spraying", "code_guessing", "card_testing")]
ATTACKS_NOW: Gauge = _declare(Gauge, "attacks", "Attacks under way, by kind.", ["kind"], _ATTACKS)
ATTACKS_RECOGNISED: Counter = _declare(
    Counter, "attacks_recognised_total", "Attacks that were recognised, by kind.", ["kind"], _ATTACKS
)
ATTACK_ATTEMPTS: Counter = _declare(
    Counter, "attack_attempts_total", "Attempts that attacks made, by kind.", ["kind"], _ATTACKS
)
ATTACK_ACCOUNTS: Counter = _declare(
    Counter,
    "attack_accounts_total",
    "Accounts that attacks touched, and those that let somebody in, by kind.",
    ["kind", "what"],
    [(kind, what) for (kind,) in _ATTACKS for what in ("touched", "gave_way")],
)
ATTACK_SOURCES: Counter = _declare(
    Counter,
    "attack_sources_total",
    "Addresses that attacks came from, by kind and by the kind of their network.",
    ["kind", "network"],
    [(kind, network) for (kind,) in _ATTACKS for network in NETWORK_KINDS],
)

# work in the background
_CONSUMERS = [
    (name,)
    for name in (
        "cases",
        "outbox",
        "messages-outbox",
        "webhooks",
        "help-desks",
        "attack-acts",
        "action-results",
        "hold-expiry",
        "desk-acts",
        "activity",
        "activity-retention",
        "attacks",
        "attack-alerts",
        "notifier",
        "challenge-expiry",
        "factor-resets",
        "retention",
    )
]
CONSUMER_WAITING: Gauge = _declare(
    Gauge, "consumer_waiting_records", "Records a consumer has not finished.", ["consumer"], _CONSUMERS
)
CONSUMER_OLDEST: Gauge = _declare(
    Gauge,
    "consumer_oldest_seconds",
    "Age of the oldest record a consumer has not finished; 0 when none waits.",
    ["consumer"],
    _CONSUMERS,
)
CONSUMER_FAILURES: Counter = _declare(
    Counter, "consumer_failures_total", "Tries that failed and are repeated.", ["consumer", "reason"]
)
CONSUMER_FAILING: Gauge = _declare(
    Gauge, "consumer_failing", "1 while a consumer does not go on.", ["consumer"], _CONSUMERS
)
TASKS_ENDED: Counter = _declare(
    Counter, "tasks_ended_total", "Background tasks that ended without being told to.", ["task"]
)

# Memory, CPU, descriptors and start time of the process, under Prometheus' own names.
ProcessCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)
