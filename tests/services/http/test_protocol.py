"""What a client may do to a connection, and what it gets."""

from __future__ import annotations

import asyncio
import logging

import pytest

from services.http.connections import Patience
from services.http.protocol import MAX_HEADER_BYTES, MAX_HEADERS
from tests.services.http.listening import HEALTH, App, answered, listening, opened, until_closed

CALM = Patience()
HALF = b"GET /healthz HTTP/1.1\r\nhost: x\r\n"


async def test_half_open_requests_beyond_the_room_do_not_keep_others_out() -> None:
    async with listening(App(), Patience(connections=20)) as port:
        half = [await opened(port, HALF) for _ in range(100)]
        idle = [await opened(port) for _ in range(30)]
        reader, writer = await opened(port, HEALTH)
        said = await answered(reader)
        for _, each in (*half, *idle):
            each.close()
        writer.close()

    assert said.startswith(b"HTTP/1.1 200")


async def test_a_request_in_hand_is_not_cut_for_a_newcomer() -> None:
    app = App()
    async with listening(app, Patience(connections=5)) as port:
        held, writer = await opened(port, b"GET /held HTTP/1.1\r\nhost: x\r\n\r\n")
        await app.held.wait()
        others = [await opened(port, HALF) for _ in range(50)]
        reader, last = await opened(port, HEALTH)
        await answered(reader)
        app.release.set()
        said = await answered(held)
        for each in (writer, last, *(other for _, other in others)):
            each.close()

    assert said.endswith(b"alive")


async def test_where_every_place_holds_a_request_a_newcomer_is_turned_away() -> None:
    app = App()
    async with listening(app, Patience(connections=2)) as port:
        busy = []
        for _ in range(2):
            app.held.clear()
            busy.append(await opened(port, b"GET /held HTTP/1.1\r\nhost: x\r\n\r\n"))
            await app.held.wait()
        reader, writer = await opened(port, HEALTH)
        said = await until_closed(reader)
        app.release.set()
        answers = [await answered(each) for each, _ in busy]
        for _, each in (*busy, (reader, writer)):
            each.close()

    assert said == b""
    assert [answer[9:12] for answer in answers] == [b"200", b"200"]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (HALF, b"HTTP/1.1 408"),
        (b"G", b"HTTP/1.1 408"),
        (b"GET /healthz HTTP/1.1\r\nlong: " + b"x" * 1000, b"HTTP/1.1 408"),
        (b"", b""),
    ],
)
async def test_headers_that_do_not_come_end_the_connection(sent: bytes, said: bytes) -> None:
    async with listening(App(), Patience(headers=0.3)) as port:
        reader, writer = await opened(port, sent)
        assert (await until_closed(reader))[:12] == said
        writer.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf",
        b"POST /body HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        b"POST /body HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n",
    ],
)
async def test_a_body_that_does_not_come_ends_the_connection(sent: bytes) -> None:
    async with listening(App(), Patience(body=0.3)) as port:
        reader, writer = await opened(port, sent)
        assert (await until_closed(reader))[:12] == b"HTTP/1.1 408"
        writer.close()


async def test_a_body_that_trickles_ends_all_the_same() -> None:
    async with listening(App(), Patience(body=0.5)) as port:
        reader, writer = await opened(port, b"POST /body HTTP/1.1\r\ncontent-length: 1000\r\n\r\n")
        ended = asyncio.create_task(until_closed(reader))
        for _ in range(1000):
            if ended.done():
                break
            writer.write(b"x")
            await asyncio.sleep(0.02)
        assert (await ended)[:12] == b"HTTP/1.1 408"
        writer.close()


