"""The API as a server on a socket, with either broker and the embedded store: what a caller really meets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import httpx
import pytest
from aiokafka import AIOKafkaConsumer

from contracts.topics import HEADER_REPLY_TO
from services.api.application import create_app, server
from services.api.producer import open_producer
from services.http.api_keys import ApiKeys
from services.memory.redis_store import RedisReplies, connect
from services.platform.database import Database
from services.platform.settings import Settings
from tests.services.api.test_producer import a_topic
from tests.services.api.world import Worker, a_login, resources


@dataclass(frozen=True)
class Served:
    port: int
    key: str
    client: httpx.AsyncClient


@pytest.fixture
async def served(any_kafka: str, embedded_redis: str, database: Database) -> AsyncIterator[Served]:
    """The API on a free port, and a worker that allows every event it reads."""
    topic = f"served-{id(database)}"
    await a_topic(any_kafka, topic)
    redis = connect(embedded_redis)
    stored_replies, keys = RedisReplies(redis), ApiKeys(database)
    producer = await open_producer(Settings(kafka=any_kafka, topic_events=topic, partitions=3))
    made = resources(database, producer, stored_replies, keys, http_max_body_bytes=100_000)
    web = server(create_app(replace(made, redis=redis)), "127.0.0.1", 0, own_signals=False)
    key, _ = await keys.create("wallet", ["ingest"])
    working = asyncio.create_task(decide_all(any_kafka, topic, Worker(stored_replies)))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        serving = asyncio.create_task(web.serve(sockets=[listening]))
        port = listening.getsockname()[1]
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
            yield Served(port, key, client)
        web.should_exit = True
        await serving
    working.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await working
    await redis.aclose()


async def decide_all(kafka: str, topic: str, worker: Worker) -> None:
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=kafka, auto_offset_reset="earliest", fetch_max_wait_ms=10
    )
    await consumer.start()
    try:
        async for record in consumer:
            channel = dict(record.headers)[HEADER_REPLY_TO].decode()
            event_id = record.value.split(b'"event_id":"')[1].split(b'"')[0].decode()
            await worker.decide(event_id, record.key.decode(), channel)
    finally:
        await consumer.stop()


async def test_an_event_goes_through_the_broker_and_its_decision_comes_back(served: Served) -> None:
    waited = await served.client.post("/v1/events?wait=decision&timeout_s=10", json=a_login("served-1"))
    fetched = await served.client.get("/v1/decisions/served-1")
    again = await served.client.post("/v1/events?wait=decision", json=a_login("served-1"))
    batch = await served.client.post(
        "/v1/events?wait=decision&timeout_s=10", json=[a_login(f"served-{n}") for n in range(2, 52)]
    )

    assert waited.status_code == 200, waited.text
    assert waited.json()["results"][0]["decision"] == fetched.json() == again.json()["results"][0]["decision"]
    assert batch.status_code == 200
    assert len({result["decision"]["event_id"] for result in batch.json()["results"]}) == 50


async def test_it_is_ready_when_all_parts_answer(served: Served) -> None:
    answer = await served.client.get("/readyz")
    assert (answer.status_code, answer.json()["state"]) == (200, "ready")


async def raw(port: int, request: bytes) -> bytes:
    """The first bytes of the answer to a request as it stands on the wire."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    async with asyncio.timeout(60):
        answer = await reader.read(4096)
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    return answer


async def test_lengths_that_lie_are_refused_and_never_a_500(served: Served) -> None:
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {served.key}\r\n"
        "Content-Type: application/json\r\n"
    ).encode()
    chunk = b"1000\r\n" + b" " * 4096 + b"\r\n"
    chunked = await raw(served.port, head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 30)
    huge = await raw(served.port, head + b"Content-Length: 99999999999999999999\r\n\r\n")
    claimed = await raw(served.port, head + b"Content-Length: 100001\r\n\r\n{")
    negative = await raw(served.port, head + b"Content-Length: -5\r\n\r\n{}")
    both = await raw(
        served.port, head + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    )

    assert chunked.startswith(b"HTTP/1.1 413")
    assert claimed.startswith(b"HTTP/1.1 413")
    for answer in (huge, negative, both):
        assert answer.startswith(b"HTTP/1.1 4"), answer[:200]
