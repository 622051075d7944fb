"""Somebody at the API who goes on asking while it is killed and comes back."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import httpx

from tests.e2e.test_stopped_and_released import Desk

#: What is asked for comes late while its carriers are killed, but it comes.
PATIENCE_S = 600.0


class Patient(Desk):
    """Asks again while the API is away: what an API that was killed has done is done, and 404 or 409 say so."""

    async def until(self, path: str, wanted: Any) -> Any:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                found = await self.ask("GET", path)
                if wanted(found):
                    return found
                await asyncio.sleep(0.2)

    async def ask(self, method: str, path: str, **body: Any) -> Any:
        again = False
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = await self._client.request(method, path, headers=self._headers, json=body or None)
                if answer.status_code < 500:
                    break
            again = True
            await asyncio.sleep(0.2)
        if again and answer.status_code in (404, 409):
            return None
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None
