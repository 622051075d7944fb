"""The alert rules' test cases: for each one that fires and resolves, and one that comes near and stays quiet."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.prometheus.rules import VERIFY_ROUTE

Labels = dict[str, str]
QUIET: tuple[Labels, ...] = ()
FIRES: tuple[Labels, ...] = ({},)

_API, _WORKER = 'instance="api:1",job="payguard-api"', 'instance="w:1",job="payguard-worker"'
_DECIDED = "payguard_decision_latency_seconds_count"
_IN_TIME = 'payguard_decision_latency_seconds_bucket{le="1.0"}'
_ASKED = f'payguard_http_request_seconds_count{{route="{VERIFY_ROUTE}",status="200"}}'
_ANSWERED = f'payguard_http_request_seconds_bucket{{route="{VERIFY_ROUTE}",status="200",le="0.3"}}'
_LAG = f"payguard_consumer_lag_records{{{_WORKER}}}"
_DECISIONS = 'payguard_decisions_total{action="allow"}'
_ACTED = 'payguard_decisions_total{action="challenge"}'
_COMMITS = f'payguard_commit_total{{{_WORKER},result="ok"}}'
_REBALANCES = f"payguard_rebalances_total{{{_WORKER}}}"


@dataclass(frozen=True)
class Story:
    """Series in promtool's notation and, at each time, the labels of the alerts that fire."""

    alert: str
    claim: str
    series: dict[str, str]
    expected: tuple[tuple[str, tuple[Labels, ...]], ...]


def counter(*parts: tuple[int, int]) -> str:
    """From 0: (samples, increase a sample) after one another."""
    value, written = 0, ["0"]
    for samples, step in parts:
        written.append(f"{value + step}+{step}x{samples - 1}")
        value += samples * step
    return " ".join(written)


def gauge(*parts: tuple[int, float]) -> str:
    """(samples, value) after one another."""
    return " ".join(f"{value:g}+0x{samples - 1}" for samples, value in parts)


def later(minutes: int, series: str) -> str:
    """The series, absent for its first minutes."""
    return f"_x{minutes} {series}"


def _burn(alert: str, all_name: str, good_name: str, rate: int, parts: tuple[int, int, int]) -> Story:
    """`parts`: samples of calm, of nothing good, of calm; fires at the end of the second, resolves within the third."""
    calm, bad, after = parts
    minutes = 1 if alert.endswith("14x") else 15
    return Story(
        alert,
        "fires while answers are bad, and resolves soon after",
        {
            all_name: counter((calm + bad + after, rate)),
            good_name: counter((calm, rate), (bad, 0), (after, rate)),
        },
        (
            (f"{calm * minutes}m", QUIET),
            (f"{(calm + bad) * minutes}m", FIRES),
            (f"{(calm + bad + after) * minutes}m", QUIET),
        ),
    )


def _no_burn(alert: str, claim: str, series: dict[str, str], when: str) -> Story:
    return Story(alert, claim, series, ((when, QUIET),))


BURN_STORIES = (
    _burn("DecisionsBurn14x", _DECIDED, _IN_TIME, 600, (60, 5, 10)),
    _no_burn(
        "DecisionsBurn14x",
        "stays quiet at 1 % late",
        {_DECIDED: counter((70, 600)), _IN_TIME: counter((70, 594))},
        "66m",
    ),
    _no_burn(
        "DecisionsBurn14x",
        "stays quiet when a handful of events is late at night",
        {_DECIDED: counter((60, 1), (5, 2)), _IN_TIME: counter((60, 1), (5, 0))},
        "65m",
    ),
    _burn("VerificationsBurn14x", _ASKED, _ANSWERED, 60, (60, 5, 10)),
    _no_burn(
        "VerificationsBurn14x",
        "stays quiet at 4 bad answers",
        {_ASKED: counter((70, 1)), _ANSWERED: counter((61, 1), (4, 0), (5, 1))},
        "66m",
    ),
    Story(
        "VerificationsBurn14x",
        "counts fast answers that are errors of ours as bad",
        {
            _ASKED: counter((70, 10)),
            _ANSWERED: counter((70, 10)),
            _ASKED.replace("200", "503"): counter((60, 0), (10, 10)),
            _ANSWERED.replace("200", "503"): counter((60, 0), (10, 10)),
        },
        (("60m", QUIET), ("66m", FIRES)),
    ),
)

