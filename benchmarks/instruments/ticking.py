"""What is done again and again beside the work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def every(seconds: float, tick: Callable[[], None]) -> None:
    """Call it after so many seconds, and so on until the task is cancelled."""
    while True:
        await asyncio.sleep(seconds)
        tick()
