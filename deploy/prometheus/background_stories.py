"""Test cases of the alerts on work in the background, as in cause_stories.py."""

from __future__ import annotations

from deploy.prometheus.stories import QUIET, Story, counter, gauge, later, says

_CASES = 'instance="cases:1",job="payguard-cases"'
_FAILING = f'payguard_consumer_failing{{consumer="cases",{_CASES}}}'
_UPKEEP = _FAILING.replace('"cases",', '"retention",')
_OLDEST = 'payguard_consumer_oldest_seconds{consumer="CONSUMER"}'
_STARTED = f"process_start_time_seconds{{{_CASES}}}"
_NOT_ME = 'payguard_answers_total{answer="not_me",proof="link",channel="CHANNEL"}'
_DIGESTED = 'payguard_notices_digested_total{reason="REASON"}'
_UNFROZEN = 'payguard_actions_unacknowledged_seconds{kind="freeze"}'
_ACKNOWLEDGED = 'payguard_actions_acknowledged_total{result="done"}'
_ENDED = 'payguard_tasks_ended_total{task="policy-watch"}'

BACKGROUND_STORIES = (
    Story(
        "ConsumerFailing",
        "fires while cases cannot write, and resolves when it can",
        {_FAILING: gauge((10, 0), (10, 1), (10, 0))},
        (("9m", QUIET), ("13m", ({"job": "payguard-cases", "consumer": "cases"},)), ("22m", QUIET)),
    ),
    Story(
        "ConsumerFailing",
        "stays quiet when failures are repeated with success",
        {
            _FAILING: gauge((30, 0)),
            'payguard_consumer_failures_total{consumer="cases",reason="database_locked"}': counter((30, 1)),
        },
        (("20m", QUIET),),
    ),
    Story(
        "ConsumerFailing",
        "leaves to a ticket what hurts nobody within the hour",
        {_UPKEEP: gauge((30, 1))},
        (("20m", QUIET),),
    ),
    Story(
        "UpkeepFailing",
        "fires when rows past keeping are not deleted for 15 minutes, and resolves when they are",
        {_UPKEEP: gauge((10, 0), (20, 1), (10, 0))},
        (("24m", QUIET), ("27m", ({"job": "payguard-cases", "consumer": "retention"},)), ("32m", QUIET)),
    ),
    Story(
        "UpkeepFailing",
        "leaves freezes and letters to their page",
        {_FAILING: gauge((40, 1))},
        (("35m", QUIET),),
    ),
    Story(
        "ActivityBehind",
        "fires when activity is older than five minutes for a while, and resolves when it caught up",
        {_OLDEST.replace("CONSUMER", "activity"): gauge((10, 0), (15, 420), (10, 0))},
        (("12m", QUIET), ("18m", says("7m 0s")), ("27m", QUIET)),
    ),
    Story(
        "ActivityBehind",
        "stays quiet while a backlog is drained within minutes",
        {_OLDEST.replace("CONSUMER", "activity"): gauge((10, 0), (4, 600), (20, 30))},
        (("14m", QUIET), ("25m", QUIET)),
    ),
    Story(
        "ConsumerBehind",
        "fires when an action has waited for more than a minute, and resolves when it is out",
        {_OLDEST.replace("CONSUMER", "outbox"): gauge((10, 0), (10, 90), (10, 0))},
        (("9m", QUIET), ("14m", says("1m 30s", consumer="outbox")), ("22m", QUIET)),
    ),
    Story(
        "ConsumerBehind",
        "fires when a letter has waited for more than an hour",
        {_OLDEST.replace("CONSUMER", "notifier"): gauge((10, 0), (10, 3700), (10, 0))},
        (("9m", QUIET), ("14m", says("1h 1m 40s", consumer="notifier")), ("22m", QUIET)),
    ),
    Story(
        "ConsumerBehind",
        "stays quiet while one address puts its letter off for half an hour",
        {_OLDEST.replace("CONSUMER", "notifier"): gauge((30, 1800))},
        (("20m", QUIET),),
    ),
    Story(
        "FreezeUnacknowledged",
        "fires when a wallet that acknowledges has not frozen for 30 seconds, and resolves when it has",
        {
            _UNFROZEN: gauge((10, 0), (5, 45), (10, 0)),
            _ACKNOWLEDGED: counter((30, 1)),
        },
        (("9m", QUIET), ("14m", says("45s")), ("20m", QUIET)),
    ),
    Story(
        "FreezeUnacknowledged",
        "stays quiet about a wallet that never acknowledges anything",
        {_UNFROZEN: gauge((30, 900)), _ACKNOWLEDGED: gauge((30, 0))},
        (("20m", QUIET),),
    ),
    Story(
        "NotMeDoubled",
        "fires when owners say so twice as often as in the hour before, wherever they say it, and resolves an hour later",
        {
            _NOT_ME.replace("CHANNEL", "letter"): counter((120, 0), (30, 1), (120, 0)),
            _NOT_ME.replace("CHANNEL", "page"): counter((120, 0), (30, 1), (120, 0)),
        },
        (("118m", QUIET), ("145m", says("50")), ("230m", QUIET)),
    ),
    Story(
        "NotMeDoubled",
        "stays quiet about few, and about many at a steady pace",
        {
            _NOT_ME.replace("CHANNEL", "letter"): counter((180, 1)),
            _NOT_ME.replace("CHANNEL", "wallet"): counter((120, 0), (10, 1), (50, 0)),
        },
        (("125m", QUIET), ("175m", QUIET)),
    ),
    Story(
        "TaskEnded",
        "fires at the first task that ends, and resolves after 15 quiet minutes",
        {_ENDED: later(10, gauge((40, 1)))},
        (("5m", QUIET), ("12m", ({"task": "policy-watch"},)), ("30m", QUIET)),
    ),
    Story(
        "TaskEnded",
        "stays quiet about an old end",
        {_ENDED: gauge((60, 1))},
        (("40m", QUIET),),
    ),
    Story(
        "MailStorm",
        "fires once while thousands of notices go into digests, whatever their reasons, and resolves after 15 quiet minutes",
        {
            _DIGESTED.replace("REASON", "login_notice"): counter((10, 0), (10, 450), (40, 0)),
            _DIGESTED.replace("REASON", "hold_notice"): counter((10, 0), (5, 20), (45, 0)),
        },
        (("9m", QUIET), ("13m", says("1410")), ("40m", QUIET)),
    ),
    Story(
        "MailStorm",
        "stays quiet while many letters go out",
        {
            _DIGESTED.replace("REASON", "login_notice"): counter((30, 0)),
            'payguard_notices_total{channel="mail",result="delivered"}': counter((30, 400)),
        },
        (("20m", QUIET),),
    ),
    Story(
        "ProcessRestarting",
        "fires for a process that is started every two minutes, and resolves when it stays",
        {_STARTED: "100x9 200 200 300 300 400 400 500 500 600 600 700x40"},
        (
            ("9m", QUIET),
            ("20m", says("6", job="payguard-cases", instance="cases:1")),
            ("40m", QUIET),
        ),
    ),
    Story(
        "ProcessRestarting",
        "stays quiet through an update",
        {_STARTED: "100x9 200x9 300x30"},
        (("25m", QUIET),),
    ),
)
