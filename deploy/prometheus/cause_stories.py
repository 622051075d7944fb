"""Test cases of the alerts on causes: for each one that fires and resolves, and one that comes near and stays quiet."""

from __future__ import annotations

from deploy.prometheus.case_stories import CASE_STORIES
from deploy.prometheus.partitions import PARTITION_STORIES
from deploy.prometheus.stories import FIRES, QUIET, Story, counter, gauge, later, says

_API, _WORKER = 'instance="api:1",job="payguard-api"', 'instance="w:1",job="payguard-worker"'
_LAG = f"payguard_consumer_lag_records{{{_WORKER}}}"
_DECISIONS = 'payguard_decisions_total{action="allow"}'
_COMMITS = f'payguard_commit_total{{{_WORKER},result="ok"}}'
_REBALANCES = f"payguard_rebalances_total{{{_WORKER}}}"

_STREAM = (
    Story(
        "NoWorker",
        "fires when the last worker is gone, and resolves when one is back",
        {f"up{{{_WORKER}}}": gauge((10, 1), (10, 0), (10, 1))},
        (("9m", QUIET), ("14m", FIRES), ("21m", QUIET)),
    ),
    Story(
        "NoWorker",
        "stays quiet while one of two workers restarts",
        {f"up{{{_WORKER}}}": gauge((20, 0)), f"up{{{_WORKER.replace('w:', 'v:')}}}": gauge((20, 1))},
        (("15m", QUIET),),
    ),
    Story(
        "EventsNotDecided",
        "fires when events wait and none is decided, and resolves when they are",
        {_LAG: gauge((10, 0), (20, 500), (10, 0)), _DECISIONS: counter((10, 100), (20, 0), (10, 100))},
        (("10m", QUIET), ("20m", says("500")), ("35m", QUIET)),
    ),
    Story(
        "EventsNotDecided",
        "stays quiet when nothing happens at all",
        {_LAG: gauge((40, 0)), _DECISIONS: counter((40, 0))},
        (("30m", QUIET),),
    ),
    Story(
        "ServiceDown",
        "fires when the only process of its kind is gone, and resolves when it is back",
        {f"up{{{_API}}}": gauge((10, 1), (10, 0), (10, 1))},
        (("9m", QUIET), ("14m", ({"job": "payguard-api"},)), ("21m", QUIET)),
    ),
    Story(
        "ServiceDown",
        "stays quiet while another process of its kind answers, and about one that is looked after by day",
        {
            f"up{{{_API}}}": gauge((20, 0)),
            f"up{{{_API.replace('api:', 'b:')}}}": gauge((20, 1)),
            'up{instance="activity:1",job="payguard-activity"}': gauge((20, 0)),
        },
        (("15m", QUIET),),
    ),
    Story(
        "ProcessDown",
        "fires for the process that does not answer, and resolves when it does",
        {f"up{{{_API}}}": gauge((10, 1), (10, 0), (10, 1))},
        (("9m", QUIET), ("16m", ({"job": "payguard-api", "instance": "api:1"},)), ("22m", QUIET)),
    ),
    Story(
        "ProcessDown",
        "stays quiet through a restart",
        {f"up{{{_API}}}": gauge((10, 1), (3, 0), (10, 1))},
        (("12m", QUIET), ("16m", QUIET)),
    ),
    Story(
        "ConsumerLagging",
        "fires when one partition is late, and resolves when it caught up",
        {
            'payguard_consumer_lag_seconds{partition="0"}': gauge((10, 0), (10, 30), (10, 0)),
            'payguard_consumer_lag_seconds{partition="1"}': gauge((30, 0)),
        },
        (("9m", QUIET), ("16m", says("30s")), ("22m", QUIET)),
    ),
    Story(
        "ConsumerLagging",
        "stays quiet at 9 s",
        {'payguard_consumer_lag_seconds{partition="0"}': gauge((30, 9))},
        (("20m", QUIET),),
    ),
    Story(
        "CommitStalled",
        "fires for the worker whose offsets stand still, and resolves when they move",
        {_LAG: gauge((40, 100)), _COMMITS: counter((10, 60), (15, 0), (15, 60))},
        (("10m", QUIET), ("21m", says("100", instance="w:1")), ("30m", QUIET)),
    ),
    Story(
        "CommitStalled",
        "stays quiet when there is nothing to commit",
        {_LAG: gauge((40, 0)), _COMMITS: counter((40, 0))},
        (("30m", QUIET),),
    ),
    Story(
        "RebalanceStorm",
        "fires when assignments do not end, and resolves when they do",
        {_REBALANCES: counter((10, 0), (30, 1), (20, 0))},
        (("10m", QUIET), ("35m", says("10")), ("55m", QUIET)),
    ),
    Story(
        "RebalanceStorm",
        "stays quiet through a rolling restart",
        {_REBALANCES: counter((10, 0), (4, 2), (40, 0))},
        (("20m", QUIET), ("30m", QUIET)),
    ),
    Story(
        "DeadLetters",
        "fires at the first dead letter of a reason, and resolves after 15 quiet minutes",
        {'payguard_dead_letters_total{reason="invalid_json"}': later(10, gauge((40, 1)))},
        (("5m", QUIET), ("12m", says("1", reason="invalid_json")), ("30m", QUIET)),
    ),
    Story(
        "DeadLetters",
        "fires again at the next one",
        {'payguard_dead_letters_total{reason="invalid_json"}': gauge((40, 1), (20, 2))},
        (("39m", QUIET), ("42m", says("1", reason="invalid_json"))),
    ),
    Story(
        "DeadLetters",
        "stays quiet about yesterday's",
        {'payguard_dead_letters_total{reason="invalid_json"}': gauge((60, 7))},
        (("40m", QUIET),),
    ),
    Story(
        "NoEvents",
        "fires when a busy stream falls silent, and resolves when it speaks",
        {
            'payguard_events_received_total{type="login"}': counter((30, 60), (25, 0), (15, 60)),
            _LAG: gauge((70, 0)),
        },
        (("30m", QUIET), ("52m", FIRES), ("60m", QUIET)),
    ),
    Story(
        "NoEvents",
        "leaves waiting events to EventsNotDecided",
        {
            'payguard_events_received_total{type="login"}': counter((30, 60), (40, 0)),
            _LAG: gauge((30, 0), (40, 9)),
        },
        (("60m", QUIET),),
    ),
    Story(
        "NoEvents",
        "stays quiet where there never were any",
        {'payguard_events_received_total{type="login"}': counter((70, 0))},
        (("60m", QUIET),),
    ),
)

