"""Test cases of the alerts on people, as in cause_stories.py."""

from __future__ import annotations

from deploy.prometheus.stories import QUIET, Story, counter, gauge, says

_DENIED = 'payguard_decisions_total{action="deny",type="transaction"}'
_REPORTED = 'payguard_reports_made_total{kind="%s"}'
_UNDELIVERED = 'payguard_notices_undelivered_total{reason="%s"}'
_CHALLENGES = 'payguard_challenges_total{purpose="transaction",result="%s"}'
_VERDICTS = 'payguard_detector_verdicts_total{detector="%s",verdict="%s"}'
_WAITS = 'payguard_actions_unacknowledged_seconds{kind="%s"}'
_DONE = 'payguard_actions_acknowledged_total{result="done"}'
#: A day and a week in quarters of an hour.
_DAY, _WEEK = 96, 672

PEOPLE_STORIES = (
    Story(
        "PaymentsRefusedBurst",
        "fires when a handful an hour becomes six a minute, and resolves after 15 quiet minutes",
        {_DENIED: counter((120, 0), (15, 6), (40, 0))},
        (("119m", QUIET), ("130m", says("60")), ("160m", QUIET)),
    ),
    Story(
        "PaymentsRefusedBurst",
        "stays quiet about three at night",
        {_DENIED: counter((300, 0), (3, 1), (60, 0))},
        (("304m", QUIET), ("310m", QUIET)),
    ),
    Story(
        "PaymentsRefusedBurst",
        "stays quiet where as many are refused all day, from the first day on",
        {_DENIED: counter((240, 5))},
        (("20m", QUIET), ("60m", QUIET), ("230m", QUIET)),
    ),
    Story(
        "FraudReportsBurst",
        "fires when twenty owners report within an hour, whatever they call it, and resolves an hour later",
        {
            _REPORTED % "unauthorised": counter((240, 0), (20, 1), (120, 0)),
            _REPORTED % "lost_device": counter((240, 0), (10, 1), (130, 0)),
        },
        (("239m", QUIET), ("262m", says("30")), ("340m", QUIET)),
    ),
    Story(
        "FraudReportsBurst",
        "stays quiet about questions, and about three reports at night",
        {
            _REPORTED % "advice": counter((240, 0), (60, 3)),
            _REPORTED % "unauthorised": counter((240, 0), (3, 1), (57, 0)),
        },
        (("250m", QUIET), ("290m", QUIET)),
    ),
    Story(
        "UnreachableBurst",
        "fires when notices suddenly reach nobody, whatever the reason, and resolves after 15 quiet minutes",
        {
            _UNDELIVERED % "no_contact": counter((120, 0), (10, 3), (40, 0)),
            _UNDELIVERED % "gave_up": counter((120, 0), (10, 2), (40, 0)),
        },
        (("119m", QUIET), ("131m", says("50")), ("160m", QUIET)),
    ),
    Story(
        "UnreachableBurst",
        "leaves a steady share to OwnersUnreachable",
        {_UNDELIVERED % "no_contact": counter((240, 3))},
        (("60m", QUIET), ("230m", QUIET)),
    ),
    Story(
        "ActionUnacknowledged",
        "fires for the kind that the wallet leaves undone for 5 minutes, and resolves when it is done",
        {
            _WAITS % "revoke_sessions": gauge((10, 0), (10, 420), (10, 0)),
            _WAITS % "release_payment": gauge((30, 40)),
            _DONE: counter((30, 1)),
        },
        (("9m", QUIET), ("12m", says("7m 0s", kind="revoke_sessions")), ("22m", QUIET)),
    ),
    Story(
        "ActionUnacknowledged",
        "leaves a freeze to its page, and says nothing where a wallet never acknowledges",
        {_WAITS % "freeze": gauge((30, 900)), _WAITS % "unfreeze": gauge((30, 900)), _DONE: gauge((30, 0))},
        (("20m", QUIET),),
    ),
)

#: Played in quarters of an hour.
WEEK_STORIES = (
    Story(
        "PassRateFalls",
        "fires when half of the usual share passes, and resolves when it is back",
        {
            _CHALLENGES % "passed": counter((_WEEK, 45), (8, 15), (12, 45)),
            _CHALLENGES % "failed": counter((_WEEK, 4), (8, 20), (12, 4)),
            _CHALLENGES % "expired": counter((_WEEK, 1), (8, 15), (12, 1)),
        },
        (("10080m", QUIET), ("10200m", says("30%")), ("10380m", QUIET)),
    ),
    Story(
        "PassRateFalls",
        "stays quiet when the three of a night fail",
        {
            _CHALLENGES % "passed": counter((_WEEK, 45), (8, 0)),
            _CHALLENGES % "failed": counter((_WEEK, 4), (8, 1)),
        },
        (("10200m", QUIET),),
    ),
    Story(
        "PassRateFalls",
        "stays quiet while a tenth fewer pass",
        {
            _CHALLENGES % "passed": counter((_WEEK, 45), (8, 40)),
            _CHALLENGES % "failed": counter((_WEEK, 5), (8, 10)),
        },
        (("10200m", QUIET),),
    ),
    Story(
        "PrecisionFalls",
        "fires for the detector whose day is far below its week, and resolves when its verdicts are right again",
        {
            _VERDICTS % ("new_payee", "fraud"): counter((_WEEK, 4), (_DAY, 1), (_DAY, 5), (_DAY, 5)),
            _VERDICTS % ("new_payee", "legitimate"): counter((_WEEK, 1), (_DAY, 4), (_DAY, 0), (_DAY, 0)),
            _VERDICTS % ("new_device", "fraud"): counter((_WEEK + 3 * _DAY, 2)),
            _VERDICTS % ("new_device", "legitimate"): counter((_WEEK + 3 * _DAY, 3)),
        },
        (("10080m", QUIET), ("11500m", says("21.25%", detector="new_payee")), ("13300m", QUIET)),
    ),
    Story(
        "PrecisionFalls",
        "stays quiet about a detector of few verdicts",
        {
            _VERDICTS % ("new_payee", "fraud"): counter((_WEEK, 0)) + " 9+0x96",
            _VERDICTS % ("new_payee", "legitimate"): counter((_WEEK, 0), (8, 1), (_DAY - 8, 0)),
        },
        (("10200m", QUIET), ("11000m", QUIET)),
    ),
)
