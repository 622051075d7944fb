"""The sender of requests, against a server of a few lines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from benchmarks.workloads.http_sender import Sender, request_of

_HEAD = "HTTP/1.1 {} X\r\nContent-Type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"


@asynccontextmanager
async def _server(status_of: Callable[[int], int], pause_s: float = 0.0) -> AsyncIterator[int]:
    asked = 0
    serving: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        task = asyncio.current_task()
        assert task is not None
        serving.append(task)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                await reader.readexactly(length)
                asked += 1
                status = status_of(asked)
                await asyncio.sleep(pause_s)
                writer.write(_HEAD.format(status).encode())
        except asyncio.IncompleteReadError:
            writer.close()
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.gather(*serving)


@pytest.fixture(autouse=True)
def a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_API_KEY", "pg_k")


def request(port: int) -> bytes:
    """A request as small as they come."""
    return request_of("127.0.0.1", port, "/v1/events", b"{}")


async def test_answers_are_told_apart_by_status() -> None:
    async with _server(lambda asked: {1: 200, 2: 202, 3: 503}[asked]) as port:
        sent = await Sender("127.0.0.1", port).run([request(port)] * 3, rate=100, warm_up=0)

    assert (len(sent.latencies_ms), sent.undecided, sent.errors) == (1, 1, 1)


async def test_warm_up_requests_are_sent_and_not_counted() -> None:
    async with _server(lambda asked: 200) as port:
        sent = await Sender("127.0.0.1", port).run([request(port)] * 10, rate=200, warm_up=4)

    assert len(sent.latencies_ms) == 6


async def test_a_slow_server_does_not_slow_the_schedule_down() -> None:
    async with _server(lambda asked: 200, pause_s=0.2) as port:
        sent = await Sender("127.0.0.1", port).run([request(port)] * 10, rate=200, warm_up=0)

    assert sent.connections == 10
    assert min(sent.latencies_ms) >= 199.0
    assert max(sent.latencies_ms) < 2_000.0


async def test_several_servers_are_asked_one_after_the_other() -> None:
    heard: list[str] = []

    def hearing(name: str) -> Callable[[int], int]:
        def status(_asked: int) -> int:
            heard.append(name)
            return 200

        return status

    async with _server(hearing("one")) as one, _server(hearing("other")) as other:
        sent = await Sender("127.0.0.1", one, other).run([request(one)] * 6, rate=50, warm_up=0)

    assert heard == ["one", "other"] * 3
    assert len(sent.latencies_ms) == 6


async def test_no_server_is_an_error_for_each_request() -> None:
    async with _server(lambda asked: 200) as port:
        pass
    sent = await Sender("127.0.0.1", port).run([request(port)] * 3, rate=200, warm_up=0)

    assert (sent.errors, sent.latencies_ms) == (3, [])


async def test_a_connection_that_the_server_ended_while_idle_is_not_used_again() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n{}")
        writer.write(_HEAD.format(200).encode())
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        sent = await Sender("127.0.0.1", port).run([request(port)] * 4, rate=10, warm_up=0)

    assert (len(sent.latencies_ms), sent.errors, sent.connections) == (4, 0, 4)


async def test_a_request_whose_connection_breaks_is_an_error() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n{}")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        sent = await Sender("127.0.0.1", port).run([request(port)] * 3, rate=100, warm_up=0)

    assert (sent.latencies_ms, sent.errors) == ([], 3)
