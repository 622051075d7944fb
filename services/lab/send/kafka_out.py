"""Sends records to a topic as fast as the broker acknowledges them, with a bound on what is under way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType, TracebackType
from typing import Any, Self

from contracts.errors import Unavailable
from services.events.own_events import Signing

_UNDER_WAY = 20_000
_AWAY = "no Kafka broker answers at {kafka}; start one with `payguard up`, or name another with --kafka"


def broker_away(kafka: str) -> Unavailable:
    """The error for a broker that cannot be reached, with what to do."""
    return Unavailable(_AWAY.format(kafka=kafka))


class KafkaOut:
    """A producer with acks=all, as an async context manager.

    `acknowledged` counts records the broker has. `put` waits while 20,000 records are under way. `signing` tells which headers a
    record needs, `access` how to sign in (`services.platform.kafka_access`). Raises Unavailable when no broker answers.
    """

    def __init__(
        self,
        kafka: str,
        topic: str,
        linger_ms: int = 5,
        signing: Signing | None = None,
        access: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.acknowledged = 0
        self._kafka = kafka
        self._topic = topic
        self._linger_ms = linger_ms
        self._signing = signing
        self._access = access
        self._producer: Any = None
        self._under_way = 0
        self._failure: BaseException | None = None
        self._room = asyncio.Event()
        self._room.set()

    async def __aenter__(self) -> Self:
        from aiokafka import AIOKafkaProducer
        from aiokafka.errors import KafkaError

        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._kafka,
            acks="all",
            linger_ms=self._linger_ms,
            max_batch_size=262_144,
            **self._access,
        )
        try:
            await self._producer.start()
        except (KafkaError, OSError):
            await self._producer.stop()
            raise broker_away(self._kafka) from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                await self.drain()
        finally:
            await self._producer.stop()

    async def put(self, key: bytes | None, value: bytes, on_ack: Callable[[], None] | None = None) -> None:
        """Hand over one record; `on_ack` is called once the broker has it. Raises Unavailable for an earlier failure."""
        if self._under_way >= _UNDER_WAY:
            self._room.clear()
            await self._room.wait()
        if self._failure is not None:
            raise Unavailable(f"the broker did not take a record: {self._failure}")
        headers = self._signing.headers_of(key, value) if self._signing is not None else None
        future = await self._producer.send(self._topic, value, key=key, headers=headers)
        self._under_way += 1
        future.add_done_callback(lambda done: self._settle(done, on_ack))

    async def drain(self) -> None:
        """Wait until everything handed over is acknowledged."""
        await self._producer.flush()
        while self._under_way:
            self._room.clear()
            await self._room.wait()
        if self._failure is not None:
            raise Unavailable(f"the broker did not take a record: {self._failure}")

    def _settle(self, done: asyncio.Future[Any], on_ack: Callable[[], None] | None) -> None:
        self._under_way -= 1
        if self._under_way < _UNDER_WAY // 2 or self._under_way == 0:
            self._room.set()
        if done.cancelled():
            return
        if (error := done.exception()) is not None:
            self._failure = error
            return
        self.acknowledged += 1
        if on_ack is not None:
            on_ack()
