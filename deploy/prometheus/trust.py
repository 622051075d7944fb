"""The alerts on who speaks and who looks: records that claim to be PayGuard's word, staff who see much; and their test cases."""

from __future__ import annotations

from deploy.prometheus.rules import Alert
from deploy.prometheus.stories import FIRES, QUIET, Story, counter, gauge, says

TRUST = (
    Alert(
        "EventsNotOurs",
        "page",
        "0s",
        'sum by (mac) (increase(payguard_own_events_total{mac=~"unsigned|unknown_key|forged"}[15m])) > 0',
        "events-not-ours.md",
    ),
    Alert(
        "KafkaRefuses",
        "page",
        "0s",
        "sum by (client) (increase(payguard_kafka_refused_total[10m])) > 0",
        "kafka-refuses.md",
    ),
    Alert(
        "UnusualReveals",
        "ticket",
        "0s",
        "sum(increase(payguard_unusual_reveals_total[1h])) > 0",
        "unusual-reveals.md",
    ),
    Alert(
        "StaffSignInsRefused",
        "ticket",
        "0s",
        'sum(increase(payguard_staff_sign_ins_total{result=~"refused|slowed"}[15m])) > 20',
        "staff-sign-ins-refused.md",
    ),
)

_OWN = 'payguard_own_events_total{mac="%s"}'
_REFUSED = 'payguard_kafka_refused_total{client="%s"}'
_UNUSUAL = "payguard_unusual_reveals_total"
_SIGN_INS = 'payguard_staff_sign_ins_total{way="%s",result="%s"}'
TRUST_STORIES = (
    Story(
        "StaffSignInsRefused",
        "fires on a burst of guesses, and resolves once it is over",
        {
            _SIGN_INS % ("password", "refused"): counter((10, 0), (5, 6), (40, 0)),
            _SIGN_INS % ("password", "slowed"): counter((10, 0), (5, 4), (40, 0)),
        },
        (("9m", QUIET), ("15m", says("50")), ("40m", QUIET)),
    ),
    Story(
        "StaffSignInsRefused",
        "fires on a burst at the company's sign-in too",
        {_SIGN_INS % ("company", "refused"): counter((10, 0), (5, 8), (40, 0))},
        (("9m", QUIET), ("15m", says("40")), ("40m", QUIET)),
    ),
    Story(
        "StaffSignInsRefused",
        "stays quiet about a mistyped code a minute, and about any number that got in",
        {
            _SIGN_INS % ("password", "refused"): counter((60, 1)),
            _SIGN_INS % ("password", "done"): counter((60, 20)),
        },
        (("30m", QUIET), ("59m", QUIET)),
    ),
    Story(
        "UnusualReveals",
        "fires when somebody has unusually much shown, and resolves an hour later",
        {_UNUSUAL: counter((10, 0), (5, 1), (90, 0))},
        (("9m", QUIET), ("20m", FIRES), ("90m", QUIET)),
    ),
    Story(
        "UnusualReveals",
        "stays quiet about ordinary reveals",
        {_UNUSUAL: counter((60, 0))},
        (("50m", QUIET),),
    ),
    Story(
        "EventsNotOurs",
        "fires at the first forged outcome, and resolves after 15 quiet minutes",
        {_OWN % "forged": gauge((10, 0), (50, 1)), _OWN % "signed": counter((60, 30))},
        (("9m", QUIET), ("12m", says("1", mac="forged")), ("30m", QUIET)),
    ),
    Story(
        "EventsNotOurs",
        "fires when a process signs under a key that the workers do not hold",
        {_OWN % "unknown_key": counter((10, 0), (20, 3), (30, 0))},
        (("9m", QUIET), ("15m", says("15", mac="unknown_key")), ("50m", QUIET)),
    ),
    Story(
        "EventsNotOurs",
        "stays quiet about signed events and those from before an upgrade",
        {_OWN % "signed": counter((40, 30)), _OWN % "before_upgrade": counter((40, 5))},
        (("20m", QUIET),),
    ),
    Story(
        "KafkaRefuses",
        "fires while a client is refused, and resolves once its rights are back",
        {_REFUSED % "outbox": counter((10, 0), (10, 6), (20, 0)), _REFUSED % "api": counter((40, 0))},
        (("9m", QUIET), ("15m", says("30", client="outbox")), ("35m", QUIET)),
    ),
    Story(
        "KafkaRefuses",
        "stays quiet while nobody is refused",
        {_REFUSED % client: counter((40, 0)) for client in ("worker", "api", "cases", "outbox")},
        (("30m", QUIET),),
    ),
)
