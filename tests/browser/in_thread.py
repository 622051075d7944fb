"""A real server on loopback, in a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

from fastapi import FastAPI

from services.api.application import server
from services.platform.embedded import free_port

_WITHIN_S = 120.0
T = TypeVar("T")


class InThread:
    """An application that a browser reaches at `url`. Use as a context manager; `_open` and `_shut` run in the server's loop."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.run(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work in the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_WITHIN_S)

    async def _open(self) -> FastAPI:
        """Make the application."""
        raise NotImplementedError

    async def _shut(self) -> None:
        """Give back what it used, once nobody is answered any more."""
        raise NotImplementedError

    async def _start(self) -> None:
        self._server = server(await self._open(), "127.0.0.1", self.port, own_signals=False)
        self._serving = asyncio.create_task(self._server.serve())
        while not self._server.started:  # noqa: ASYNC110 (it offers no event)
            await asyncio.sleep(0.02)

    async def _stop(self) -> None:
        self._server.should_exit = True
        await self._serving
        await self._shut()
