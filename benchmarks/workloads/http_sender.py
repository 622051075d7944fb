"""An open loop of HTTP requests.

`python -m benchmarks.workloads.http_sender HOST PORT RATE SECONDS WARM_UP_S SEED ACCOUNTS`, key in the variable BENCH_API_KEY.
One event a request with `?wait=decision`, at fixed times whether or not earlier ones are answered. Latency counts from the
intended time. Connections are kept alive and plain: no HTTP library, about 0.1 ms of processor time a request.
Prints one JSON object: `Sent`. `benchmarks.workloads.verify_sender` sends other requests in the same way.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import os
import re
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import uvloop
from msgspec import Struct, json

from benchmarks.instruments.stolen import Stolen, StolenTime
from benchmarks.workloads.events import EVENTS_A_DAY, bench_events

_GIVE_UP_S = 10.0
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r", re.IGNORECASE)


class Sent(Struct, frozen=True):
    """Milliseconds of each request answered 200, in the order of the answers, and which request it was, from 0.

    `late_ms` is how far the sender itself was behind, contained in them. `undecided` were answered 202. `stolen` is what the host
    took meanwhile.
    """

    latencies_ms: list[float]
    indices: list[int]
    late_ms: list[float]
    undecided: int
    errors: int
    connections: int
    cpu_share: float
    stolen: Stolen | None


@dataclass(slots=True)
class _Asked:
    """A request under way: which, when it was to be sent, and whether it is measured."""

    index: int
    due_s: float
    counts: bool


class _Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self, answered: Callable[[_Connection, _Asked, int], None]) -> None:
        self._answered = answered
        self._received = b""
        self._asked: _Asked | None = None
        self._transport: asyncio.WriteTransport | None = None

    @property
    def closed(self) -> bool:
        """Whether the server ended it."""
        return self._transport is None or self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def ask(self, request: bytes, asked: _Asked) -> None:
        assert self._transport is not None
        self._asked = asked
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        received = self._received = self._received + data if self._received else data
        head_end = received.find(b"\r\n\r\n")
        if head_end < 0:
            return
        length = _LENGTH.search(received, 0, head_end + 2)
        if length is not None and len(received) >= head_end + 4 + int(length[1]):
            self._received = b""
            self._end(int(received[9:12]))

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._end(0)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _end(self, status: int) -> None:
        asked, self._asked = self._asked, None
        if asked is not None:
            self._answered(self, asked, status)


class Sender:
    """Sends on schedule and counts.

    Connections are used in turn, so that none is idle for long, and opened when all are busy. With several ports, those of
    several servers, requests go to one after the other.
    """

    def __init__(self, host: str, *ports: int) -> None:
        self._host = host
        self._ports = ports
        self._idle: list[deque[_Connection]] = [deque() for _ in ports]
        self._connecting: set[asyncio.Task[None]] = set()
        self._opened = 0
        self._under_way = 0
        self._all_answered = asyncio.Event()
        self._latencies_ms: list[float] = []
        self._indices: list[int] = []
        self._late_ms: list[float] = []
        self._undecided = 0
        self._errors = 0

    async def run(self, requests: Sequence[bytes], rate: float, warm_up: int) -> Sent:
        """Send every request, whole as it goes over the line; the first `warm_up` are not counted."""
        gc.collect()
        gc.freeze()
        begin_s, cpu_s, stolen = time.monotonic() + 0.2, 0.0, StolenTime()
        for index, request in enumerate(requests):
            if index == warm_up:
                cpu_s = time.process_time()
                stolen.begin()
            due_s = begin_s + index / rate
            if (wait_s := due_s - time.monotonic()) > 0:
                await asyncio.sleep(wait_s)
            self._send(request, _Asked(index, due_s, index >= warm_up))
        measured_s = time.monotonic() - begin_s - warm_up / rate
        cpu_share = (time.process_time() - cpu_s) / measured_s
        await self._finish()
        return Sent(
            self._latencies_ms,
            self._indices,
            self._late_ms,
            self._undecided,
            self._errors,
            self._opened,
            cpu_share,
            stolen.end(),
        )

    def _send(self, request: bytes, asked: _Asked) -> None:
        self._under_way += 1
        self._all_answered.clear()
        idle = self._idle[asked.index % len(self._ports)]
        while idle:
            connection = idle.popleft()
            if not connection.closed:
                self._ask(connection, request, asked)
                return
        connecting = asyncio.create_task(self._connect_and_ask(request, asked))
        self._connecting.add(connecting)
        connecting.add_done_callback(self._connecting.discard)

    async def _connect_and_ask(self, request: bytes, asked: _Asked) -> None:
        self._opened += 1
        loop, port = asyncio.get_running_loop(), self._ports[asked.index % len(self._ports)]
        try:
            _, connection = await loop.create_connection(
                lambda: _Connection(self._answered), self._host, port
            )
        except OSError:
            self._count(asked, 0)
        else:
            self._ask(connection, request, asked)

    def _ask(self, connection: _Connection, request: bytes, asked: _Asked) -> None:
        if asked.counts:
            self._late_ms.append((time.monotonic() - asked.due_s) * 1000.0)
        connection.ask(request, asked)

    def _answered(self, connection: _Connection, asked: _Asked, status: int) -> None:
        if status:
            self._idle[asked.index % len(self._ports)].append(connection)
        self._count(asked, status)

    def _count(self, asked: _Asked, status: int) -> None:
        self._under_way -= 1
        if not self._under_way:
            self._all_answered.set()
        if not asked.counts:
            return
        if status == 200:
            self._indices.append(asked.index)
            self._latencies_ms.append((time.monotonic() - asked.due_s) * 1000.0)
        elif status == 202:
            self._undecided += 1
        else:
            self._errors += 1

    async def _finish(self) -> None:
        """Wait for the answers under way; those that never come are errors."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GIVE_UP_S):
                await self._all_answered.wait()
        self._errors += self._under_way
        for connection in itertools.chain(*self._idle):
            connection.close()


def request_of(host: str, port: int, path: str, body: bytes) -> bytes:
    """The bytes of a POST with the key of BENCH_API_KEY."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {os.environ['BENCH_API_KEY']}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def run(
    host: str, port: int, rate: float, seconds: float, warm_up_s: float, seed: int, accounts: int
) -> Sent:
    """The whole run."""
    count = int(rate * (seconds + warm_up_s))
    span_ms = count * 86_400_000 // (EVENTS_A_DAY * accounts)
    events = bench_events(accounts, count, seed, int(time.time() * 1000) - span_ms)
    requests = [request_of(host, port, "/v1/events?wait=decision", value) for _, value in events]
    return await Sender(host, port).run(requests, rate, int(rate * warm_up_s))


def main() -> None:
    """The process."""
    host, port, rate, seconds, warm_up_s, seed, accounts = sys.argv[1:]
    sent = uvloop.run(
        run(host, int(port), float(rate), float(seconds), float(warm_up_s), int(seed), int(accounts))
    )
    sys.stdout.buffer.write(json.encode(sent) + b"\n")


if __name__ == "__main__":
    main()
