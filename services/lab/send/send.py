"""Sends a file of events to Kafka or to the HTTP API, keyed by account, in file order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Literal

from msgspec import DecodeError, Struct, json

from contracts.errors import Malformed, Unavailable
from services.events.own_events import signing_of
from services.platform.kafka_access import kafka_access
from services.platform.retry import Backoff
from services.platform.settings import Settings
from services.replay.lines import EventLine, OnBad

if TYPE_CHECKING:
    import httpx

from collections.abc import Callable, Mapping
from types import MappingProxyType, TracebackType
from typing import Any, Self

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


HTTP_BATCH = 500
_TRIES = 5
_BACKOFF = Backoff(0.5, 8.0)


class Pace:
    """Holds a stream to `rate` events a second on average; 0 means as fast as it goes."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._started_s = time.monotonic()
        self._sent = 0

    async def next(self, count: int = 1) -> None:
        """Wait until `count` more events are due."""
        self._sent += count
        if self._rate <= 0:
            return
        ahead_s = self._sent / self._rate - (time.monotonic() - self._started_s)
        if ahead_s > 0.002:
            await asyncio.sleep(ahead_s)


class Answer(Struct, frozen=True):
    """What the API says of one event of a request."""

    index: int
    status: Literal["accepted", "malformed", "unavailable"]
    event_id: str | None = None
    reason: str = ""
    detail: str = ""


class _Answers(Struct, frozen=True):
    results: list[Answer] | None = None
    detail: str = ""


class _Head(Struct, frozen=True):
    account_id: str = ""


def keyed_anyway(lines: Iterator[tuple[int, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    """Each line with its account_id as key where it has one, whether or not it is an event."""
    decoder = json.Decoder(_Head)
    for _number, line in lines:
        try:
            key = decoder.decode(line).account_id.encode()
        except (DecodeError, UnicodeDecodeError):
            key = b""
        yield key, line


async def send_to_kafka(settings: Settings, events: Iterator[tuple[bytes, bytes]], rate: float) -> int:
    """Send (key, JSON) pairs to the events topic; returns how many the broker acknowledged. Raises Unavailable.

    What only PayGuard says is signed where `event_key` is set, and becomes a dead letter where it is not.
    """
    pace = Pace(rate)
    async with KafkaOut(
        settings.kafka, settings.topic_events, signing=signing_of(settings), access=kafka_access(settings)
    ) as out:
        for key, value in events:
            await pace.next()
            await out.put(key or None, value)
        await out.drain()
        return out.acknowledged


async def send_to_http(
    url: str, api_key: str, events: Iterator[EventLine], rate: float, on_bad: OnBad
) -> int:
    """POST events to `url`/v1/events, 500 at a time; returns how many were accepted.

    A refused event goes to `on_bad` with its line number. Raises Malformed when the key is refused, Unavailable when
    the API is away, stays overloaded or cannot reach its broker.
    """
    import httpx

    accepted, pace = 0, Pace(rate)
    headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/x-ndjson"}
    async with httpx.AsyncClient(base_url=url.rstrip("/"), headers=headers, timeout=30.0) as client:
        while chunk := list(islice(events, HTTP_BATCH)):
            await pace.next(len(chunk))
            for answer in await _post(client, chunk):
                if answer.status == "accepted":
                    accepted += 1
                else:
                    on_bad(chunk[answer.index].number, Malformed(answer.reason, answer.detail))
    return accepted


async def _post(client: httpx.AsyncClient, chunk: Sequence[EventLine]) -> list[Answer]:
    """The answer to each event; what the API could not hand on is sent again, which is harmless."""
    import httpx

    body = b"\n".join(line.value for line in chunk)
    for attempt in range(1, _TRIES + 1):
        try:
            response = await client.post("/v1/events", content=body)
        except httpx.TransportError as error:
            raise Unavailable(f"no API answers at {client.base_url} ({type(error).__name__})") from None
        if response.status_code in (401, 403):
            raise Malformed(
                "key_refused", "the API refused the key; make one with: payguard admin api-key create"
            )
        told = _answers(response)
        if told.results is None and response.status_code not in (429, 503):
            raise Malformed("refused", f"the API answered {response.status_code}: {told.detail}")
        if told.results is not None and all(answer.status != "unavailable" for answer in told.results):
            return told.results
        await asyncio.sleep(_BACKOFF.pause_s(attempt))
    raise Unavailable(f"the API at {client.base_url} cannot take events now; try again, or lower --rate")


def _answers(response: httpx.Response) -> _Answers:
    try:
        return json.decode(response.content, type=_Answers)
    except DecodeError:
        return _Answers(detail=response.reason_phrase)
