"""The alerts on cases, owners and help desks, as in causes.py."""

from __future__ import annotations

from deploy.prometheus.rules import Alert

CASES = (
    Alert(
        "OutboxStuck",
        "ticket",
        "5m",
        "max by (kind) (min_over_time(payguard_outbox_pending[15m])) > 0\n"
        "and max by (kind) (delta(payguard_outbox_pending[15m])) >= 0",
        "outbox-stuck.md",
    ),
    Alert(
        "NoticesFailing",
        "ticket",
        "0s",
        'sum(increase(payguard_notices_total{result="failed"}[1h])) > 5\n'
        'and sum(increase(payguard_notices_total{result="failed"}[1h]))\n'
        "  > 0.05 * sum(increase(payguard_notices_total[1h]))",
        "notices-failing.md",
    ),
    Alert(
        "ChannelFailing",
        "page",
        "5m",
        "max by (channel) (payguard_channel_failing) > 0\n"
        'unless sum by (channel) (increase(payguard_messages_total{state=~"handed_over|delivered"}[2m])) > 0',
        "channel-failing.md",
    ),
    Alert(
        "HelpDeskFailing",
        "ticket",
        "0s",
        "max (payguard_help_desk_failing_seconds) > 900",
        "help-desk-failing.md",
    ),
    Alert(
        "OwnersUnreachable",
        "ticket",
        "0s",
        'sum(increase(payguard_notices_undelivered_total{reason="no_contact"}[6h])) > 5\n'
        'and sum(increase(payguard_notices_undelivered_total{reason="no_contact"}[6h]))\n'
        "  > 0.05 * sum(increase(payguard_notices_total[6h]))",
        "owners-unreachable.md",
    ),
    Alert(
        "CriticalCaseUnclaimed",
        "page",
        "0s",
        'max(payguard_cases_unclaimed_seconds{severity="critical"}) > 900',
        "case-waiting.md",
    ),
    Alert(
        "CaseWaiting",
        "ticket",
        "5m",
        "max(payguard_cases_unclaimed_seconds) > 14400",
        "case-waiting.md",
    ),
)
