"""An open loop of HTTP requests: `python -m benchmarks.http_sender HOST PORT RATE SECONDS WARM_UP_S SEED ACCOUNTS`, key in the
variable BENCH_API_KEY.

One event a request with `?wait=decision`, at fixed times whether or not earlier ones are answered. Latency counts from the
intended time. Connections are kept alive and plain: no HTTP library, about 0.1 ms of processor time a request.
Prints one JSON object: `Sent`.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from typing import cast

import uvloop
from msgspec import Struct, json

from services.lab.bench_events import EVENTS_A_DAY, bench_events

_GIVE_UP_S = 10.0


class Sent(Struct, frozen=True):
    """Milliseconds of each decided request; `late_ms` is how far the sender itself was behind, contained in them."""

    latencies_ms: list[float]
    late_ms: list[float]
    undecided: int
    errors: int
    connections: int
    cpu_share: float


class _Answer(Struct, frozen=True):
    status: int
    body: bytes


class _Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self) -> None:
        self._received = b""
        self._waiting: asyncio.Future[_Answer] | None = None
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def ask(self, request: bytes) -> asyncio.Future[_Answer]:
        assert self._transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._waiting

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or self._waiting is None:
            return
        lower = head.lower()
        start = lower.index(b"content-length:") + 15
        if len(body) >= int(lower[start:].split(b"\r\n", 1)[0]):
            self._received = b""
            if not self._waiting.done():
                self._waiting.set_result(_Answer(int(head[9:12]), body))

    def connection_lost(self, error: Exception | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error or ConnectionError("the server closed the connection"))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Sender:
    """Sends on schedule and counts."""

    def __init__(self, host: str, port: int, key: str) -> None:
        self._address = host, port
        self._head = (
            f"POST /v1/events?wait=decision HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {key}\r\n"
            "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        )
        self._idle: list[_Connection] = []
        self._opened = 0
        self._latencies_ms: list[float] = []
        self._late_ms: list[float] = []
        self._undecided = 0
        self._errors = 0

    async def run(self, bodies: list[bytes], rate: float, warm_up: int) -> Sent:
        """Send every body; the first `warm_up` are not counted."""
        under_way: set[asyncio.Task[None]] = set()
        begin_s, cpu_s = time.monotonic() + 0.2, 0.0
        for index, body in enumerate(bodies):
            if index == warm_up:
                cpu_s = time.process_time()
            due_s = begin_s + index / rate
            if (wait_s := due_s - time.monotonic()) > 0:
                await asyncio.sleep(wait_s)
            task = asyncio.create_task(self._send(body, due_s, index >= warm_up))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        measured_s = time.monotonic() - begin_s - warm_up / rate
        cpu_share = (time.process_time() - cpu_s) / measured_s
        await asyncio.gather(*under_way)
        for connection in self._idle:
            connection.close()
        return Sent(self._latencies_ms, self._late_ms, self._undecided, self._errors, self._opened, cpu_share)

    async def _send(self, body: bytes, due_s: float, counts: bool) -> None:
        request = (self._head % len(body)).encode() + body
        status = 0
        try:
            connection = self._idle.pop() if self._idle else await self._connect()
            late_ms = (time.monotonic() - due_s) * 1000.0
            answer = await asyncio.wait_for(connection.ask(request), _GIVE_UP_S)
            self._idle.append(connection)
            status = answer.status
        except (OSError, TimeoutError):
            late_ms = 0.0
        took_ms = (time.monotonic() - due_s) * 1000.0
        if not counts:
            return
        self._late_ms.append(late_ms)
        if status == 200:
            self._latencies_ms.append(took_ms)
        elif status == 202:
            self._undecided += 1
        else:
            self._errors += 1

    async def _connect(self) -> _Connection:
        self._opened += 1
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, *self._address)
        return connection


async def run(
    host: str, port: int, rate: float, seconds: float, warm_up_s: float, seed: int, accounts: int
) -> Sent:
    """The whole run."""
    count = int(rate * (seconds + warm_up_s))
    span_ms = count * 86_400_000 // (EVENTS_A_DAY * accounts)
    events = bench_events(accounts, count, seed, int(time.time() * 1000) - span_ms)
    sender = Sender(host, port, os.environ["BENCH_API_KEY"])
    return await sender.run([value for _, value in events], rate, int(rate * warm_up_s))


def main() -> None:
    """The process."""
    host, port, rate, seconds, warm_up_s, seed, accounts = sys.argv[1:]
    sent = uvloop.run(
        run(host, int(port), float(rate), float(seconds), float(warm_up_s), int(seed), int(accounts))
    )
    sys.stdout.buffer.write(json.encode(sent) + b"\n")


if __name__ == "__main__":
    main()
