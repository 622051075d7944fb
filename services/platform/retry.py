"""Waiting between tries of something that is away: the one back-off of every process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from msgspec import Struct

from contracts.errors import Unavailable


class Backoff(Struct, frozen=True):
    """Pauses that begin with `first_s` seconds and double up to `ceiling_s`."""

    first_s: float
    ceiling_s: float

    def pause_s(self, failures: int) -> float:
        """The pause after so many failures in a row, 1 or more."""
        return min(self.ceiling_s, self.first_s * 2.0 ** min(failures - 1, 30))


#: Of work in the background.
BACKGROUND = Backoff(0.2, 10.0)


async def pause(stopping: asyncio.Event, wait_s: float) -> None:
    """Return after `wait_s` seconds, or at once when stopping."""
    try:
        async with asyncio.timeout(wait_s):
            await stopping.wait()
    except TimeoutError:
        return


async def repeat(
    step: Callable[[], Awaitable[object]],
    stopping: asyncio.Event,
    failed: Callable[[str], object],
    idle_s: float,
) -> None:
    """Repeat the step until stopping: at once after one that found work, else after `idle_s` seconds.

    While what it needs is Unavailable the pauses grow, and `failed` hears the reason each time.
    """
    failures = 0
    while not stopping.is_set():
        try:
            found, failures = await step(), 0
        except Unavailable as error:
            failures += 1
            failed(error.reason)
            await pause(stopping, BACKGROUND.pause_s(failures))
            continue
        if not found:
            await pause(stopping, idle_s)
