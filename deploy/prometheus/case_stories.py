"""Test cases of the alerts on cases and notices, as in cause_stories.py."""

from __future__ import annotations

from deploy.prometheus.stories import QUIET, Story, counter, gauge, says

_BOUNCED = 'payguard_notices_total{channel="mail",result="failed"}'
_NOWHERE = 'payguard_notices_total{channel="mail",result="undeliverable"}'
_NO_CONTACT = 'payguard_notices_undelivered_total{reason="no_contact"}'
_DELIVERED = 'payguard_notices_total{channel="mail",result="delivered"}'
_SMS_TAKEN = 'payguard_messages_total{channel="sms",class="critical",state="handed_over"}'
_UNCLAIMED = 'payguard_cases_unclaimed_seconds{severity="%s"}'
_PENDING = 'payguard_outbox_pending{kind="action"}'

CASE_STORIES = (
    Story(
        "OutboxStuck",
        "fires when rows wait and do not get fewer, and resolves when they are carried out",
        {_PENDING: gauge((10, 0), (40, 12), (10, 0))},
        (("9m", QUIET), ("35m", says("12", kind="action")), ("52m", QUIET)),
    ),
    Story(
        "OutboxStuck",
        "stays quiet while a backlog shrinks",
        {_PENDING: "600-10x50"},
        (("40m", QUIET),),
    ),
    Story(
        "OutboxStuck",
        "stays quiet when it empties in between",
        {_PENDING: "5 5 0 5 5 5 5 5 0 5 5 5 5 5 0 5 5 5 5 5 0 5 5 5 5 5 0 5 5 5 5 5 0 5 5 5 5"},
        (("30m", QUIET),),
    ),
    Story(
        "NoticesFailing",
        "fires when notices fail, and resolves after a good hour",
        {_BOUNCED: counter((10, 0), (10, 2), (80, 0)), _DELIVERED: counter((100, 2))},
        (("10m", QUIET), ("25m", says("20")), ("90m", QUIET)),
    ),
    Story(
        "NoticesFailing",
        "stays quiet at 1 %",
        {_BOUNCED: counter((60, 1)), _DELIVERED: counter((60, 99))},
        (("50m", QUIET),),
    ),
    Story(
        "ChannelFailing",
        "fires for the channel that takes nothing for 5 minutes, and resolves when it takes one",
        {
            'payguard_channel_failing{channel="sms"}': gauge((10, 0), (10, 1), (10, 0)),
            'payguard_channel_failing{channel="mail"}': gauge((30, 0)),
            _SMS_TAKEN: counter((10, 3), (10, 0), (10, 3)),
        },
        (("9m", QUIET), ("14m", QUIET), ("17m", ({"channel": "sms"},)), ("22m", QUIET)),
    ),
    Story(
        "ChannelFailing",
        "stays quiet while another notifier sends by it, and through 4 minutes",
        {
            'payguard_channel_failing{channel="sms",instance="a"}': gauge((30, 1)),
            'payguard_channel_failing{channel="sms",instance="b"}': gauge((30, 0)),
            _SMS_TAKEN: counter((30, 1)),
            'payguard_channel_failing{channel="mail"}': gauge((10, 0), (4, 1), (16, 0)),
        },
        (("15m", QUIET), ("25m", QUIET)),
    ),
    Story(
        "HelpDeskFailing",
        "fires when a help desk takes nothing for 15 minutes, and resolves when it takes what waits",
        {"payguard_help_desk_failing_seconds": "0x9 0+60x25 0x10"},
        (("20m", QUIET), ("30m", says("20m 0s")), ("40m", QUIET)),
    ),
    Story(
        "HelpDeskFailing",
        "stays quiet through ten minutes of maintenance",
        {"payguard_help_desk_failing_seconds": "0x9 0+60x10 0x20"},
        (("19m", QUIET), ("30m", QUIET)),
    ),
    Story(
        "OwnersUnreachable",
        "fires when owners without an address are to be told, and resolves when addresses are known",
        {
            _NO_CONTACT: counter((60, 0), (60, 1), (480, 0)),
            _NOWHERE: counter((60, 0), (60, 1), (480, 0)),
            _DELIVERED: counter((600, 2)),
        },
        (("55m", QUIET), ("110m", says("50")), ("590m", QUIET)),
    ),
    Story(
        "OwnersUnreachable",
        "stays quiet at 2 %",
        {
            _NO_CONTACT: counter((400, 1)),
            _NOWHERE: counter((400, 1)),
            _DELIVERED: counter((400, 49)),
        },
        (("390m", QUIET),),
    ),
    Story(
        "OwnersUnreachable",
        "stays quiet while one of a few owners has none",
        {_NO_CONTACT: counter((100, 0), (3, 1), (300, 0)), _NOWHERE: counter((100, 0), (3, 1), (300, 0))},
        (("200m", QUIET),),
    ),
    Story(
        "CaseWaiting",
        "fires when nobody takes a case for more than 4 hours, and resolves when somebody does",
        {_UNCLAIMED % "high": gauge((10, 14_000), (10, 15_000), (10, 600))},
        (("9m", QUIET), ("16m", says("4h 10m 0s")), ("22m", QUIET)),
    ),
    Story(
        "CriticalCaseUnclaimed",
        "fires when nobody takes a critical case for 15 minutes, and resolves when somebody does",
        {_UNCLAIMED % "critical": gauge((10, 300), (10, 960), (10, 0))},
        (("9m", QUIET), ("12m", says("16m 0s")), ("21m", QUIET)),
    ),
    Story(
        "CriticalCaseUnclaimed",
        "stays quiet about a high one, and about a critical one of ten minutes",
        {_UNCLAIMED % "high": gauge((30, 3_000)), _UNCLAIMED % "critical": gauge((30, 600))},
        (("20m", QUIET),),
    ),
    Story(
        "CaseWaiting",
        "stays quiet at 3 hours",
        {_UNCLAIMED % "high": gauge((30, 10_800))},
        (("20m", QUIET),),
    ),
    Story(
        "CaseWaiting",
        "stays quiet about a dispute that somebody works on for days",
        {_UNCLAIMED % "medium": gauge((30, 0)), "payguard_oldest_open_case_seconds": gauge((30, 900_000))},
        (("20m", QUIET),),
    ),
)
