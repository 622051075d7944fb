"""1,100 requests that are never finished, and bodies that trickle, against the real API process."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from services.http.api_keys import ApiKeys
from services.http.connections import most_connections
from services.platform.database import Database
from services.platform.embedded import free_port
from tests.chaos.stack import Stack
from tests.services.api.world import a_login

pytestmark = [pytest.mark.real, pytest.mark.chaos, pytest.mark.timeout(300)]

HALF_OPEN, SLOW = 1_100, 100
ROOM = 600
SHORT_S, LONG_S = 8.0, 120.0
_AGAIN_S = 2.0
_HALF = b"POST /v1/events HTTP/1.1\r\nhost: payguard\r\n"
_SLOW = _HALF + b"content-type: application/json\r\ncontent-length: 100000\r\n"
_KEY = base64.b64encode(bytes(32)).decode()


async def api_of(stack: Stack) -> tuple[str, str]:
    """Where the API answers, and a key; with a worker behind it."""
    port = free_port()
    database = Database(stack.settings.database)
    key, _ = await ApiKeys(database).create("wallet", ["ingest"])
    await database.close()
    stack.start_worker(0)
    stack.start_api(http_port=port, factor_key=f"1:{_KEY}", grant_key=f"1:{_KEY}", http_max_connections=ROOM)
    return f"http://127.0.0.1:{port}", key


async def until_decided(client: httpx.AsyncClient, event_id: str) -> float:
    """How long it takes until an event is offered and decided, in seconds."""
    started = time.monotonic()
    while True:
        with contextlib.suppress(httpx.TransportError):
            query = "/v1/events?wait=decision&timeout_s=5"
            answer = await client.post(query, json=a_login(event_id))
            if answer.status_code == 200:
                return time.monotonic() - started
        assert time.monotonic() - started < 120
        await asyncio.sleep(0.1)


async def until_alive(url: str) -> float:
    """How long it takes a new client until /healthz answers, in seconds; one that is cut tries again, as clients do."""
    started = time.monotonic()
    while True:
        with contextlib.suppress(httpx.TransportError):
            async with httpx.AsyncClient(base_url=url, timeout=20.0) as newcomer:
                assert (await newcomer.get("/healthz")).status_code == 200
                return time.monotonic() - started
        assert time.monotonic() - started < 60


async def _pester(port: int, sent: bytes, trickles: bool) -> None:
    """Hold a connection open with an unfinished request, again whenever it is ended."""
    while True:
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(sent)
                while not reader.at_eof():
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(1.0):
                            await reader.read(1024)
                    if trickles:
                        writer.write(b"x")
            finally:
                writer.close()
        await asyncio.sleep(_AGAIN_S)


@asynccontextmanager
async def besieged(port: int, key: str) -> AsyncIterator[None]:
    """While 1,100 requests have no end of their headers, and 100 bodies trickle, half of them with a key."""
    known = f"authorization: Bearer {key}\r\n\r\n".encode()
    senders = [_pester(port, _HALF, trickles=False) for _ in range(HALF_OPEN)]
    senders += [_pester(port, _SLOW + (known if n % 2 else b"\r\n"), trickles=True) for n in range(SLOW)]
    tasks = [asyncio.create_task(each) for each in senders]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_unfinished_requests_keep_nobody_from_an_answer(stack: Stack, long: bool) -> None:
    assert most_connections(HALF_OPEN + SLOW + 200) == HALF_OPEN + SLOW + 200
    url, key = await api_of(stack)
    port = int(url.rpartition(":")[2])
    bearer = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=url, timeout=20.0, headers=bearer) as client:
        await until_decided(client, "before")
        health: list[float] = []
        decided: list[float] = []
        async with besieged(port, key):
            await asyncio.sleep(2.0)
            end = time.monotonic() + (LONG_S if long else SHORT_S)
            while time.monotonic() < end:
                health.append(await until_alive(url))
                async with httpx.AsyncClient(base_url=url, timeout=20.0, headers=bearer) as newcomer:
                    decided.append(await until_decided(newcomer, f"during-{len(decided)}"))
        recovery_s = await until_decided(client, "after")
        metrics = (await client.get("/metrics")).text

    def read(name: str) -> float:
        return next(float(line.rpartition(" ")[2]) for line in metrics.splitlines() if line.startswith(name))

    cut = {
        reason: read(f'payguard_http_connections_cut_total{{reason="{reason}"}}')
        for reason in ("headers", "crowded")
    }
    print(
        f"{HALF_OPEN} half-open and {SLOW} slow: /healthz at most {max(health):.3f} s ({len(health)} asked), an event decided "
        f"within {max(decided):.3f} s; connections cut {cut}; recovered {recovery_s:.3f} s after the end"
    )
    assert sum(cut.values()) > 0
    assert stack.api is not None
    assert stack.api.running
    assert "Traceback" not in stack.logs(10_000)
