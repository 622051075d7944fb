"""Kafka as the outbox relay sees it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from contracts.errors import Unavailable
from services.cases.outbox import Outgoing
from services.events.own_events import EventMacs
from services.platform.kafka_access import kafka_access, note_refusal
from services.platform.settings import Settings

_DURABLE_S = 30.0


class KafkaOutlet:
    """Produces actions, messages, and events under PayGuard's MAC, with acks=all; connects with `warm` or when first needed."""

    def __init__(self, settings: Settings, macs: EventMacs) -> None:
        self._settings = settings
        self._macs = macs
        self._topics = {
            "action": settings.topic_actions,
            "event": settings.topic_events,
            "message": settings.topic_messages,
        }
        self._producer: AIOKafkaProducer | None = None
        self._connecting = asyncio.Lock()

    async def warm(self) -> None:
        """Connect ahead of the first record: a freeze must not wait for it. A broker that is away shows at that record."""
        with contextlib.suppress(KafkaError, TimeoutError):
            async with asyncio.timeout(_DURABLE_S):
                await self._connected()

    async def produce(self, records: Sequence[Outgoing]) -> None:
        """Return once every record is acknowledged by all in-sync replicas; raises Unavailable otherwise."""
        try:
            async with asyncio.timeout(_DURABLE_S):
                producer = await self._connected()
                pending = [
                    await producer.send(
                        self._topics[record.kind],
                        value=record.payload,
                        key=record.key.encode(),
                        headers=self._headers(record),
                    )
                    for record in records
                ]
                await asyncio.gather(*pending)
        except (KafkaError, TimeoutError) as error:
            note_refusal(error, "outbox")
            raise Unavailable(f"Kafka away: {type(error).__name__}", "kafka_away") from error

    def _headers(self, record: Outgoing) -> list[tuple[str, bytes]]:
        """Every event of the outbox is PayGuard's own; it is signed as it leaves, under the key of today."""
        return [self._macs.header(record.key.encode(), record.payload)] if record.kind == "event" else []

    async def close(self) -> None:
        """Disconnect; the next `produce` connects again."""
        producer, self._producer = self._producer, None
        if producer is not None:
            try:
                async with asyncio.timeout(_DURABLE_S):
                    await producer.stop()
            except (KafkaError, TimeoutError):
                return

    async def _connected(self) -> AIOKafkaProducer:
        async with self._connecting:
            return self._producer or await self._connect()

    async def _connect(self) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._settings.kafka,
            **kafka_access(self._settings),
            client_id="payguard-outbox",
            acks="all",
            request_timeout_ms=15_000,
        )
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        self._producer = producer
        return producer
