"""Somebody at the API who goes on asking while it is killed and comes back."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import httpx

from tests.e2e.test_stopped_and_released import Desk


class Patient(Desk):
    """Asks again while the API is away: what an API that was killed has done is done, and 404 or 409 say so."""

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
