"""The alerts on memory and on the store that holds it, and their test cases."""

from __future__ import annotations

from deploy.prometheus.rules import Alert
from deploy.prometheus.stories import QUIET, Story, gauge, says

MEMORY = (
    Alert(
        "MemoryLost",
        "page",
        "0s",
        "count(max by (partition) (payguard_memory_lost) > 0) > 0",
        "memory-lost.md",
    ),
    Alert(
        "StoreMayEvict",
        "page",
        "1m",
        "max(payguard_store_may_evict) > 0",
        "store-may-evict.md",
    ),
    Alert(
        "MemoryBehind",
        "ticket",
        "0s",
        "max by (partition) (max_over_time(payguard_memory_behind_records[15m])) > 0",
        "memory-behind.md",
    ),
)

_WORKER = 'instance="w:1",job="payguard-worker"'
_LOST = f'payguard_memory_lost{{{_WORKER},partition="3"}}'
_OTHER_LOST = f'payguard_memory_lost{{{_WORKER},partition="4"}}'
_MAY_EVICT = f"payguard_store_may_evict{{{_WORKER}}}"
_BEHIND = f'payguard_memory_behind_records{{{_WORKER},partition="3"}}'

MEMORY_STORIES = (
    Story(
        "MemoryLost",
        "fires at once while a partition is lost, and resolves when all are whole",
        {_LOST: gauge((10, 0), (10, 1), (10, 0)), _OTHER_LOST: gauge((30, 0))},
        (("9m", QUIET), ("11m", says("1")), ("21m", QUIET)),
    ),
    Story(
        "MemoryLost",
        "stays quiet while a partition that was whole changes hands",
        {_LOST: gauge((20, 0)), _LOST.replace("w:1", "v:1"): "_x10 0+0x10"},
        (("15m", QUIET),),
    ),
    Story(
        "StoreMayEvict",
        "fires while the store may evict, and resolves when it may not",
        {_MAY_EVICT: gauge((10, 0), (10, 1), (10, 0))},
        (("9m", QUIET), ("12m", ({},)), ("21m", QUIET)),
    ),
    Story(
        "StoreMayEvict",
        "stays quiet about a store that keeps everything",
        {_MAY_EVICT: gauge((20, 0)), f"payguard_store_evicted_keys{{{_WORKER}}}": gauge((20, 0))},
        (("15m", QUIET),),
    ),
    Story(
        "MemoryBehind",
        "fires when a store that took over lacks records, and resolves after 15 quiet minutes",
        {_BEHIND: gauge((10, 0), (1, 40), (30, 0))},
        (("9m", QUIET), ("12m", says("40", partition="3")), ("30m", QUIET)),
    ),
    Story(
        "MemoryBehind",
        "stays quiet through a fail-over that lost nothing",
        {_BEHIND: gauge((20, 0))},
        (("15m", QUIET),),
    ),
)
