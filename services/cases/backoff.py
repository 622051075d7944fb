"""Waiting between tries of something that is away."""

from __future__ import annotations

import asyncio

FIRST_S = 0.2
CEILING_S = 10.0


class Backoff:
    """Doubles its wait from 0.2 s to 10 s until `reset`; a set `stopping` ends the wait at once."""

    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping = stopping
        self._next_s = FIRST_S

    def reset(self) -> None:
        """It answered: begin with the short wait again."""
        self._next_s = FIRST_S

    async def wait(self) -> None:
        """Wait before the next try."""
        wait_s, self._next_s = self._next_s, min(self._next_s * 2, CEILING_S)
        await pause(self._stopping, wait_s)


async def pause(stopping: asyncio.Event, wait_s: float) -> None:
    """Return after `wait_s` seconds, or at once when stopping."""
    try:
        async with asyncio.timeout(wait_s):
            await stopping.wait()
    except TimeoutError:
        return
