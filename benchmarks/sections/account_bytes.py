"""Bytes an account takes in the store: profiles learned offline from the bench's events, saved, and asked about.

`MEMORY USAGE` is the store's own account of one key and its value; the growth of `used_memory` has the table of keys too.
"""

from __future__ import annotations

import time
from statistics import fmean

from msgspec import Struct
from redis.asyncio import Redis

from benchmarks.instruments.progress import Progressing
from benchmarks.parts.ground import Ground
from benchmarks.workloads.events import EVENTS_A_DAY, bench_events
from contracts.ports import Shard
from services.bootstrap.pipelines import offline_core
from services.memory.marks import PREFIX
from services.memory.redis_client import ask, connect
from services.memory.redis_store import RedisProfileStore
from services.replay.offline import OfflineRecord

_SEED = 5
_BATCH = 2_000
_SAMPLE = 1_000


class AccountBytes(Struct, frozen=True):
    """Of accounts with so many events behind them on average."""

    events_an_account: int
    accounts: int
    packed_bytes: int
    memory_usage_bytes: int
    used_memory_bytes: int


async def measure_account_bytes(ground: Ground, progress: Progressing) -> tuple[AccountBytes, AccountBytes]:
    """Of typical accounts (some weeks of life), and of full ones (about a year: what is bounded has met its bound)."""
    plan = ground.plan
    typical = await _measured(ground, progress, plan.typical_accounts, plan.typical_events)
    full = await _measured(ground, progress, plan.full_accounts, plan.full_events)
    return typical, full


async def _measured(ground: Ground, progress: Progressing, accounts: int, each: int) -> AccountBytes:
    entries = await _learned(ground, progress, accounts, each)
    await ground.empty_store()
    client = connect(ground.settings.redis, timeout_s=60.0)
    try:
        shard = Shard(ground.settings.topic_epoch, 0)
        store = RedisProfileStore(client)
        before = await _used(client)
        for start in range(0, len(entries), _BATCH):
            await store.save([(shard, entries[start : start + _BATCH])])
        after = await _used(client)
        sample = entries[:: max(1, len(entries) // _SAMPLE)]
        sizes = [
            int(
                await ask(
                    client, "MEMORY", "USAGE", f"{PREFIX}:{{{shard.epoch}.{shard.partition}}}:{account}"
                )
            )
            for account, _, _ in sample
        ]
    finally:
        await client.aclose()
    return AccountBytes(
        events_an_account=each,
        accounts=len(entries),
        packed_bytes=round(fmean(len(packed) for _, _, packed in entries)),
        memory_usage_bytes=round(fmean(sizes)),
        used_memory_bytes=(after - before) // len(entries),
    )


async def _learned(
    ground: Ground, progress: Progressing, accounts: int, each: int
) -> list[tuple[str, int, bytes]]:
    """What the core itself makes of these accounts' events: (account, offset, packed profile)."""
    core = offline_core(ground.settings)
    count = accounts * each
    span_ms = count * 86_400_000 // (EVENTS_A_DAY * accounts)
    now_ms = int(time.time() * 1000)
    records: list[OfflineRecord] = []
    names: set[bytes] = set()
    with progress.step(f"{accounts:,} accounts live through {each:,} events", count) as step:
        for offset, (key, value) in enumerate(bench_events(accounts, count, _SEED, now_ms - span_ms)):
            names.add(key)
            records.append(OfflineRecord(key, value, offset, now_ms))
            if len(records) >= _BATCH or offset == count - 1:
                await core.decide(records)
                step(len(records))
                records = []
    ids = sorted(name.decode() for name in names)
    [found] = await core.profiles.load([(Shard(ground.settings.topic_epoch, 0), ids)])
    return [(name, *entry) for name, entry in zip(ids, found, strict=True) if entry is not None]


async def _used(client: Redis) -> int:
    return int((await ask(client, "INFO", "memory"))["used_memory"])
