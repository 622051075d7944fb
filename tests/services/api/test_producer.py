"""Events reach the broker whole, in their account's partition, or are said not to have."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from contracts.errors import Overloaded
from services.api.producer import EventProducer, EventSink, InProcessTopic, Outgoing, open_producer
from services.platform.embedded import EmbeddedBroker, free_port
from services.platform.settings import Settings

HEADERS = [("reply-to", b"api-1")]


async def a_topic(kafka: str, name: str) -> str:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, num_partitions=3, replication_factor=1)])
    finally:
        await admin.close()
    return name


async def eventually_published(producer: EventProducer) -> bool:
    """Whether an event gets through within half a minute."""
    for _ in range(300):
        if await producer.publish([Outgoing("a", b"{}")], HEADERS) == [True]:
            return True
        await asyncio.sleep(0.1)
    return False


@pytest.fixture(params=["in process", "embedded", pytest.param("real", marks=pytest.mark.real)])
async def sink(request: pytest.FixtureRequest) -> EventSink:
    if request.param == "in process":
        return InProcessTopic()
    kafka = request.getfixturevalue(f"{request.param}_kafka")
    return await open_producer(
        Settings(kafka=kafka, topic_events=await a_topic(kafka, "producer-suite"), partitions=3)
    )


async def test_every_sink_acknowledges_in_order_and_is_reachable(sink: EventSink) -> None:
    events = [Outgoing(f"a{n}", b"{}") for n in range(500)]
    assert await sink.reachable()
    assert await sink.publish(events, HEADERS) == [True] * 500
    assert await sink.publish([], HEADERS) == []
    await sink.stop()


async def test_bytes_key_and_headers_arrive_as_given_in_order(any_kafka: str) -> None:
    topic = await a_topic(any_kafka, "producer-order")
    producer = EventProducer(any_kafka, topic)
    await producer.start()
    sent = [b'{ "n": %d}' % n for n in range(200)]
    await producer.publish([Outgoing("账户-1", value) for value in sent], HEADERS)
    await producer.stop()

    consumer = AIOKafkaConsumer(topic, bootstrap_servers=any_kafka, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(60):
            records = [await consumer.getone() for _ in sent]
    finally:
        await consumer.stop()
    assert [record.value for record in records] == sent
    assert {record.key for record in records} == {"账户-1".encode()}
    assert {tuple(record.headers) for record in records} == {tuple(HEADERS)}
    assert len({record.partition for record in records}) == 1


async def test_with_no_broker_the_answer_is_no_and_quick() -> None:
    producer = EventProducer(f"127.0.0.1:{free_port()}", "events", ack_within_s=20.0)
    await producer.start()
    started = time.monotonic()
    answers = await producer.publish([Outgoing("a", b"{}")] * 3, HEADERS)
    assert answers == [False] * 3
    assert time.monotonic() - started < 10.0
    assert not await producer.reachable()
    await producer.stop()


async def test_more_than_it_can_hold_is_overloaded(any_kafka: str) -> None:
    producer = EventProducer(any_kafka, await a_topic(any_kafka, "producer-full"), max_pending=10)
    await producer.start()
    with pytest.raises(Overloaded):
        await producer.publish([Outgoing("a", b"{}")] * 11, HEADERS)
    assert await producer.publish([Outgoing("a", b"{}")] * 10, HEADERS) == [True] * 10
    await producer.stop()


async def test_a_broker_that_dies_is_answered_no_in_time_and_yes_once_it_is_back(tmp_path: Path) -> None:
    broker = EmbeddedBroker(tmp_path / "broker")
    with broker:
        kafka = broker.start()
        producer = EventProducer(kafka, await a_topic(kafka, "producer-dies"), ack_within_s=3.0)
        await producer.start()
        assert await producer.publish([Outgoing("a", b"{}")], HEADERS) == [True]

        broker.kill9()
        started = time.monotonic()
        assert await producer.publish([Outgoing("a", b"{}")] * 3, HEADERS) == [False] * 3
        assert time.monotonic() - started < 9.0
        assert not await producer.reachable()

        await a_topic(broker.start(), "producer-dies")
        assert await eventually_published(producer)
        await producer.stop()


async def test_a_producer_started_before_its_broker_connects_by_itself(tmp_path: Path) -> None:
    broker = EmbeddedBroker(tmp_path / "broker", free_port())
    producer = EventProducer(f"127.0.0.1:{broker.port}", "producer-early", ack_within_s=1.0)
    await producer.start()
    assert not producer.ready
    with broker:
        await a_topic(broker.start(), "producer-early")
        assert await eventually_published(producer)
        await producer.stop()
