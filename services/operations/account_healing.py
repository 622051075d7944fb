"""Learns one account anew from the log, where an event of a wrong clock has made all that followed it late."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from redis.asyncio import Redis

from contracts.errors import Malformed
from contracts.ports import Shard
from services.bootstrap.pipelines import offline_core
from services.events.decode import decode
from services.memory.redis_store import RedisProfileStore
from services.operations.memory_care import batches_of, committed_offsets, require_no_worker, store_of
from services.platform.secrets import decode_key
from services.platform.settings import Settings
from services.replay.offline import OfflineRecord
from services.replay.replay import arrival_times


class Healed(Struct, frozen=True):
    """How many events of an account were learned anew, and of how many the time was corrected."""

    events: int
    corrected: int


async def heal_account(settings: Settings, account_id: str, workers_stopped: bool = False) -> Healed:
    """Learn one account anew from the log, with the times that cannot be right corrected (`replay.arrival_times`).

    Other accounts and the counts across accounts stay as they are. Raises Unavailable, also while a worker of the group runs,
    and Malformed when the log holds no event of the account.
    """
    if not workers_stopped:
        await require_no_worker(settings)
    committed = {
        partition: offset for partition, offset in (await committed_offsets(settings)).items() if offset
    }
    found: dict[int, list[Any]] = {}
    async for batch in batches_of(settings, settings.topic_events, committed):
        for partition, records in batch.items():
            own = [record for record in records if record.key == account_id.encode()]
            found.setdefault(partition, []).extend(own)
    healed = Healed(0, 0)
    async with store_of(settings) as client:
        for partition, records in found.items():
            if records:
                told = await _heal(
                    settings, client, Shard(settings.topic_epoch, partition), account_id, records
                )
                healed = Healed(healed.events + told.events, healed.corrected + told.corrected)
    if not healed.events:
        raise Malformed("account", "the log holds no event of this account")
    return healed


async def _heal(
    settings: Settings, client: Redis, shard: Shard, account_id: str, records: Sequence[Any]
) -> Healed:
    readable = decode(records, math.inf)
    times = [event.at for event in readable.events]
    arrived = arrival_times([(account_id, at) for at in times])
    stamped = [
        OfflineRecord(
            record.key,
            record.value,
            record.offset,
            record.timestamp if came == at else int(came * 1000),
            record.headers,
        )
        for record, at, came in zip(readable.records, times, arrived, strict=True)
    ]
    core = offline_core(settings, decode_key("pseudonym_key", settings.pseudonym_key))
    await core.decide(stamped, shard.partition)
    [[entry]] = await core.profiles.load([(shard, [account_id])])
    if entry is not None:
        store = RedisProfileStore(client)
        [[known]] = await store.load([(shard, [account_id])])
        offset = max(entry[0], -1 if known is None else known[0])
        await store.save([(shard, [(account_id, offset, entry[1])])])
    return Healed(len(stamped), sum(came != at for came, at in zip(arrived, times, strict=True)))
