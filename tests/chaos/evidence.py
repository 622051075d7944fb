"""What a run left behind: topics read whole, rows of SQL, accounts in the store, offsets of the group."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from msgspec import Struct, json
from redis.asyncio import Redis
from sqlalchemy import Select, select

from contracts import topics
from contracts.decisions import Decision, Effect, Freeze, IssueChallenge, derived_id
from services.cases import tables
from services.cases.classes import DIGEST
from services.cases.end_notices import FROZEN
from services.cases.hold_tables import held_payments
from services.cases.news import CHALLENGE
from services.mfa.tables import challenges
from services.platform.database import Database
from services.platform.settings import Settings
from services.replay.offline import OfflineRecord

READ_TIMEOUT_S = 60.0
OFFSET_DIGITS = 12

#: (partition, account) to (learned offset, packed profile)
Memory = dict[tuple[int, str], tuple[int, bytes]]


class Decided(Struct, frozen=True, gc=False):
    """One record of the decisions topic."""

    partition: int
    offset: int
    event_id: str
    value: bytes


class Sample(Struct, frozen=True, gc=False):
    """What the group had committed, and how far the decisions' log went a moment later."""

    partition: int
    committed: int
    decisions_end: int


class Evidence(Struct, frozen=True):
    """Everything the oracle looks at. `rows` holds effect ids by table and is None when no cases process ran."""

    events: dict[int, list[OfflineRecord]]
    decisions: list[Decided]
    #: partition, offset and value of the event, as the dead letter tells them
    dead: list[tuple[int, int, bytes | None]]
    memory: Memory
    committed: dict[int, int]
    samples: list[Sample] = []
    rows: dict[str, list[str]] | None = None
    recorded: dict[str, bytes] = {}
    actions: list[tuple[str, bytes]] = []


class _Named(Struct):
    event_id: str


class _Action(Struct):
    action_id: str


_named = json.Decoder(_Named).decode
_action = json.Decoder(_Action).decode


async def read_topic(settings: Settings, topic: str) -> AsyncIterator[ConsumerRecord]:
    """Every record of a topic that has settled, each partition in offset order."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_poll_records=20_000,
    )
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(settings.partitions)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        async with asyncio.timeout(READ_TIMEOUT_S):
            while not await _read_all(consumer, partitions):
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    for record in records:
                        yield record
    finally:
        await consumer.stop()


async def _read_all(consumer: AIOKafkaConsumer, partitions: list[TopicPartition]) -> bool:
    for partition in partitions:
        end = consumer.highwater(partition)
        if end is None or await consumer.position(partition) < end:
            return False
    return True


async def read_events(settings: Settings) -> dict[int, list[OfflineRecord]]:
    """The whole account-events topic by partition, with the times the broker kept."""
    found: dict[int, list[OfflineRecord]] = {}
    async for record in read_topic(settings, settings.topic_events):
        kept = OfflineRecord(record.key, record.value, record.offset, record.timestamp, record.headers)
        found.setdefault(record.partition, []).append(kept)
    return found


async def read_decisions(settings: Settings) -> list[Decided]:
    """The whole decisions topic, repeats included."""
    return [
        Decided(record.partition, record.offset, _named(record.value).event_id, record.value)
        async for record in read_topic(settings, settings.topic_decisions)
    ]


async def read_dead(settings: Settings) -> list[tuple[int, int, bytes | None]]:
    """Where each dead letter came from, and its bytes."""
    found = []
    async for record in read_topic(settings, settings.topic_dead):
        told = dict(record.headers)
        place = int(told[topics.DEAD_PARTITION]), int(told[topics.DEAD_OFFSET])
        found.append((*place, record.value))
    return found


async def read_memory(settings: Settings) -> Memory:
    """Every account the store remembers."""
    found: Memory = {}
    client = Redis.from_url(settings.redis)
    try:
        for partition in range(settings.partitions):
            head = f"pg:{{{settings.topic_epoch}.{partition}}}:".encode()
            keys = [key async for key in client.scan_iter(match=head + b"*", count=5000)]
            for start in range(0, len(keys), 2000):
                part = keys[start : start + 2000]
                stored: list[Any] = await client.mget(part)
                for key, value in zip(part, stored, strict=True):
                    learned = int(value[:OFFSET_DIGITS], 16)
                    found[partition, key[len(head) :].decode()] = learned, value[OFFSET_DIGITS:]
    finally:
        await client.aclose()
    return found


def letters_besides(effect: Effect, decision: Decision) -> set[str]:
    """The ids of the notices that follow from an effect which is none itself."""
    if isinstance(effect, IssueChallenge) and effect.letter_after_s is not None:
        return {derived_id(effect.challenge_id, CHALLENGE)}
    if isinstance(effect, Freeze) and decision.type == "user_report":
        return {derived_id(effect.effect_id, FROZEN)}
    return set()


_EFFECT_IDS: dict[str, Select[Any]] = {
    "alerts": select(tables.alerts.c.effect_id),
    "case_entries": select(tables.case_entries.c.effect_id).where(
        tables.case_entries.c.effect_id.is_not(None)
    ),
    "held_payments": select(held_payments.c.effect_id),
    # A summary is of other notices and follows from no effect.
    "notices": select(tables.notices.c.notice_id).where(tables.notices.c.template != DIGEST),
    "actions": select(tables.outbox.c.identity).where(tables.outbox.c.kind == "action"),
    "challenges": select(challenges.c.challenge_id),
}


async def read_rows(settings: Settings) -> tuple[dict[str, list[str]], dict[str, bytes]]:
    """Effect ids by table (challenges by their own id), and the recorded decisions."""
    database = Database(settings.database)
    try:
        async with database.read() as connection:
            rows = {
                name: [row[0] for row in await connection.execute(query)]
                for name, query in _EFFECT_IDS.items()
            }
            kept = await connection.execute(
                select(tables.recorded_decisions.c.event_id, tables.recorded_decisions.c.body)
            )
            return rows, {row.event_id: row.body.encode() for row in kept}
    finally:
        await database.close()


async def read_actions(settings: Settings) -> list[tuple[str, bytes]]:
    """The whole actions topic: id and bytes."""
    return [
        (_action(record.value).action_id, record.value)
        async for record in read_topic(settings, settings.topic_actions)
    ]


async def gather_evidence(
    settings: Settings, committed: dict[int, int], samples: list[Sample], with_cases: bool
) -> Evidence:
    """Everything at once, after the run has settled."""
    rows, recorded = await read_rows(settings) if with_cases else (None, {})
    return Evidence(
        events=await read_events(settings),
        decisions=await read_decisions(settings),
        dead=await read_dead(settings),
        memory=await read_memory(settings),
        committed=committed,
        samples=samples,
        rows=rows,
        recorded=recorded,
        actions=await read_actions(settings) if with_cases else [],
    )
