"""The alerts on which partition holds what, and on what its workers agree about, with their test cases."""

from __future__ import annotations

from deploy.prometheus.rules import Alert
from deploy.prometheus.stories import QUIET, Story, counter, gauge, says

PARTITIONS = (
    Alert(
        "TopicMadeAnew",
        "page",
        "0s",
        'max by (instance) (payguard_worker_refuses{reason="topic_made_anew"}) > 0',
        "topic-made-anew.md",
    ),
    Alert(
        "PartitionsChanged",
        "page",
        "0s",
        'max by (instance) (payguard_worker_refuses{reason="partitions_changed"}) > 0',
        "partitions-changed.md",
    ),
    Alert(
        "RecordsMoved",
        "ticket",
        "5m",
        "sum(increase(payguard_moved_records_total[15m])) > 0",
        "records-moved.md",
    ),
    Alert(
        "PoliciesDiffer",
        "ticket",
        "15m",
        "count(count by (version) (payguard_policy_info == 1)) > 1",
        "policies-differ.md",
    ),
)

_OLD, _NEW = (
    'payguard_policy_info{instance="w:1",version="2026-1"}',
    'payguard_policy_info{instance="v:1",version="2026-2"}',
)


def _refuses(instance: str, reason: str) -> str:
    return f'payguard_worker_refuses{{instance="{instance}",reason="{reason}"}}'


PARTITION_STORIES = (
    Story(
        "TopicMadeAnew",
        "fires for the worker that refuses its topic, and resolves when it decides again",
        {_refuses("w:1", "topic_made_anew"): gauge((10, 0), (10, 1), (10, 0))},
        (("9m", QUIET), ("11m", ({"instance": "w:1"},)), ("21m", QUIET)),
    ),
    Story(
        "TopicMadeAnew",
        "leaves another reason to its own alert",
        {
            _refuses("w:1", "topic_made_anew"): gauge((20, 0)),
            _refuses("w:1", "partitions_changed"): gauge((20, 1)),
        },
        (("15m", QUIET),),
    ),
    Story(
        "PartitionsChanged",
        "fires for every worker that refuses, and resolves when they decide again",
        {_refuses(f"{name}:1", "partitions_changed"): gauge((10, 0), (10, 1), (10, 0)) for name in "vw"},
        (("9m", QUIET), ("11m", ({"instance": "v:1"}, {"instance": "w:1"})), ("21m", QUIET)),
    ),
    Story(
        "PartitionsChanged",
        "leaves a topic that was made anew to its own alert",
        {
            _refuses("w:1", "topic_made_anew"): gauge((20, 1)),
            _refuses("w:1", "partitions_changed"): gauge((20, 0)),
        },
        (("15m", QUIET),),
    ),
    Story(
        "RecordsMoved",
        "fires while records are moved, and resolves after 15 quiet minutes",
        {"payguard_moved_records_total": counter((10, 0), (20, 30), (40, 0))},
        (("10m", QUIET), ("20m", says("300")), ("50m", QUIET)),
    ),
    Story(
        "RecordsMoved",
        "stays quiet about yesterday's",
        {"payguard_moved_records_total": gauge((60, 900))},
        (("40m", QUIET),),
    ),
    Story(
        "PoliciesDiffer",
        "fires when a worker keeps the old policy after the others took the new one, and resolves when it follows",
        {_OLD: gauge((40, 1), (1, 0)) + " _x20", _NEW: gauge((60, 1))},
        (("14m", QUIET), ("17m", says("2")), ("45m", QUIET)),
    ),
    Story(
        "PoliciesDiffer",
        "stays quiet through a deployment of ten minutes",
        {_OLD: gauge((10, 1)) + " _x40", _NEW: "_x1 " + gauge((50, 1))},
        (("9m", QUIET), ("20m", QUIET)),
    ),
)
