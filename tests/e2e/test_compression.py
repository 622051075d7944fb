"""Every codec of Kafka works out of the box: what wallets send packed is decided, and packed decisions reach the cases."""

from __future__ import annotations

import asyncio
import struct
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.record.util import calc_crc32c

from contracts import topics
from services.cases.repository import Recorded
from services.cases.service import decision_consumer
from services.operations.dead_letters import read_letters, redrive_one
from services.platform.progress import Progress
from services.platform.settings import Settings
from tests.chaos.evidence import read_decisions, read_topic
from tests.chaos.polling import until
from tests.e2e.conftest import MakeStack
from tests.e2e.decisions import until_decided
from tests.e2e.test_bad_input import login

CODECS = ("gzip", "snappy", "lz4", "zstd")
EACH = 50
ATTRIBUTES_AT, CRC_AT = 21, 17


async def send(
    kafka: str, topic: str, rows: list[tuple[bytes, bytes]], codec: str | None, **more: Any
) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", compression_type=codec, linger_ms=20)
    await producer.start()
    try:
        await asyncio.gather(
            *[await producer.send(topic, value, key, partition=0, **more) for key, value in rows]
        )
    finally:
        await producer.stop()


async def test_events_in_every_codec_are_decided(make_stack: MakeStack) -> None:
    stack = await make_stack(partitions=1)
    settings = stack.settings
    for codec in CODECS:
        rows = [(b"u-1", login(f"{codec}-{number}")) for number in range(EACH)]
        await send(settings.kafka, settings.topic_events, rows, codec)
    worker = stack.start_worker(0)
    await until_decided(stack, EACH * len(CODECS))

    assert worker.running
    assert {f"{codec}-{number}" for codec in CODECS for number in range(EACH)} == {
        made.event_id for made in await read_decisions(settings)
    }


async def send_odd_header(settings: Settings, value: bytes) -> None:
    """A record with a header whose name is not UTF-8, which Apache Kafka takes."""
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka, acks="all")
    await producer.start()
    try:
        batch = producer.create_batch()
        batch.append(key=b"u-1", value=value, timestamp=None, headers=[("a-name", b"x")])
        made = batch._build()
        at = bytes(made).index(b"a-name")
        made[at : at + 6] = b"a\xff\xfe\xffme"
        struct.pack_into(">I", made, CRC_AT, calc_crc32c(bytes(made[ATTRIBUTES_AT:])))
        await (await producer.send_batch(batch, settings.topic_events, partition=0))
    finally:
        await producer.stop()


async def test_dead_letters_and_decisions_are_read_in_every_codec(make_stack: MakeStack) -> None:
    stack = await make_stack(partitions=1)
    settings = stack.settings
    await send(settings.kafka, settings.topic_events, [(b"u-1", login("made"))], None)
    stack.start_worker(0)
    await until_decided(stack, 1)
    [made] = await read_decisions(settings)
    taken: list[Recorded] = []

    async def take(batch: Any) -> None:
        taken.extend(batch)

    effects = [(topics.HEADER_EFFECTS, b"1")]
    for codec in CODECS:
        await send(settings.kafka, settings.topic_decisions, [(b"u-1", made.value)], codec, headers=effects)
        await send(settings.kafka, settings.topic_dead, [(b"u-1", login(f"again-{codec}"))], codec)
    consumer = decision_consumer(settings, take, Progress("cases"))
    consuming = asyncio.create_task(consumer.run())
    await until(lambda: len(taken) == len(CODECS), 120.0)
    consumer.stop()
    await consuming
    letters = await read_letters(settings, None, 10)
    for letter in letters:
        await redrive_one(settings, letter.position)
    await until_decided(stack, 1 + len(CODECS))

    assert [made.event_id] * len(CODECS) == [each.decision.event_id for each in taken]
    assert {login(f"again-{codec}") for codec in CODECS} == {letter.value for letter in letters}


@pytest.mark.real
@pytest.mark.parametrize("make_stack", ["real"], indirect=True)
async def test_what_the_java_libraries_of_apache_kafka_packed_is_decided(make_stack: MakeStack) -> None:
    stack = await make_stack(partitions=1)
    settings = stack.settings
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
    await admin.start()
    stacks = [settings.topic_events + f"-{codec}" for codec in CODECS]
    # The broker packs anew what comes in another codec than the topic's.
    await admin.create_topics(
        [
            NewTopic(name, 1, 1, topic_configs={"compression.type": codec})
            for name, codec in zip(stacks, CODECS, strict=True)
        ]
    )
    await admin.close()
    for topic in stacks:
        rows = [(b"u-1", login(f"{topic}-{number}", agent="x" * 2000)) for number in range(EACH)]
        await send(settings.kafka, topic, rows, None)
        worker = stack.start_worker(0, topic_events=topic, topic_epoch=2 + stacks.index(topic))
        await until_decided(stack, EACH * (1 + stacks.index(topic)))
        assert worker.running


@pytest.mark.real
@pytest.mark.parametrize("make_stack", ["real"], indirect=True)
async def test_a_batch_that_cannot_be_unpacked_is_a_dead_letter_and_the_worker_goes_on(
    make_stack: MakeStack,
) -> None:
    stack = await make_stack(partitions=1)
    settings = stack.settings
    await send(settings.kafka, settings.topic_events, [(b"u-1", login("before"))], None)
    await send_odd_header(settings, login("unreadable"))
    await send(settings.kafka, settings.topic_events, [(b"u-1", login("after"))], None)
    worker = stack.start_worker(0)
    await until_decided(stack, 2, dead=1)
    [letter] = [record async for record in read_topic(settings, settings.topic_dead)]

    assert worker.running
    assert dict(letter.headers)[topics.DEAD_REASON] == b"unreadable_batch"
    assert dict(letter.headers)[topics.DEAD_OFFSET] == b"1"
