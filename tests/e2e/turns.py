"""Requests in turn: thousands of askers share one client, and none waits for ever for a connection."""

from __future__ import annotations

import asyncio

import httpx


class InTurn(httpx.AsyncHTTPTransport):
    """Carries `at_once` requests at a time, the others first come, first served.

    The connection pool of httpx gives up those that waited too long and puts them at the end of its queue again: of thousands
    that ask again and again, some are never served.
    """

    def __init__(self, at_once: int = 40) -> None:
        super().__init__()
        self._turns = asyncio.Semaphore(at_once)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request when it is its turn."""
        async with self._turns:
            return await super().handle_async_request(request)
