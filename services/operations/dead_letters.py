"""Reads the dead-letter topic and puts letters back: the same bytes, the same key, into account-events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from msgspec import Struct

from contracts import topics
from contracts.errors import Malformed, Unavailable
from services.platform.settings import Settings

#: The consumer group whose offsets remember what `redrive --all` has put back.
REDRIVE_GROUP = "payguard-redrive"
#: A partition that tells nothing for so long is given up: the broker is there, but not its leader.
_SILENT_S = 15.0
_POLL_MS = 300
_DEAD_HEADERS = "dead-"


class Letter(Struct, frozen=True):
    """One record of the dead-letter topic."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    timestamp_ms: int

    @property
    def position(self) -> str:
        """Where it is, as the commands take it."""
        return f"{self.partition}:{self.offset}"

    @property
    def reason(self) -> str:
        """The reason code."""
        return self._header(topics.DEAD_REASON)

    @property
    def detail(self) -> str:
        """What was wrong, in words."""
        return self._header(topics.DEAD_DETAIL)

    @property
    def origin(self) -> str:
        """Topic, partition and offset it was read from."""
        parts = (
            self._header(name) for name in (topics.DEAD_TOPIC, topics.DEAD_PARTITION, topics.DEAD_OFFSET)
        )
        return ":".join(parts)

    @property
    def size(self) -> int:
        """Bytes of the original value."""
        return len(self.value or b"")

    def text(self) -> str:
        """The original value, for people."""
        return "(no value)" if self.value is None else self.value.decode("utf-8", "backslashreplace")

    def key_text(self) -> str:
        """The original key, for people."""
        return "(no key)" if self.key is None else self.key.decode("utf-8", "backslashreplace")

    def figures(self) -> dict[str, Any]:
        """Everything but the value and the key, with stable names."""
        return {
            "position": self.position,
            "reason": self.reason,
            "detail": self.detail,
            "origin": self.origin,
            "attempts": self._header(topics.DEAD_ATTEMPTS),
            "bytes": self.size,
            "timestamp_ms": self.timestamp_ms,
        }

    def _header(self, name: str) -> str:
        told = next((value for known, value in reversed(self.headers) if known == name), b"")
        return (told or b"").decode("utf-8", "backslashreplace")


async def read_letters(settings: Settings, reason: str | None, limit: int) -> list[Letter]:
    """The oldest `limit` letters, of one reason if given. Raises Unavailable when no broker answers."""
    found: list[Letter] = []
    async with open_consumer(settings, None) as consumer:
        async for letter in _read(settings, consumer):
            if reason is None or letter.reason == reason:
                found.append(letter)
            if len(found) >= limit:
                break
    return found


async def read_letter(settings: Settings, position: str) -> Letter:
    """The letter at PARTITION:OFFSET. Raises Malformed when there is none."""
    partition, offset = _parsed(position)
    async with open_consumer(settings, None) as consumer:
        async for letter in _read(settings, consumer, only=(partition, offset)):
            if letter.offset == offset:
                return letter
            break
    raise Malformed("no_letter", f"there is no dead letter {position}; see: payguard admin dead list")


async def redrive_one(settings: Settings, position: str) -> None:
    """Put one letter back."""
    letter = await read_letter(settings, position)
    async with _producer(settings) as producer:
        await _put_back(producer, settings, letter)


async def redrive_all(settings: Settings, reason: str | None) -> int:
    """Put back every letter that no earlier run passed; how many. The run's position is kept after each acknowledged letter."""
    from aiokafka import TopicPartition

    count = 0
    async with open_consumer(settings, REDRIVE_GROUP) as consumer, _producer(settings) as producer:
        async for letter in _read(settings, consumer, resume=True):
            if reason is None or letter.reason == reason:
                await _put_back(producer, settings, letter)
                count += 1
            await consumer.commit({TopicPartition(settings.topic_dead, letter.partition): letter.offset + 1})
    return count