async def test_an_idle_connection_is_ended_after_its_answer_and_not_before() -> None:
    async with listening(App(), Patience(idle=0.5)) as port:
        reader, writer = await opened(port, HEALTH)
        first = await answered(reader)
        writer.write(HEALTH)
        second = await answered(reader)
        rest = await until_closed(reader)
        writer.close()

    assert (first[:12], second[:12], rest) == (b"HTTP/1.1 200", b"HTTP/1.1 200", b"")


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /" + b"x" * MAX_HEADER_BYTES + b" HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nlong: " + b"x" * MAX_HEADER_BYTES + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nendless: " + b"x" * 10 * MAX_HEADER_BYTES,
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * (MAX_HEADERS + 1) + b"\r\n",
        b"GET / HTTP/1.1\r\n" + b"a: %s\r\n" % (b"x" * 1000) * 20 + b"\r\n",
    ],
    ids=["a long path", "a long header", "an endless header", "many headers", "many long headers"],
)
async def test_headers_beyond_the_limit_are_431(sent: bytes) -> None:
    async with listening(App(), CALM) as port:
        reader, writer = await opened(port, sent)
        assert (await until_closed(reader))[:12] == b"HTTP/1.1 431"
        writer.close()


async def test_an_endless_header_in_small_pieces_is_431() -> None:
    async with listening(App(), CALM) as port:
        reader, writer = await opened(port, b"GET / HTTP/1.1\r\nendless: ")
        ended = asyncio.create_task(until_closed(reader))
        for _ in range(100):
            if ended.done():
                break
            writer.write(b"x" * 512)
            await asyncio.sleep(0.001)
        assert (await ended)[:12] == b"HTTP/1.1 431"
        writer.close()


async def test_headers_within_the_limit_and_a_large_body_behind_them_pass() -> None:
    body = b"y" * 3_000_000
    head = b"POST /body HTTP/1.1\r\nlong: %s\r\ncontent-length: %d\r\n\r\n" % (b"x" * 15_000, len(body))
    async with listening(App(), CALM) as port:
        reader, writer = await opened(port, (head + body) * 2)
        said = [await answered(reader), await answered(reader)]
        writer.close()

    assert [each[-7:] for each in said] == [b"3000000", b"3000000"]


async def test_requests_sent_ahead_are_answered_in_turn_and_the_connection_still_ends() -> None:
    async with listening(App(), Patience(headers=0.5)) as port:
        reader, writer = await opened(port, HEALTH * 3 + HALF)
        said = await until_closed(reader)
        writer.close()

    assert said.count(b"HTTP/1.1 200") == 3
    assert said.count(b"HTTP/1.1 408") == 1


async def test_an_answer_that_comes_before_the_end_of_the_body_can_be_read() -> None:
    """Closing at once would break the connection, and the client would see that instead of its answer."""
    size = 2_000_000
    async with listening(App(), CALM) as port:
        reader, writer = await opened(port, b"POST /early HTTP/1.1\r\ncontent-length: %d\r\n\r\n" % size)
        for _ in range(20):
            writer.write(b"x" * (size // 20))
            await asyncio.sleep(0.005)
        said = await until_closed(reader)
        writer.close()

    assert said.startswith(b"HTTP/1.1 200")


async def test_a_client_that_goes_on_sending_after_its_answer_is_cut() -> None:
    async with listening(App(), Patience(closing=0.3)) as port:
        reader, writer = await opened(port, b"POST /early HTTP/1.1\r\ncontent-length: 999999999\r\n\r\n")
        said = await until_closed(reader)
        async with asyncio.timeout(60):
            with pytest.raises(ConnectionError):
                await _send_for_ever(writer)
        writer.close()

    assert said.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "sent",
    [
        HALF,
        b"POST /body HTTP/1.1\r\ncontent-length: 100\r\n\r\nhalf",
        HEALTH,
        b"rubbish\r\n\r\n",
        b"\x16\x03\x01",
    ],
)
async def test_a_client_that_hangs_up_or_speaks_rubbish_costs_no_line_in_the_log(
    sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with listening(App(), CALM) as port:
        _, writer = await opened(port, sent)
        await writer.drain()
        writer.transport.abort()
        reader, other = await opened(port, HEALTH)
        await answered(reader)
        other.close()

    assert [] == [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_the_server_ends_without_waiting_for_those_who_never_finish() -> None:
    async with asyncio.timeout(60), listening(App(), CALM) as port:
        half = [await opened(port, HALF) for _ in range(20)]
        reader, writer = await opened(port, HEALTH)
        await answered(reader)
    for _, each in (*half, (reader, writer)):
        each.close()


async def _send_for_ever(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()