BUDGET_STORIES = (
    _burn("DecisionsBurn6x", _DECIDED, _IN_TIME, 600, (24, 2, 10)),
    _burn("DecisionsBurn3x", _DECIDED, _IN_TIME, 600, (24, 2, 12)),
    _burn("DecisionsBurn1x", _DECIDED, _IN_TIME, 600, (24, 2, 28)),
    _burn("VerificationsBurn6x", _ASKED, _ANSWERED, 60, (24, 2, 10)),
    _burn("VerificationsBurn3x", _ASKED, _ANSWERED, 60, (24, 2, 12)),
    _burn("VerificationsBurn1x", _ASKED, _ANSWERED, 60, (24, 2, 28)),
    *(
        _no_burn(
            f"{name}Burn{rate}",
            "stays quiet just under its rate",
            {
                all_name: counter((40, 300_000)),
                good_name: counter((40, 300_000 - 3 * bad)),
            },
            "600m",
        )
        for name, all_name, good_name, budget in (
            ("Decisions", _DECIDED, _IN_TIME, 100),
            ("Verifications", _ASKED, _ANSWERED, 50),
        )
        for rate, bad in (("6x", 6 * budget - 1), ("3x", 3 * budget - 1), ("1x", budget - 1))
    ),
    Story(
        "ScoreDrift",
        "fires when the share of challenges jumps, and resolves when it is back",
        {
            _DECISIONS: counter((96, 2970), (6, 2700), (10, 2970)),
            _ACTED: counter((96, 30), (6, 300), (10, 30)),
        },
        (("1440m", QUIET), ("1530m", FIRES), ("1680m", QUIET)),
    ),
    Story(
        "ScoreDrift",
        "fires when nothing is challenged any more",
        {_DECISIONS: counter((96, 2970), (8, 3000)), _ACTED: counter((96, 30), (8, 0))},
        (("1540m", FIRES),),
    ),
    _no_burn(
        "ScoreDrift",
        "stays quiet at twice the share",
        {_DECISIONS: counter((96, 2970), (8, 2940)), _ACTED: counter((96, 30), (8, 60))},
        "1540m",
    ),
)

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
        (("10m", QUIET), ("20m", FIRES), ("35m", QUIET)),
    ),
    Story(
        "EventsNotDecided",
        "stays quiet when nothing happens at all",
        {_LAG: gauge((40, 0)), _DECISIONS: counter((40, 0))},
        (("30m", QUIET),),
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
        (("9m", QUIET), ("16m", FIRES), ("22m", QUIET)),
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
        (("10m", QUIET), ("21m", ({"instance": "w:1"},)), ("30m", QUIET)),
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
        (("10m", QUIET), ("35m", FIRES), ("55m", QUIET)),
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
        (("5m", QUIET), ("12m", ({"reason": "invalid_json"},)), ("30m", QUIET)),
    ),
    Story(
        "DeadLetters",
        "fires again at the next one",
        {'payguard_dead_letters_total{reason="invalid_json"}': gauge((40, 1), (20, 2))},
        (("39m", QUIET), ("42m", ({"reason": "invalid_json"},))),
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
    Story(
        "FencedSaves",
        "fires when a save is refused, and resolves after 15 quiet minutes",
        {"payguard_fenced_saves_total": counter((10, 0), (1, 3), (30, 0))},
        (("10m", QUIET), ("12m", FIRES), ("30m", QUIET)),
    ),
    Story(
        "FencedSaves",
        "stays quiet at none",
        {"payguard_fenced_saves_total": counter((40, 0))},
        (("30m", QUIET),),
    ),
)

_ISSUED = 'payguard_challenges_total{purpose="login",result="RESULT"}'
_FAILED, _PASSED = _ISSUED.replace("RESULT", "failed"), _ISSUED.replace("RESULT", "passed")
_BOUNCED = 'payguard_notices_total{channel="mail",result="failed"}'
_DELIVERED = 'payguard_notices_total{channel="mail",result="delivered"}'
_PENDING = 'payguard_outbox_pending{kind="action"}'

_REST = (
    Story(
        "DetectorFailing",
        "fires at the first failure of a detector, and resolves after 15 quiet minutes",
        {'payguard_detector_failed_total{detector="new_payee"}': later(10, gauge((40, 1)))},
        (("5m", QUIET), ("12m", ({"detector": "new_payee"},)), ("30m", QUIET)),
    ),
    Story(
        "DetectorFailing",
        "stays quiet about an old failure",
        {'payguard_detector_failed_total{detector="new_payee"}': gauge((60, 3))},
        (("40m", QUIET),),
    ),
    Story(
        "OtpLockouts",
        "fires at many lock-outs, and resolves after 15 quiet minutes",
        {"payguard_lockouts_total": counter((10, 0), (5, 4), (30, 0))},
        (("10m", QUIET), ("16m", FIRES), ("35m", QUIET)),
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
        (("10m", QUIET), ("20m", FIRES), ("40m", QUIET)),
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
        (("10m", QUIET), ("25m", FIRES), ("90m", QUIET)),
    ),
    Story(
        "ClockSkew",
        "stays quiet at a few",
        {"payguard_clock_skew_steps_count": counter((10, 0), (10, 1), (40, 0))},
        (("25m", QUIET),),
    ),
    Story(
        "OutboxStuck",
        "fires when rows wait and do not get fewer, and resolves when they are carried out",
        {_PENDING: gauge((10, 0), (40, 12), (10, 0))},
        (("9m", QUIET), ("35m", ({"kind": "action"},)), ("52m", QUIET)),
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
        (("10m", QUIET), ("25m", FIRES), ("90m", QUIET)),
    ),
    Story(
        "NoticesFailing",
        "stays quiet at 1 %",
        {_BOUNCED: counter((60, 1)), _DELIVERED: counter((60, 99))},
        (("50m", QUIET),),
    ),
    Story(
        "CaseWaiting",
        "fires when a case waits for more than 4 hours, and resolves when it is closed",
        {"payguard_oldest_open_case_seconds": gauge((10, 14_000), (10, 15_000), (10, 600))},
        (("9m", QUIET), ("16m", FIRES), ("22m", QUIET)),
    ),
    Story(
        "CaseWaiting",
        "stays quiet at 3 hours",
        {"payguard_oldest_open_case_seconds": gauge((30, 10_800))},
        (("20m", QUIET),),
    ),
)

CAUSE_STORIES = (*_STREAM, *_REST)
