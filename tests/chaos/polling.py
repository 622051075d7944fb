"""Waiting for what other processes do: they cannot set an event of ours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object], timeout_s: float, every_s: float = 0.05) -> None:
    """Wait until the condition holds. Raises TimeoutError after `timeout_s`."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110  there is no event to wait for
            await asyncio.sleep(every_s)