async def _put_back(producer: Any, settings: Settings, letter: Letter) -> None:
    # Its key places it anew, so it may be moved anew.
    kept = [
        (name, value)
        for name, value in letter.headers
        if not name.startswith(_DEAD_HEADERS) and name != topics.HEADER_MOVED_FROM
    ]
    await producer.send_and_wait(settings.topic_events, value=letter.value, key=letter.key, headers=kept)


async def _read(
    settings: Settings, consumer: Any, only: tuple[int, int] | None = None, resume: bool = False
) -> AsyncIterator[Letter]:
    """Letters in the order of each partition, up to where its log went when it was fetched.

    Only a fetch tells the end of a log right on every broker. Raises Unavailable when a partition does not tell it.
    """
    from aiokafka import TopicPartition

    left = [
        TopicPartition(settings.topic_dead, number)
        for number in await _partitions(settings, consumer)
        if only is None or number == only[0]
    ]
    if not left:
        return
    consumer.assign(left)
    for partition in left:
        kept = await consumer.committed(partition) if resume else None
        consumer.seek(partition, kept if kept is not None else only[1] if only is not None else 0)
    silent_since_s = time.monotonic()
    while left:
        for records in (await consumer.getmany(*left, timeout_ms=_POLL_MS)).values():
            for record in records:
                yield Letter(
                    record.partition,
                    record.offset,
                    record.key,
                    record.value,
                    record.headers,
                    record.timestamp,
                )
            silent_since_s = time.monotonic()
        left = [partition for partition in left if not await _is_read(consumer, partition)]
        if time.monotonic() - silent_since_s > _SILENT_S:
            raise Unavailable(f"partition {left[0].partition} of {settings.topic_dead} does not answer")


async def _is_read(consumer: Any, partition: Any) -> bool:
    end = consumer.highwater(partition)
    return end is not None and await consumer.position(partition) >= end


async def _partitions(settings: Settings, consumer: Any) -> list[int]:
    """The topic's partitions, none when there is no such topic.

    What a consumer of nothing knows by itself differs: one broker answers "no topic" with all of them, Apache Kafka with none.
    """
    known = await consumer._client.fetch_all_metadata()
    return sorted(known.partitions_for_topic(settings.topic_dead) or ())


def _parsed(position: str) -> tuple[int, int]:
    partition, _, offset = position.partition(":")
    if not (partition.isdecimal() and offset.isdecimal()):
        raise Malformed("position", f"give PARTITION:OFFSET such as 3:17, not {position}")
    return int(partition), int(offset)


@asynccontextmanager
async def open_consumer(settings: Settings, group: str | None) -> AsyncIterator[Any]:
    """A consumer of nothing yet, of a group's offsets or of none. Raises Unavailable when no broker answers."""
    from aiokafka import AIOKafkaConsumer

    from services.platform.kafka_access import kafka_access

    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka,
        **kafka_access(settings),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    async with _started(settings, consumer):
        yield consumer


@asynccontextmanager
async def _producer(settings: Settings) -> AsyncIterator[Any]:
    from aiokafka import AIOKafkaProducer

    from services.platform.kafka_access import kafka_access

    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka, acks="all", max_request_size=4_000_000, **kafka_access(settings)
    )
    async with _started(settings, producer):
        yield producer


@asynccontextmanager
async def _started(settings: Settings, client: Any) -> AsyncIterator[None]:
    from aiokafka.errors import KafkaError

    try:
        async with asyncio.timeout(30):
            await client.start()
    except (KafkaError, OSError, TimeoutError):
        await client.stop()
        raise Unavailable(f"no Kafka broker answers at {settings.kafka}; name one with --kafka") from None
    try:
        yield
    except KafkaError as error:
        raise Unavailable(f"the broker at {settings.kafka} did not answer: {type(error).__name__}") from error
    finally:
        await client.stop()
