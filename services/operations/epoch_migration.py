"""Carries what is remembered of every account into the next epoch: after partitions were added, or the topic was made anew.

The old epoch stays as it was, so a run that was cut short is repeated, and a mistake is undone by the old settings.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import NewPartitions
from msgspec import Struct
from redis.asyncio import Redis

from contracts.errors import Malformed, Unavailable
from contracts.ports import Shard
from services.memory.marks import mark_key, new_mark, read_marks
from services.memory.redis_client import Command, ask, ask_all, connect, unless_error
from services.platform.kafka_access import kafka_access
from services.platform.kafka_metadata import TopicFacts, topic_facts
from services.platform.settings import Settings
from services.platform.topics import open_admin, topic_names
from services.stream.placement import Placement
from services.stream.topic_watch import epoch_key

_PAGE = 1000
_GRACE_S, _PAUSE_S = 3.0, 0.5
_OFFSET_DIGITS = 12
#: As learned from nothing: it compares as older than any offset.
_NOTHING_LEARNED = b"%012x" % -1
Tell = Callable[[str], None]


class NewEpoch(Struct, frozen=True):
    """What was found, and what the next epoch is to be. `accounts` were carried over, or would be."""

    epoch: int
    partitions: int
    old_epoch: int
    old_partitions: int
    made_anew: bool
    accounts: int
    group: str

    def settings(self) -> list[str]:
        """What to set for every process."""
        group = [f"PAYGUARD_CONSUMER_GROUP={self.group}"] if self.made_anew else []
        return [f"PAYGUARD_PARTITIONS={self.partitions}", f"PAYGUARD_TOPIC_EPOCH={self.epoch}", *group]


async def new_epoch(settings: Settings, dry_run: bool, tell: Tell, force: bool = False) -> NewEpoch:
    """Find the next epoch and, unless `dry_run`, carry everything into it; each step is told.

    Raises Malformed when nothing has changed, or while the broker knows of a worker that runs (`force` goes on), and
    Unavailable when Kafka or Redis does not answer.
    """
    client = connect(settings.redis)
    try:
        async with open_admin(settings) as admin:
            if not force:
                await _require_no_worker(admin, settings)
            facts = await topic_facts(admin._client, settings.topic_events)
            if facts is None:
                raise Malformed("no_topic", f"there is no topic {settings.topic_events}")
            began = await _began_with(client, settings)
            anew = await _made_anew(client, settings, began, facts)
            if began.partitions == facts.partitions and not anew:
                raise Malformed(
                    "nothing_changed",
                    f"{settings.topic_events} is the topic that epoch {settings.topic_epoch} began with, and has "
                    f"{facts.partitions} partitions as then: no new epoch is needed",
                )
            epoch = await _next_epoch(client, settings.topic_epoch)
            tell(_found(settings, began, facts, anew))
            await _grow(admin, settings, facts.partitions, dry_run, tell)
        accounts = await _carry(client, settings, began.partitions, epoch, facts.partitions, anew, dry_run)
        tell(
            f"{accounts} accounts {'would be' if dry_run else 'were'} carried from epoch {settings.topic_epoch} to {epoch}"
        )
        if not dry_run:
            await ask(client, "SET", epoch_key(epoch), f"{facts.partitions} {facts.ident}".encode())
        group = _group(settings.consumer_group, epoch) if anew else settings.consumer_group
        return NewEpoch(
            epoch, facts.partitions, settings.topic_epoch, began.partitions, anew, accounts, group
        )
    finally:
        await client.aclose()


def _group(name: str, epoch: int) -> str:
    """A group that has committed nothing: what the old one has committed is of the old topic."""
    return f"{re.sub(r'-e[0-9]+$', '', name)}-e{epoch}"


def _found(settings: Settings, began: TopicFacts, facts: TopicFacts, anew: bool) -> str:
    now = f"{settings.topic_events} has {facts.partitions} partitions"
    if anew:
        return f"{now} and was made anew since epoch {settings.topic_epoch} began with {began.partitions}"
    return f"{now}; epoch {settings.topic_epoch} began with {began.partitions}"


async def _require_no_worker(admin: Any, settings: Settings) -> None:
    """A worker that was killed is a member of its group until its session ends."""
    until_s = time.monotonic() + settings.session_timeout_s + _GRACE_S
    while count := await _members(admin, settings.consumer_group):
        if time.monotonic() > until_s:
            raise Malformed(
                "workers_run",
                f"{count} workers of group {settings.consumer_group} still run: stop all of them first",
            )
        await asyncio.sleep(_PAUSE_S)


async def _members(admin: Any, group: str) -> int:
    answers = await admin.describe_consumer_groups([group])
    return sum(
        len(members) for answer in answers for error, _, _, _, _, members, *_ in answer.groups if not error
    )


async def _began_with(client: Redis, settings: Settings) -> TopicFacts:
    kept: bytes | None = await ask(client, "GET", epoch_key(settings.topic_epoch))
    if kept is None:
        return TopicFacts(settings.partitions, "")
    count, _, ident = kept.decode("ascii", "replace").partition(" ")
    return TopicFacts(int(count), ident)


async def _made_anew(client: Redis, settings: Settings, began: TopicFacts, facts: TopicFacts) -> bool:
    if began.ident and facts.ident:
        return began.ident != facts.ident
    ends = await _ends(settings, min(began.partitions, facts.partitions))
    marks = await read_marks(client, [Shard(settings.topic_epoch, partition) for partition in ends])
    return any(
        mark is not None and mark.highest >= end for mark, end in zip(marks, ends.values(), strict=True)
    )


async def _next_epoch(client: Redis, epoch: int) -> int:
    """The next one that no finished run has made and no worker has begun."""
    epoch += 1
    while await ask(client, "EXISTS", epoch_key(epoch)):
        epoch += 1
    return epoch


async def _grow(admin: Any, settings: Settings, partitions: int, dry_run: bool, tell: Tell) -> None:
    """Give the other topics as many partitions: a decision goes to the partition of its event."""
    for name in topic_names(settings):
        facts = await topic_facts(admin._client, name)
        if facts is None or facts.partitions >= partitions:
            continue
        tell(f"{name}: {facts.partitions} partitions, {'would get' if dry_run else 'gets'} {partitions}")
        if not dry_run:
            answer = await admin.create_partitions({name: NewPartitions(total_count=partitions)})
            for _, error, message in answer.topic_errors:
                if error:
                    raise Unavailable(
                        f"the broker does not add partitions to {name}: error {error} {message}"
                    )


async def _carry(
    client: Redis, settings: Settings, old_count: int, epoch: int, count: int, anew: bool, dry_run: bool
) -> int:
    """Copy each account to its partition of the next epoch; one that two partitions remember is that of the right one."""
    old_home, home = Placement("", old_count), Placement("", count)
    carried: set[bytes] = set()
    for rightly in (True, False):
        for partition in range(old_count):
            async for page in _accounts(client, Shard(settings.topic_epoch, partition)):
                chosen = [
                    (name, value)
                    for name, value in page
                    if (old_home.partition_of(name) == partition) is rightly and name not in carried
                ]
                carried.update(name for name, _ in chosen)
                if not dry_run:
                    await _write(client, chosen, epoch, partition, home, anew)
    if not dry_run:
        await _mark(client, settings, epoch, old_count, count, anew)
    return len(carried)


async def _write(
    client: Redis,
    accounts: Sequence[tuple[bytes, bytes]],
    epoch: int,
    partition: int,
    home: Placement,
    anew: bool,
) -> None:
    commands: list[Command] = []
    for name, value in accounts:
        right = home.partition_of(name)
        if anew or right != partition:
            value = _NOTHING_LEARNED + value[_OFFSET_DIGITS:]
        key = mark_key(Shard(epoch, right)).encode() + b":" + name
        commands.append(("SET", key, value))
    unless_error(await ask_all(client, commands))


async def _accounts(client: Redis, shard: Shard) -> AsyncIterator[list[tuple[bytes, bytes]]]:
    """Name and stored value of every account of a partition, a page at a time."""
    head, cursor = mark_key(shard).encode() + b":", b"0"
    while True:
        cursor, keys = await ask(client, "SCAN", cursor, "MATCH", head + b"*", "COUNT", _PAGE)
        if keys:
            values = await ask(client, "MGET", *keys)
            yield [
                (key[len(head) :], value)
                for key, value in zip(keys, values, strict=True)
                if value is not None
            ]
        if int(cursor) == 0:
            return


async def _mark(
    client: Redis, settings: Settings, epoch: int, old_count: int, count: int, anew: bool
) -> None:
    """The memory of the next epoch is whole, saved as far as that of the old one where the log goes on."""
    old = await read_marks(client, [Shard(settings.topic_epoch, partition) for partition in range(old_count)])
    now_ms = int(time.time() * 1000)
    for partition in range(count):
        before = old[partition] if partition < old_count and not anew else None
        evictions = next((mark.evictions for mark in old if mark is not None), "")
        mark = new_mark("whole", now_ms, -1 if before is None else before.highest, evictions)
        await ask(client, "SET", mark_key(Shard(epoch, partition)), mark.pack())


async def _ends(settings: Settings, partitions: int) -> dict[int, int]:
    async with _consumer(settings) as consumer:
        ends = await consumer.end_offsets(
            [TopicPartition(settings.topic_events, number) for number in range(partitions)]
        )
    return {tp.partition: end for tp, end in ends.items()}


@asynccontextmanager
async def _consumer(settings: Settings) -> AsyncIterator[Any]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka, enable_auto_commit=False, **kafka_access(settings)
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()
