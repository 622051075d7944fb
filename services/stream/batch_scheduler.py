"""The scheduler: batches in order, a large one scored while the last one's decisions are being made durable.

Batches that wait are carried as one: the longer a pass takes, the more the next one carries, and no queue grows. A small one
waits for the last one to be done: what comes meanwhile makes it larger, and nobody waits in line twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from services.events.decode import Record

log = logging.getLogger(__name__)

#: What goes through the pipeline in one pass: records by partition, a partition at most once, its records in offset order.
Batch = Sequence[tuple[int, Sequence[Record]]]
Done = Callable[[], object]

S = TypeVar("S")


class Pipeline(Protocol[S]):
    """What the scheduler carries batches through; see `services.stream.pipeline`."""

    async def score(self, batch: Batch) -> S:
        """Everything up to decisions; changes only memory held in this process."""
        ...

    async def finish(self, scored: S) -> None:
        """Everything that must be durable before the batch is acknowledged."""
        ...

    def forget(self) -> None:
        """Drop what is held of partitions: they may be another worker's next."""
        ...

    def reach(self, point: str) -> None:
        """Say that a named fault point was reached."""
        ...


class BatchScheduler(Generic[S]):
    """Carries batches of up to `most_records`. An unexpected error ends the process: redelivery puts things right."""

    def __init__(
        self, pipeline: Pipeline[S], crash: Callable[[BaseException], None], most_records: int
    ) -> None:
        self._pipeline = pipeline
        self._crash = crash
        self._most_records = most_records
        self._waiting: deque[tuple[Batch, Done]] = deque()
        self._came = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._under_way = 0
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    def submit(self, batch: Batch, done: Done) -> None:
        """Queue a batch; `done` is called once it is durable. Dropped while the scheduler is settling (it is redelivered)."""
        if self._closing:
            return
        self._waiting.append((batch, done))
        self._came.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="scheduler")

    def reach(self, point: str) -> None:
        """Say that a named fault point outside the pipeline was reached."""
        self._pipeline.reach(point)

    async def settle(self, deadline: float) -> bool:
        """Take no more, finish what is being worked on until the loop's `deadline`; True when all of it is done."""
        self._closing = True
        try:
            async with asyncio.timeout_at(deadline):
                await self._idle.wait()
        except TimeoutError:
            log.warning("abandoning %d unfinished batches: they are redelivered", self._under_way)
            return False
        return True

    async def reset(self) -> None:
        """End the scheduler and forget all partitions: the assignment changes."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._waiting.clear()
        self._pipeline.forget()
        self._under_way = 0
        self._idle.set()
        self._closing = False

    async def _run(self) -> None:
        finishing: asyncio.Task[None] | None = None
        try:
            while True:
                if finishing is not None and self._waiting_records() < self._most_records // 2:
                    await finishing
                    finishing = None
                batch, done = await self._next()
                scored = await self._pipeline.score(batch)
                if finishing is not None:
                    await finishing
                finishing = asyncio.create_task(self._finish(scored, done), name="finish")
        except asyncio.CancelledError:
            if finishing is not None:
                finishing.cancel()
                await asyncio.gather(finishing, return_exceptions=True)
            raise
        except BaseException as error:
            self._crash(error)
            raise

    def _waiting_records(self) -> int:
        return sum(_size(batch) for batch, _ in self._waiting)

    async def _next(self) -> tuple[Batch, list[Done]]:
        while self._closing or not self._waiting:
            self._came.clear()
            await self._came.wait()
        self._under_way += 1
        self._idle.clear()
        return _joined(self._waiting, self._most_records)

    async def _finish(self, scored: S, done: list[Done]) -> None:
        try:
            await self._pipeline.finish(scored)
            for each in done:
                each()
        except Exception as error:
            self._crash(error)
            raise
        self._under_way -= 1
        if not self._under_way:
            self._idle.set()


def _joined(waiting: deque[tuple[Batch, Done]], most_records: int) -> tuple[Batch, list[Done]]:
    """The first of what waits, and as many more as keep it small enough, as one batch."""
    batch, first_done = waiting.popleft()
    done = [first_done]
    left = most_records - _size(batch)
    if not waiting or _size(waiting[0][0]) > left:
        return batch, done
    records = {partition: list(fetched) for partition, fetched in batch}
    while waiting and (size := _size(waiting[0][0])) <= left:
        batch, next_done = waiting.popleft()
        left -= size
        done.append(next_done)
        for partition, fetched in batch:
            records.setdefault(partition, []).extend(fetched)
    return list(records.items()), done


def _size(batch: Batch) -> int:
    return sum(len(records) for _, records in batch)
