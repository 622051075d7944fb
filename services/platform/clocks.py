"""Time as another server has it: hosts of PayGuard may be minutes off, and what they share must not be.

A clock measures how far the server's time is from this process's monotonic one, and goes on by the latter: a wall clock that
is set, stepped or plainly wrong changes nothing. The error is at most half of the shortest round trip.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from contracts.errors import Unavailable
from services.platform import metrics

log = logging.getLogger(__name__)
#: A measurement that took longer says little.
MOST_ROUND_TRIP_S = 1.0


class SharedClock:
    """`now` is the server's time once it was asked, and this host's before. `against` is what the metric calls it."""

    def __init__(
        self,
        against: str,
        ask: Callable[[], Awaitable[float]],
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`ask` answers the server's time in epoch seconds and may raise Unavailable."""
        self._against = against
        self._ask = ask
        self._wall = wall
        self._monotonic = monotonic
        self._ahead_s: float | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, every_s: float) -> None:
        """Ask the server now, if it is there, and again and again."""
        await measure_if_there(self)
        self._task = asyncio.create_task(measure_for_ever([self], every_s), name="clock")

    async def stop(self) -> None:
        """Ask no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def now(self) -> float:
        """Epoch seconds."""
        return self._wall() if self._ahead_s is None else self._monotonic() + self._ahead_s

    def now_ms(self) -> int:
        """Epoch milliseconds."""
        return int(self.now() * 1000)

    async def measure(self) -> None:
        """Ask the server. Raises Unavailable; the time goes on as it was measured last."""
        before = self._monotonic()
        told = await self._ask()
        after = self._monotonic()
        if after - before > MOST_ROUND_TRIP_S and self._ahead_s is not None:
            return
        self._ahead_s = told - (before + after) / 2
        metrics.CLOCK_OFFSET.labels(self._against).set(self._wall() - self.now())


async def measure_for_ever(clocks: Sequence[SharedClock], every_s: float) -> None:
    """Ask each server again and again; one that is away keeps its last measurement."""
    while True:
        for clock in clocks:
            await measure_if_there(clock)
        await asyncio.sleep(every_s)


async def measure_if_there(clock: SharedClock) -> None:
    """Ask the server, or go on as before when it is away."""
    try:
        await clock.measure()
    except Unavailable as error:
        log.debug("a clock could not be compared (%s)", error)
