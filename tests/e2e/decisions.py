"""Waiting for decisions on any broker: the embedded one does not tell the end of a log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec import Struct, json

from tests.chaos.stack import Stack

DECIDED_WITHIN_S = 120.0


class _Named(Struct, frozen=True):
    account_id: str
    event_id: str


_named = json.Decoder(_Named).decode


async def until_decided(
    stack: Stack, count: int, dead: int = 0, tend: Callable[[], object] | None = None
) -> None:
    """Wait until so many distinct events are decided and so many records are dead letters."""
    settings = stack.settings
    topics = (settings.topic_decisions, settings.topic_dead)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka, auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    decided: set[_Named] = set()
    buried: set[tuple[int, int]] = set()
    try:
        consumer.assign(
            [TopicPartition(topic, part) for topic in topics for part in range(settings.partitions)]
        )
        async with asyncio.timeout(DECIDED_WITHIN_S):
            while len(decided) < count or len(buried) < dead:
                for tp, records in (await consumer.getmany(timeout_ms=100)).items():
                    if tp.topic == settings.topic_dead:
                        buried.update((tp.partition, record.offset) for record in records)
                    else:
                        decided.update(_named(record.value) for record in records)
                if tend is not None:
                    tend()
    except TimeoutError:
        raise AssertionError(f"{len(decided)} of {count} decided, {len(buried)} of {dead} buried") from None
    finally:
        await consumer.stop()
