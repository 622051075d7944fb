"""One lane a partition: batches in order, the next one scored while the last one's decisions are being made durable."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from contracts.errors import Unavailable
from services.ingest.decode import Record

log = logging.getLogger(__name__)

S = TypeVar("S")
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 5.0


class Belt(Protocol[S]):
    """What a lane carries batches through; see `services.stream.pipeline`."""

    async def score(self, partition: int, records: Sequence[Record]) -> S:
        """Everything up to decisions; changes only memory held in this process."""
        ...

    async def finish(self, scored: S) -> None:
        """Everything that must be durable before the batch is acknowledged."""
        ...

    def forget(self, partitions: Sequence[int]) -> None:
        """Drop what is held of partitions that are no longer ours."""
        ...

    def reach(self, point: str) -> None:
        """Say that a named fault point was reached."""
        ...


class Lanes:
    """The lanes of the owned partitions. An unexpected error ends the process: redelivery puts things right."""

    def __init__(self, belt: Belt[S], crash: Callable[[BaseException], None]) -> None:
        self._belt = belt
        self._crash = crash
        self._queues: dict[int, asyncio.Queue[tuple[Sequence[Record], Callable[[], object]]]] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._busy: set[int] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = False

    def submit(self, partition: int, records: Sequence[Record], done: Callable[[], object]) -> None:
        """Queue a batch; `done` is called once it is durable. Dropped while the lanes are settling (it is redelivered)."""
        if self._closing:
            return
        queue = self._queues.get(partition)
        if queue is None:
            queue = self._queues[partition] = asyncio.Queue()
            self._tasks[partition] = asyncio.create_task(
                self._run(partition, queue), name=f"lane-{partition}"
            )
        queue.put_nowait((records, done))

    def reach(self, point: str) -> None:
        """Say that a named fault point outside the belt was reached."""
        self._belt.reach(point)

    async def settle(self, deadline: float) -> bool:
        """Take no more, finish what is being worked on until the loop's `deadline`; True when all of it is done."""
        self._closing = True
        while self._busy:
            remaining = deadline - asyncio.get_running_loop().time()
            if remaining <= 0:
                log.warning("abandoning %d unfinished batches: they are redelivered", len(self._busy))
                return False
            self._idle.clear()
            try:
                async with asyncio.timeout(remaining):
                    await self._idle.wait()
            except TimeoutError:
                continue
        return True

    async def reset(self) -> None:
        """End all lanes and forget their partitions: the assignment changes."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._belt.forget(list(self._queues))
        self._queues.clear()
        self._tasks.clear()
        self._busy.clear()
        self._closing = False

    async def _run(
        self, partition: int, queue: asyncio.Queue[tuple[Sequence[Record], Callable[[], object]]]
    ) -> None:
        finishing: asyncio.Task[None] | None = None
        try:
            while True:
                if queue.empty() or self._closing:
                    if finishing is not None:
                        await finishing
                        finishing = None
                    self._rest(partition)
                records, done = await queue.get()
                if self._closing:
                    continue
                self._busy.add(partition)
                scored = await self._belt.score(partition, records)
                if finishing is not None:
                    await finishing
                finishing = asyncio.create_task(self._finish(scored, done))
        except asyncio.CancelledError:
            if finishing is not None:
                finishing.cancel()
                await asyncio.gather(finishing, return_exceptions=True)
            raise
        except BaseException as error:
            self._crash(error)
            raise

    async def _finish(self, scored: object, done: Callable[[], object]) -> None:
        await self._belt.finish(scored)  # type: ignore[arg-type]
        done()

    def _rest(self, partition: int) -> None:
        self._busy.discard(partition)
        if not self._busy:
            self._idle.set()


async def patiently(step: Callable[[], Awaitable[S]], what: str) -> S:
    """Run the step, again with growing pauses while its store is Unavailable. Steps are repeatable."""
    pause = FIRST_PAUSE_S
    while True:
        try:
            return await step()
        except Unavailable as error:
            log.warning("%s is unavailable (%s); trying again in %.2f s", what, error, pause)
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE_S, pause * 2)
