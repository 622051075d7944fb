"""The alerts on which partition holds what, and on what its workers agree about, with their test cases."""

from __future__ import annotations

from deploy.prometheus.rules import Alert
from deploy.prometheus.stories import FIRES, QUIET, Story, counter, gauge

PARTITIONS = (
    Alert(
        "RecordsMoved",
        "ticket",
        "5m",
        "sum(increase(payguard_moved_records_total[15m])) > 0",
        "A producer places records on partitions that their keys do not belong to.",
        "records-moved.md",
    ),
    Alert(
        "PoliciesDiffer",
        "ticket",
        "15m",
        "count(count by (version) (payguard_policy_info == 1)) > 1",
        "Workers have decided under different policies for 15 minutes.",
        "policies-differ.md",
    ),
)

_OLD, _NEW = (
    'payguard_policy_info{instance="w:1",version="2026-1"}',
    'payguard_policy_info{instance="v:1",version="2026-2"}',
)


PARTITION_STORIES = (
    Story(
        "RecordsMoved",
        "fires while records are moved, and resolves after 15 quiet minutes",
        {"payguard_moved_records_total": counter((10, 0), (20, 30), (40, 0))},
        (("10m", QUIET), ("20m", FIRES), ("50m", QUIET)),
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
        (("14m", QUIET), ("17m", FIRES), ("45m", QUIET)),
    ),
    Story(
        "PoliciesDiffer",
        "stays quiet through a deployment of ten minutes",
        {_OLD: gauge((10, 1)) + " _x40", _NEW: "_x1 " + gauge((50, 1))},
        (("9m", QUIET), ("20m", QUIET)),
    ),
)
