"""An open loop of HTTP requests.

`python -m benchmarks.workloads.http_sender HOST PORT RATE SECONDS WARM_UP_S SEED ACCOUNTS`, key in the variable BENCH_API_KEY.
One event a request with `?wait=decision`, at fixed times whether or not earlier ones are answered. Latency counts from the
intended time. Connections are kept alive and plain: no HTTP library, about 0.15 ms of processor time a request.
Prints one JSON object: `Sent`. `benchmarks.workloads.verify_sender` sends other requests in the same way.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import re
import sys
import time
from collections import deque
from collections.abc import Sequence

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


class _Asked(Struct, frozen=True):
    """A request under way: which, when it was to be sent, and whether it is measured."""

    index: int
    due_s: float
    counts: bool


Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Sender:
    """Sends on schedule and counts.

    Connections are kept alive with one request under way at most. They are used in turn, so that none is idle for long, and
    opened when all are busy. With several ports, those of several servers, requests go to one after the other.
    """

    def __init__(self, host: str, *ports: int) -> None:
        self._host = host
        self._ports = ports
        self._idle: list[deque[Connection]] = [deque() for _ in ports]
        self._under_way: set[asyncio.Task[None]] = set()
        self._opened = 0
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
            asking = asyncio.create_task(self._ask(request, _Asked(index, due_s, index >= warm_up)))
            self._under_way.add(asking)
            asking.add_done_callback(self._under_way.discard)
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

    async def _ask(self, request: bytes, asked: _Asked) -> None:
        """Send a request over a free connection, or a new one, and count its answer."""
        server = asked.index % len(self._ports)
        try:
            reader, writer = self._free(server) or await self._connected(server)
        except OSError:
            self._count(asked, 0)
            return
        if asked.counts:
            self._late_ms.append((time.monotonic() - asked.due_s) * 1000.0)
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            await reader.readexactly(int(length[1]) if length is not None else 0)
        except (OSError, asyncio.IncompleteReadError):
            writer.close()
            self._count(asked, 0)
        else:
            self._count(asked, int(head[9:12]))
            self._idle[server].append((reader, writer))

    def _free(self, server: int) -> Connection | None:
        """A connection without a request that the server has not ended."""
        idle = self._idle[server]
        while idle:
            reader, writer = idle.popleft()
            if not (reader.at_eof() or writer.is_closing()):
                return reader, writer
            writer.close()
        return None

    async def _connected(self, server: int) -> Connection:
        self._opened += 1
        return await asyncio.open_connection(self._host, self._ports[server])

    def _count(self, asked: _Asked, status: int) -> None:
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
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=_GIVE_UP_S)
            self._errors += len(late)
            for asking in late:
                asking.cancel()
        for _, writer in itertools.chain(*self._idle):
            writer.close()


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
