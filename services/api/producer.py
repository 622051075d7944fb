"""Events to the topic: one producer a process, answered per event once the broker has it on all in-sync replicas."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from msgspec import Struct

from contracts.errors import Overloaded
from services.platform.background import say_when_ended
from services.platform.kafka_access import kafka_access, note_refusal
from services.platform.settings import Settings

#: The broker's own default for one record is 1 MiB; an event is far smaller.
MAX_EVENT_BYTES = 262_144
MAX_PENDING_EVENTS = 20_000
ACK_WITHIN_S = 5.0
_RETRY_S = 1.0
_log = logging.getLogger(__name__)

Headers = Sequence[tuple[str, bytes]]


class Outgoing(Struct, frozen=True):
    """One event on its way: its account names the partition, `value` is its JSON; `headers` are its own."""

    account_id: str
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


class EventSink(Protocol):
    """Where accepted events go. `trouble` says in one sentence why it is not to be written to, if that is known."""

    trouble: str | None

    async def publish(self, events: Sequence[Outgoing], headers: Headers) -> list[bool]:
        """Whether each event is durable, in order. Raises Overloaded when too many are under way."""
        ...

    async def reachable(self) -> bool:
        """Whether it can be written to now."""
        ...

    async def stop(self) -> None:
        """Finish what is under way and close."""
        ...


class InProcessTopic:
    """A topic in a list, for tests and trials; `arrived` is called for each event, `away` refuses all of them."""

    trouble: str | None = None

    def __init__(self, arrived: Callable[[Outgoing, Headers], Awaitable[None]] | None = None) -> None:
        self.records: list[tuple[Outgoing, Headers]] = []
        self.away = False
        self._arrived = arrived

    async def publish(self, events: Sequence[Outgoing], headers: Headers) -> list[bool]:
        """See `EventSink.publish`."""
        if self.away:
            return [False] * len(events)
        for event in events:
            self.records.append((event, headers))
            if self._arrived is not None:
                await self._arrived(event, headers)
        return [True] * len(events)

    async def reachable(self) -> bool:
        """See `EventSink.reachable`."""
        return not self.away

    async def stop(self) -> None:
        """See `EventSink.stop`."""


class EventProducer:
    """A Kafka producer that may start before its broker does.

    While the broker is away every event is answered with False (not acknowledged) within `ack_within_s`. Such an event
    may still arrive later: sending it again with the same event id is safe. `partitions` is how many the topic should have.
    """

    def __init__(
        self,
        kafka: str,
        topic: str,
        ack_within_s: float = ACK_WITHIN_S,
        max_pending: int = MAX_PENDING_EVENTS,
        partitions: int | None = None,
        access: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.trouble: str | None = None
        self._partitions = partitions
        self._kafka = kafka
        self._topic = topic
        self._ack_within_s = ack_within_s
        self._max_pending = max_pending
        self._access = access
        self._pending = 0
        self._producer: AIOKafkaProducer | None = None
        self._starting: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """Whether the broker answered once; aiokafka reconnects by itself from then on."""
        return self._producer is not None

    async def start(self) -> None:
        """Begin connecting, and go on until the broker answers; returns at once when it cannot be reached."""
        producer = await self._connected()
        if producer is None:
            self._starting = asyncio.create_task(self._keep_trying())
            say_when_ended(self._starting, "producer-start")
        else:
            self._producer = producer

    async def stop(self) -> None:
        """Send what is under way and close."""
        if self._starting is not None:
            self._starting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._starting
        if self._producer is not None:
            producer, self._producer = self._producer, None
            with contextlib.suppress(TimeoutError, KafkaError):
                async with asyncio.timeout(self._ack_within_s):
                    await producer.stop()

    async def publish(self, events: Sequence[Outgoing], headers: Headers) -> list[bool]:
        """Whether each event was acknowledged, in order. Raises Overloaded when too many are under way."""
        if self._pending + len(events) > self._max_pending:
            raise Overloaded("too many events are waiting for the broker")
        producer = self._producer
        if producer is None:
            return [False] * len(events)
        self._pending += len(events)
        try:
            return await self._publish(producer, events, headers)
        finally:
            self._pending -= len(events)

    async def reachable(self) -> bool:
        """Whether the broker answers now (one metadata request), and the topic has the partitions it should have."""
        producer = self._producer
        if producer is None:
            return False
        try:
            async with asyncio.timeout(1.0):
                # The library's own request: it returns False, and does not raise, when no broker answers.
                if not await producer.client.force_metadata_update():
                    return False
        except (KafkaError, TimeoutError):
            return False
        return self._has_its_partitions(producer)

    def _has_its_partitions(self, producer: AIOKafkaProducer) -> bool:
        found = len(producer.client.cluster.partitions_for_topic(self._topic) or ())
        told, self.trouble = self.trouble, None
        if self._partitions is None or found in (0, self._partitions):
            return True
        self.trouble = (
            f"topic {self._topic} has {found} partitions and PAYGUARD_PARTITIONS is {self._partitions}: no worker decides "
            "until that agrees; see payguard admin topics new-epoch"
        )
        if told is None:
            _log.error(self.trouble)
        return False

    async def _publish(
        self, producer: AIOKafkaProducer, events: Sequence[Outgoing], headers: Headers
    ) -> list[bool]:
        acknowledged: list[asyncio.Future[object] | None] = []
        try:
            async with asyncio.timeout(self._ack_within_s):
                for event in events:
                    sent = await self._send(producer, event, headers)
                    acknowledged.append(sent)
                under_way = [future for future in acknowledged if future is not None]
                if under_way:
                    await asyncio.wait(under_way)
        except TimeoutError:
            _log.warning("the broker did not acknowledge %d events in time", len(events))
        answers = [_is_acknowledged(future) for future in acknowledged]
        return answers + [False] * (len(events) - len(answers))

    async def _send(
        self, producer: AIOKafkaProducer, event: Outgoing, headers: Headers
    ) -> asyncio.Future[object] | None:
        try:
            future: asyncio.Future[object] = await producer.send(
                self._topic,
                value=event.value,
                key=event.account_id.encode(),
                headers=[*headers, *event.headers],
            )
        except KafkaError as error:
            note_refusal(error, "api")
            _log.warning("the broker does not take events: %s", type(error).__name__)
            return None
        return future

    async def _keep_trying(self) -> None:
        while self._producer is None:
            await asyncio.sleep(_RETRY_S)
            self._producer = await self._connected()
        _log.info("the broker answers")

    async def _connected(self) -> AIOKafkaProducer | None:
        # Not idempotent: the embedded broker cannot, and a repeated event id is one event anyway.
        producer = AIOKafkaProducer(
            bootstrap_servers=self._kafka,
            client_id="payguard-api",
            acks="all",
            # While one request is under way the next gathers what comes: waiting besides would only add its time.
            linger_ms=0,
            request_timeout_ms=int(self._ack_within_s * 1000),
            max_batch_size=131_072,
            **self._access,
        )
        try:
            async with asyncio.timeout(self._ack_within_s):
                await producer.start()
        except (KafkaError, OSError, TimeoutError) as error:
            await producer.stop()
            _log.warning("the broker is away: %s", type(error).__name__)
            return None
        return producer


def _is_acknowledged(future: asyncio.Future[object] | None) -> bool:
    if future is None:
        return False
    if not future.done():
        # Nobody awaits it any more: its late error must not be reported as forgotten.
        future.add_done_callback(lambda late: late.cancelled() or late.exception())
        return False
    error = None if future.cancelled() else future.exception()
    if error is not None:
        note_refusal(error, "api")
    return not future.cancelled() and error is None


async def open_producer(settings: Settings) -> EventProducer:
    """The producer of these settings, started (connecting in the background while the broker is away)."""
    producer = EventProducer(
        settings.kafka, settings.topic_events, partitions=settings.partitions, access=kafka_access(settings)
    )
    await producer.start()
    return producer
