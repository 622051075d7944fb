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
        "The outbox of kind {{ $labels.kind }} was not empty for 15 minutes and does not shrink.",
        "outbox-stuck.md",
    ),
    Alert(
        "NoticesFailing",
        "ticket",
        "0s",
        'sum(increase(payguard_notices_total{result="failed"}[1h])) > 5\n'
        'and sum(increase(payguard_notices_total{result="failed"}[1h]))\n'
        "  > 0.05 * sum(increase(payguard_notices_total[1h]))",
        "More than 5 % of the notices of the last hour could not be delivered.",
        "notices-failing.md",
    ),
    Alert(
        "ChannelFailing",
        "page",
        "5m",
        "max by (channel) (payguard_channel_failing) > 0\n"
        'unless sum by (channel) (increase(payguard_messages_total{state=~"handed_over|delivered"}[2m])) > 0',
        "The channel {{ $labels.channel }} has taken no message for 5 minutes: owners hear nothing by it.",
        "channel-failing.md",
    ),
    Alert(
        "HelpDeskFailing",
        "ticket",
        "0s",
        "max (payguard_help_desk_failing_seconds) > 900",
        "A connected help desk has taken nothing for 15 minutes: what happens to cases is not told there.",
        "help-desk-failing.md",
    ),
    Alert(
        "OwnersUnreachable",
        "ticket",
        "0s",
        'sum(increase(payguard_notices_undelivered_total{reason="no_contact"}[6h])) > 5\n'
        'and sum(increase(payguard_notices_undelivered_total{reason="no_contact"}[6h]))\n'
        "  > 0.05 * sum(increase(payguard_notices_total[6h]))",
        "Of more than 5 % of the notices of 6 hours the owner hears nothing: no address is known.",
        "owners-unreachable.md",
    ),
    Alert(
        "CaseWaiting",
        "ticket",
        "5m",
        "max(payguard_oldest_open_case_seconds) > 14400",
        "A support case has been open for more than 4 hours.",
        "case-waiting.md",
    ),
)
