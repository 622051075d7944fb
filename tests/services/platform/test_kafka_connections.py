"""A connection that was just lost fails as a Kafka error, on uvloop too."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvloop
from aiokafka import conn
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from services.platform.kafka_connections import mend_connections

_VERSIONS_API, _METADATA_API = 18, 3
_VERSIONS = struct.pack(">hihhh", 0, 1, _METADATA_API, 0, 0)


@pytest.fixture(autouse=True)
def mended() -> Iterator[None]:
    """The class in place for one test."""
    stock = conn.AIOKafkaConnection
    mend_connections()
    yield
    conn.AIOKafkaConnection = stock


class LoneBroker:
    """Answers which versions it speaks, and that it is the only broker."""

    def __init__(self) -> None:
        self.port = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self._writers.append(writer)
        try:
            while True:
                (size,) = struct.unpack(">i", await reader.readexactly(4))
                api, _version, correlation = struct.unpack_from(">hhi", await reader.readexactly(size))
                if api == _VERSIONS_API:
                    self._answer(writer, correlation, _VERSIONS)
                else:
                    self._answer(writer, correlation, self._brokers())
        except asyncio.IncompleteReadError:
            writer.close()

    def hang_up(self) -> None:
        """End every connection."""
        for writer in self._writers:
            writer.close()

    def _answer(self, writer: asyncio.StreamWriter, correlation: int, body: bytes) -> None:
        writer.write(struct.pack(">ii", 4 + len(body), correlation) + body)

    def _brokers(self) -> bytes:
        host = b"127.0.0.1"
        return struct.pack(f">iih{len(host)}sii", 1, 1, len(host), host, self.port, 0)


@asynccontextmanager
async def lone_broker() -> AsyncIterator[LoneBroker]:
    broker = LoneBroker()
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    broker.port = server.sockets[0].getsockname()[1]
    try:
        yield broker
    finally:
        broker.hang_up()
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def connected(broker: LoneBroker) -> AsyncIterator[AIOKafkaClient]:
    client = AIOKafkaClient(bootstrap_servers=f"127.0.0.1:{broker.port}", request_timeout_ms=60_000)
    await client.bootstrap()
    assert await client.ready(1)
    yield client
    await client.close()


async def lose(connection: Any) -> None:
    """Lose it amid an answer, and return when its transport is closed and its reader task does not know yet."""
    connection._reader.feed_data(b"\0")
    connection._writer.transport.abort()
    await asyncio.sleep(0)
    assert connection.connected()


def test_a_write_to_a_lost_connection_is_a_kafka_error_on_uvloop() -> None:
    async def write() -> None:
        async with lone_broker() as broker, connected(broker) as client:
            lost = client._conns[1, 0]
            await lose(lost)
            with pytest.raises(KafkaConnectionError):
                await lost.send(MetadataRequest([]))
            assert not lost.connected()

    uvloop.run(write())


def test_metadata_asked_over_a_lost_connection_is_asked_again_later_on_uvloop() -> None:
    async def ask() -> None:
        async with lone_broker() as broker, connected(broker) as client:
            await lose(client._conns[1, 0])
            assert not await client._metadata_update(client.cluster, set())

    uvloop.run(ask())
