"""A server with the API's own protocol over a small application, on a port of this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.types import Receive, Scope, Send

from services.api.application import server
from services.http.connections import Patience
from services.platform.embedded import free_port

HEALTH = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"


class App:
    """Answers at once; `/body` after the whole body, `/held` once it is released, `/early` without reading."""

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.held = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await _lifespan(receive, send)
            return
        answer = b"alive"
        if scope["path"] == "/body":
            body = await _body(receive)
            if body is None:
                return
            answer = str(len(body)).encode()
        elif scope["path"] == "/held":
            self.held.set()
            await self.release.wait()
        headers = [(b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})


async def _body(receive: Receive) -> bytes | None:
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message["body"]
        if not message["more_body"]:
            return bytes(body)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


@asynccontextmanager
async def listening(app: Any, patience: Patience) -> AsyncIterator[int]:
    """The port it listens on."""
    port = free_port()
    web = server(app, "127.0.0.1", port, own_signals=False, patience=patience)
    serving = asyncio.create_task(web.serve())
    async with asyncio.timeout(60):
        while not web.started:  # noqa: ASYNC110  polls the server
            await asyncio.sleep(0.01)
    try:
        yield port
    finally:
        web.should_exit = True
        await serving


async def opened(port: int, sent: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection that has sent this much."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    return reader, writer


async def answered(reader: asyncio.StreamReader) -> bytes:
    """The status line, the headers and a body of the length they say."""
    async with asyncio.timeout(60):
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
        return head + await reader.readexactly(size)


async def until_closed(reader: asyncio.StreamReader) -> bytes:
    """All that comes before the end; a connection that was broken off ends it too."""
    said = b""
    async with asyncio.timeout(60):
        try:
            while chunk := await reader.read(65_536):
                said += chunk
        except ConnectionResetError:
            pass
    return said
