"""Providers in this process that take messages over HTTP, and say what they were told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import msgspec


class HttpDouble:
    """An HTTP server that keeps each request, `posts` (path, headers, body), and answers `status`; one that `hangs` does not.

    `came` is told each body before it is answered.
    """

    def __init__(self, came: Callable[[bytes], object] | None = None) -> None:
        self.came = came
        self.posts: list[tuple[str, dict[str, str], bytes]] = []
        self.status = 201
        self.hangs = False
        self.port = 0
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def said(self) -> list[Any]:
        """The bodies, which are JSON."""
        return [msgspec.json.decode(body) for _, _, body in self.posts]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for writer in self._open:
            writer.close()
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.posts.append((head[0].split(" ")[1], headers, body))
            if self.came is not None:
                self.came(body)
            if self.hangs:
                await reader.read()
                return
            answered = (
                f"HTTP/1.1 {self.status} OK",
                "Content-Length: 0",
                "Location: /m/1",
                "Connection: close",
                "",
                "",
            )
            writer.write("\r\n".join(answered).encode())
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self._open.discard(writer)
            writer.close()
