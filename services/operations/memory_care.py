"""Looks at the marks of memory from outside the workers, calls lost memory whole, or builds it again from the log."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

import msgspec
from msgspec import Struct
from redis.asyncio import Redis

from contracts.decisions import Decision
from contracts.errors import Unavailable
from contracts.ports import Shard
from services.bootstrap.pipelines import rebuilding_pipeline
from services.memory import marks
from services.memory.redis_client import Command, ask_all, connect, unless_error
from services.memory.redis_facts import store_facts
from services.operations.dead_letters import open_consumer
from services.platform.settings import Settings
from services.replay.offline import OfflineRecord
from services.stream.pipeline import Pipeline

#: A partition that hands over nothing for so long is given up.
_SILENT_S = 30.0
_TELL_EVERY = 100_000
_ANY = 1000


class MemoryStatus(Struct, frozen=True):
    """A partition's memory; offsets are those of the next record, None where nothing was saved or committed."""

    partition: int
    standing: Literal["whole", "lost", "unused"]
    since_ms: int | None
    saved: int | None
    committed: int | None


class Rebuilt(Struct, frozen=True):
    """How much was learned anew."""

    partitions: int
    events: int


class _Named(Struct):
    account_id: str
    event_id: str


@asynccontextmanager
async def store_of(settings: Settings) -> AsyncIterator[Redis]:
    """A client of the store for the length of a block."""
    client = connect(settings.redis)
    try:
        yield client
    finally:
        await client.aclose()


async def standing_of(settings: Settings) -> list[MemoryStatus]:
    """Each partition of account-events, in order. Raises Unavailable."""
    committed = await committed_offsets(settings)
    shards = [Shard(settings.topic_epoch, partition) for partition in sorted(committed)]
    async with store_of(settings) as client:
        found = await marks.read_marks(client, shards)
        kept = [
            mark is None and await marks.has_accounts(client, shard)
            for shard, mark in zip(shards, found, strict=True)
        ]
    told = []
    for shard, mark, has_accounts in zip(shards, found, kept, strict=True):
        upto = committed[shard.partition]
        if mark is not None:
            told.append(MemoryStatus(shard.partition, mark.standing, mark.since_ms, mark.highest + 1, upto))
        else:
            standing: Literal["whole", "lost", "unused"] = "lost" if upto and not has_accounts else "unused"
            told.append(MemoryStatus(shard.partition, standing, None, None, upto))
    return told


async def call_whole(settings: Settings, partitions: Sequence[int] | None = None) -> list[int]:
    """Call lost partitions whole, all or those named; which these were. Workers see it within seconds. Raises Unavailable."""
    lost = [
        each
        for each in await standing_of(settings)
        if each.standing == "lost" and (partitions is None or each.partition in partitions)
    ]
    async with store_of(settings) as client:
        for each in lost:
            await _call(client, settings, each.partition, "whole", (each.committed or 0) - 1)
    return [each.partition for each in lost]


async def rebuild_memory(
    settings: Settings, tell: Callable[[int], object], workers_stopped: bool = False
) -> Rebuilt:
    """Forget the epoch's memory and learn it again from account-events, up to the committed offsets.

    `tell` hears now and then how many records were read. Raises Unavailable, also while a worker of the group runs, unless the
    caller knows better: the embedded broker remembers workers that are gone.
    """
    if not workers_stopped:
        await require_no_worker(settings)
    committed = {
        partition: offset for partition, offset in (await committed_offsets(settings)).items() if offset
    }
    corrected = await _clamped(settings)
    async with store_of(settings) as client:
        for partition in committed:
            await _call(client, settings, partition, "lost", -1)
        await _forget(client, settings)
        pipeline, events = rebuilding_pipeline(settings, client), 0
        async for batch in batches_of(settings, settings.topic_events, committed):
            events += sum(map(len, batch.values()))
            await _learn(pipeline, batch, corrected)
            if events % _TELL_EVERY < _ANY:
                tell(events)
        for partition, offset in committed.items():
            await _call(client, settings, partition, "whole", offset - 1)
    return Rebuilt(len(committed), events)


async def _learn(
    pipeline: Pipeline, batch: Mapping[int, Sequence[Any]], corrected: Mapping[tuple[str, str], int]
) -> None:
    decided = [
        (partition, [_as_decided(each, corrected) for each in records])
        for partition, records in batch.items()
    ]
    await pipeline.finish(await pipeline.score(decided))


async def _call(
    client: Redis, settings: Settings, partition: int, standing: marks.MarkState, highest: int
) -> None:
    evictions = (await store_facts(client)).evictions
    mark = marks.new_mark(standing, int(time.time() * 1000), highest, evictions)
    await marks.replace_mark(client, Shard(settings.topic_epoch, partition), mark)