_ISSUED = 'payguard_challenges_total{purpose="login",result="RESULT"}'
_FAILED, _PASSED = _ISSUED.replace("RESULT", "failed"), _ISSUED.replace("RESULT", "passed")

_WRONG, _RIGHT = 'payguard_codes_total{result="wrong"}', 'payguard_codes_total{result="passed"}'
_SLOWED = 'payguard_codes_slowed_total{limit="fleet"}'

_GUESSING = (
    Story(
        "OtpGuessing",
        "fires while one code is tried at each of 10,000 accounts within an hour, and resolves when that ends",
        {_WRONG: counter((60, 1), (60, 167), (60, 1)), _RIGHT: counter((180, 20))},
        (("60m", QUIET), ("70m", says("1675")), ("140m", QUIET)),
    ),
    Story(
        "OtpGuessing",
        "fires when the same is spread over a day of few passes",
        {_WRONG: counter((60, 0), (600, 7)), _RIGHT: counter((660, 2))},
        (("60m", QUIET), ("120m", says("105"))),
    ),
    Story(
        "OtpGuessing",
        "stays quiet when a busy hour brings its usual share of slips",
        {_WRONG: counter((60, 1), (60, 10)), _RIGHT: counter((60, 20), (60, 200))},
        (("100m", QUIET),),
    ),
    Story(
        "OtpFleetLimit",
        "fires at the first code that is slowed down, and resolves after 5 quiet minutes",
        {_SLOWED: counter((10, 0), (5, 3), (20, 0))},
        (("10m", QUIET), ("12m", says("6")), ("25m", QUIET)),
    ),
    Story(
        "OtpFleetLimit",
        "leaves one network's limit to itself",
        {_SLOWED: counter((30, 0)), 'payguard_codes_slowed_total{limit="network"}': counter((30, 40))},
        (("20m", QUIET),),
    ),
)

_REST = (
    Story(
        "DetectorFailing",
        "fires at the first failure of a detector, and resolves after 15 quiet minutes",
        {'payguard_detector_failed_total{detector="new_payee"}': later(10, gauge((40, 1)))},
        (("5m", QUIET), ("12m", says("1", detector="new_payee")), ("30m", QUIET)),
    ),
    Story(
        "DetectorFailing",
        "stays quiet about an old failure",
        {'payguard_detector_failed_total{detector="new_payee"}': gauge((60, 3))},
        (("40m", QUIET),),
    ),
    Story(
        "PolicyRefused",
        "fires for the worker that refuses its file, and resolves when the file is good",
        {f"payguard_policy_refused{{{_WORKER}}}": gauge((10, 0), (10, 1), (10, 0))},
        (("9m", QUIET), ("12m", ({"instance": "w:1"},)), ("21m", QUIET)),
    ),
    Story(
        "PolicyRefused",
        "stays quiet while changes are taken",
        {
            f"payguard_policy_refused{{{_WORKER}}}": gauge((20, 0)),
            'payguard_policy_reloads_total{result="applied"}': counter((20, 1)),
        },
        (("15m", QUIET),),
    ),
    Story(
        "OtpLockouts",
        "fires at many lock-outs, and resolves after 15 quiet minutes",
        {"payguard_lockouts_total": counter((10, 0), (5, 4), (30, 0))},
        (("10m", QUIET), ("16m", says("20")), ("35m", QUIET)),
    ),
    Story(
        "OtpLockouts",
        "stays quiet at a few",
        {"payguard_lockouts_total": counter((10, 0), (5, 1), (30, 0))},
        (("16m", QUIET),),
    ),
    Story(
        "OtpSpray",
        "fires when more challenges fail than pass, and resolves when the failures end",
        {_FAILED: counter((10, 0), (10, 5), (40, 0)), _PASSED: counter((60, 1))},
        (("10m", QUIET), ("20m", says("50")), ("40m", QUIET)),
    ),
    Story(
        "OtpSpray",
        "stays quiet when a busy day brings failures among many passes",
        {_FAILED: counter((60, 5)), _PASSED: counter((60, 50))},
        (("40m", QUIET),),
    ),
    Story(
        "ClockSkew",
        "fires at many codes of another time, and resolves after a quiet hour",
        {"payguard_clock_skew_steps_count": counter((10, 0), (10, 4), (80, 0))},
        (("10m", QUIET), ("25m", says("40")), ("90m", QUIET)),
    ),
    Story(
        "ClockSkew",
        "stays quiet at a few",
        {"payguard_clock_skew_steps_count": counter((10, 0), (10, 1), (40, 0))},
        (("25m", QUIET),),
    ),
)

CAUSE_STORIES = (*_STREAM, *_GUESSING, *_REST, *CASE_STORIES, *PARTITION_STORIES)
