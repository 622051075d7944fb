"""A scheduler on a pipeline that writes down what passes, and holds it back when told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from services.replay.offline import OfflineRecord
from services.stream.batch_scheduler import Batch, BatchScheduler

MOST = 6


def records(*offsets: int) -> list[OfflineRecord]:
    return [OfflineRecord(b"k", b"{}", offset, 0) for offset in offsets]


def offsets(batch: Batch) -> dict[int, list[int]]:
    return {partition: [record.offset for record in fetched] for partition, fetched in batch}


class WatchedPipeline:
    """Writes down what passes; `gate` holds back what finishes, `scoring` what is scored after the first."""

    def __init__(self) -> None:
        self.scored: list[dict[int, list[int]]] = []
        self.finished: list[dict[int, list[int]]] = []
        self.forgotten = 0
        self.reached: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.scoring = asyncio.Event()
        self.scoring.set()
        self.finishing = 0
        self.error: Exception | None = None

    async def score(self, batch: Batch) -> dict[int, list[int]]:
        assert len({partition for partition, _ in batch}) == len(batch)
        self.scored.append(offsets(batch))
        if len(self.scored) > 1:
            await self.scoring.wait()
        return self.scored[-1]

    async def finish(self, scored: dict[int, list[int]]) -> None:
        self.finishing += 1
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            self.finishing -= 1
            raise
        if self.error is not None:
            raise self.error
        self.finished.append(scored)

    def forget(self) -> None:
        self.forgotten += 1

    def reach(self, point: str) -> None:
        self.reached.append(point)


class Ground:
    """A scheduler on a watched pipeline, and what was said to be done."""

    def __init__(self) -> None:
        self.pipeline = WatchedPipeline()
        self.crashes: list[BaseException] = []
        self.done: list[str] = []
        self.scheduler = BatchScheduler(self.pipeline, self.crashes.append, MOST)

    def submit(self, name: str, *batch: tuple[int, list[OfflineRecord]]) -> None:
        self.scheduler.submit(batch, lambda: self.done.append(name))

    async def until(self, so: Callable[[], object]) -> None:
        async with asyncio.timeout(60):
            while not so():  # noqa: ASYNC110
                await asyncio.sleep(0)

    async def hold_a_batch(self) -> None:
        """One record, scored and held back before it finishes."""
        self.pipeline.gate.clear()
        self.submit("a", (0, records(1)))
        await self.until(lambda: self.pipeline.scored)

    async def settled(self) -> bool:
        return await self.scheduler.settle(asyncio.get_running_loop().time() + 60)


@asynccontextmanager
async def a_scheduler() -> AsyncIterator[Ground]:
    ground = Ground()
    yield ground
    await ground.scheduler.reset()