async def _forget(client: Redis, settings: Settings) -> None:
    for pattern in (f"pg:{{{settings.topic_epoch}.*}}:*", "pg:{t[0-9]*}:*"):
        found: list[Command] = []
        async for key in client.scan_iter(match=pattern, count=_ANY):
            found.append(("UNLINK", key))
            if len(found) == _ANY:
                unless_error(await ask_all(client, found))
                found = []
        unless_error(await ask_all(client, found))


async def _clamped(settings: Settings) -> dict[tuple[str, str], int]:
    """What each clamped event's record counted for, in milliseconds, as its decision says."""
    found: dict[tuple[str, str], int] = {}
    ends = dict.fromkeys(await _partitions(settings, settings.topic_decisions), None)
    async for batch in batches_of(settings, settings.topic_decisions, ends):
        for records in batch.values():
            for record in records:
                if record.value is not None and b'"clamped"' in record.value:
                    decision = msgspec.json.decode(record.value, type=Decision)
                    if "clamped" in decision.states:
                        found.setdefault((decision.account_id, decision.event_id), round(decision.at * 1000))
    return found


def _as_decided(record: Any, corrected: Mapping[tuple[str, str], int]) -> Any:
    if not corrected or record.value is None:
        return record
    try:
        named = msgspec.json.decode(record.value, type=_Named)
    except msgspec.DecodeError:
        return record
    at_ms = corrected.get((named.account_id, named.event_id))
    if at_ms is None:
        return record
    return OfflineRecord(record.key, record.value, record.offset, at_ms, record.headers)


async def require_no_worker(settings: Settings) -> None:
    """Raises Unavailable while a worker of the group runs: it would go on with what it holds."""
    from aiokafka.admin import AIOKafkaAdminClient
    from aiokafka.errors import KafkaError

    from services.platform.kafka_access import kafka_access

    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka, **kafka_access(settings))
    # A worker that has just ended, or was killed, is in the group for up to a session.
    deadline_s = time.monotonic() + 2 * settings.session_timeout_s
    try:
        await admin.start()
        while True:
            [told] = await admin.describe_consumer_groups([settings.consumer_group])
            members = told.groups[0][5]
            if not members or time.monotonic() > deadline_s:
                break
            await asyncio.sleep(0.5)
    except (KafkaError, OSError) as error:
        raise Unavailable(f"the broker does not tell who is in the group: {type(error).__name__}") from None
    finally:
        await admin.close()
    if members:
        raise Unavailable(
            f"{len(members)} workers of the group {settings.consumer_group} run; stop them first"
        )


async def committed_offsets(settings: Settings) -> dict[int, int | None]:
    """Up to where the workers have committed each partition of account-events. Raises Unavailable."""
    from aiokafka import TopicPartition

    async with open_consumer(settings, settings.consumer_group) as consumer:
        known = await consumer._client.fetch_all_metadata()
        found = sorted(known.partitions_for_topic(settings.topic_events) or ())
        return {
            number: await consumer.committed(TopicPartition(settings.topic_events, number))
            for number in found
        }


async def _partitions(settings: Settings, topic: str) -> list[int]:
    async with open_consumer(settings, None) as consumer:
        known = await consumer._client.fetch_all_metadata()
        return sorted(known.partitions_for_topic(topic) or ())


async def batches_of(
    settings: Settings, topic: str, ends: Mapping[int, int | None]
) -> AsyncIterator[dict[int, list[Any]]]:
    """Records by partition from the log's beginning up to each end (None: where the log went when it was fetched)."""
    from aiokafka import TopicPartition

    async with open_consumer(settings, None) as consumer:
        left = [TopicPartition(topic, number) for number in ends]
        if not left:
            return
        consumer.assign(left)
        await consumer.seek_to_beginning(*left)
        heard_s = time.monotonic()
        while left:
            fetched = await consumer.getmany(*left, timeout_ms=300, max_records=settings.batch_records)
            batch = {}
            for partition, records in fetched.items():
                end = ends[partition.partition]
                kept = [record for record in records if end is None or record.offset < end]
                if kept:
                    batch[partition.partition] = kept
            if batch:
                heard_s = time.monotonic()
                yield batch
            left = [each for each in left if not await _is_read(consumer, each, ends[each.partition])]
            if time.monotonic() - heard_s > _SILENT_S:
                raise Unavailable(f"partition {left[0].partition} of {topic} does not answer")


async def _is_read(consumer: Any, partition: Any, end: int | None) -> bool:
    highwater = consumer.highwater(partition)
    if highwater is None:
        return False
    return bool(await consumer.position(partition) >= (highwater if end is None else min(end, highwater)))
