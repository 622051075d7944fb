"""Watches whether the memory of the partitions a worker owns is whole; see `services.memory.marks` for how it is told.

A mark is seen with each load and save, at no cost of its own, and every few seconds. What was found lost stays lost, over
restarts and for every worker, until it has been rebuilt or somebody says that it is well.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

from redis.asyncio import Redis

from contracts.errors import Unavailable
from contracts.ports import Shard
from services.memory import marks
from services.memory.redis_client import leave_replicas
from services.memory.redis_facts import StoreFacts, store_facts
from services.platform import metrics

#: A replica that took over may lack what was saved last. Beyond so many records it is not a replica of this memory.
MOST_BEHIND_RECORDS = 10_000
log = logging.getLogger(__name__)
#: The committed offset of each owned partition, None where nothing was committed.
Committed = Callable[[], Mapping[int, int | None]]


def _owns_nothing() -> Mapping[int, int | None]:
    return {}


class MemoryWatch:
    """One worker's view; `saw` and `reached` are called by the profile store."""

    def __init__(self, client: Redis, epoch: int, clock_ms: Callable[[], int], prefix: str = "pg") -> None:
        self._client = client
        self._epoch = epoch
        self._clock_ms = clock_ms
        self._prefix = prefix
        self._committed: Committed = _owns_nothing
        self._lost: dict[Shard, bool] = {}
        self._to_tell: set[Shard] = set()
        self._reached: dict[Shard, int] = {}
        self._facts: StoreFacts | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    def follow(self, committed: Committed) -> None:
        """Where to ask which partitions are owned and up to where they are committed."""
        self._committed = committed

    def start(self, every_s: float) -> None:
        """Look at every mark and at the store itself from now on."""
        self._stopping = False
        self._task = asyncio.create_task(self._run(every_s), name="memory-watch")
        self._task.add_done_callback(_ended)

    async def stop(self) -> None:
        """Look no more."""
        self._stopping = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def forget(self) -> None:
        """The assignment changes: everything is asked anew."""
        for shard in self._lost:
            metrics.MEMORY_LOST.labels(str(shard.partition)).set(0)
        self._lost.clear()
        self._to_tell.clear()
        self._reached.clear()

    def is_lost(self, shard: Shard) -> bool:
        """Whether what is remembered of the shard's accounts is not to be relied on."""
        return self._lost.get(shard, False)

    def reached(self, shard: Shard) -> int:
        """The offset up to which this worker has saved the shard, -1 for none."""
        return self._reached.get(shard, -1)

    def saved(self, shard: Shard, offset: int) -> None:
        """The store has taken the shard's memory up to this offset."""
        self._reached[shard] = max(offset, self._reached.get(shard, -1))

    def saw(self, shard: Shard, value: bytes | None, at_least: int) -> None:
        """A mark as it was read, when the memory had been saved up to `at_least`."""
        if shard not in self._lost:
            return
        if value is None:
            self._lose(shard, "its mark is gone from the store")
            return
        mark = marks.unpack(value)
        if mark.standing == "lost":
            self._lose(shard, "the store says so")
        elif mark.highest + MOST_BEHIND_RECORDS < at_least:
            self._lose(shard, f"the store is {at_least - mark.highest} records behind")
            self._to_tell.add(shard)
        else:
            behind = max(0, at_least - mark.highest)
            metrics.MEMORY_BEHIND.labels(str(shard.partition)).set(behind)
            if shard not in self._to_tell:
                self._regain(shard)

    async def ensure(self, shards: Sequence[Shard]) -> None:
        """Ask about shards not asked about since the last assignment. Raises Unavailable."""
        for shard in shards:
            if shard not in self._lost:
                await self._meet(shard)

    async def check(self) -> None:
        """Look at the store and at the mark of every owned partition now. Raises Unavailable."""
        await self.ensure([Shard(self._epoch, partition) for partition in self._committed()])
        await self._look_at_store()
        shards = list(self._lost)
        at_least = [self.reached(shard) for shard in shards]
        for shard in list(self._to_tell):
            await self._tell(shard)
        keys = [marks.mark_key(shard, self._prefix) for shard in shards]
        values = await marks.read_values(self._client, keys)
        for shard, value, offset in zip(shards, values, at_least, strict=True):
            self.saw(shard, value, offset)
            if value is None:
                await self._tell(shard)

    async def _meet(self, shard: Shard) -> None:
        committed = max(0, self._committed().get(shard.partition) or 0)
        [mark] = await marks.read_marks(self._client, [shard], self._prefix)
        if mark is None:
            known = not committed or await marks.has_accounts(self._client, shard, self._prefix)
            highest = committed - 1 if known else -1
            fresh = marks.new_mark(
                "whole" if known else "lost", self._clock_ms(), highest, await self._evicted()
            )
            mark = await marks.make_mark(self._client, shard, fresh, self._prefix)
        self._lost.setdefault(shard, False)
        metrics.MEMORY_LOST.labels(str(shard.partition)).set(0)
        self.saw(shard, mark.pack(), committed - 1)

    async def _evicted(self) -> str:
        facts = self._facts or await store_facts(self._client)
        return facts.evictions

    async def _look_at_store(self) -> None:
        await leave_replicas(self._client)
        facts = self._facts = await store_facts(self._client)
        metrics.STORE_MAY_EVICT.set(facts.may_evict)
        metrics.STORE_EVICTED.set(facts.evicted)
        if not facts.may_evict_accounts or not facts.evicted:
            return
        for shard in [each for each, lost in self._lost.items() if not lost]:
            [mark] = await marks.read_marks(self._client, [shard], self._prefix)
            if mark is not None and mark.standing == "whole" and mark.evictions != facts.evictions:
                self._lose(shard, "the store evicts keys: set its maxmemory-policy to noeviction")
                self._to_tell.add(shard)

    async def _tell(self, shard: Shard) -> None:
        mark = marks.new_mark("lost", self._clock_ms(), self.reached(shard))
        await marks.replace_mark(self._client, shard, mark, self._prefix)
        self._to_tell.discard(shard)

    def _lose(self, shard: Shard, why: str) -> None:
        if not self._lost.get(shard):
            log.error(
                "the memory of partition %d is lost: %s. Decisions say memory_lost until it is rebuilt or accepted: "
                "payguard admin memory status",
                shard.partition,
                why,
            )
        self._lost[shard] = True
        metrics.MEMORY_LOST.labels(str(shard.partition)).set(1)

    def _regain(self, shard: Shard) -> None:
        if self._lost[shard]:
            log.warning("the memory of partition %d is whole again", shard.partition)
        self._lost[shard] = False
        metrics.MEMORY_LOST.labels(str(shard.partition)).set(0)

    async def _run(self, every_s: float) -> None:
        told = ""
        # A client that is connecting may take a cancellation for a time-out of its own: the flag ends the loop then.
        while not self._stopping:
            try:
                await self.check()
                if self._facts is not None and self._facts.policy != told:
                    told = self._facts.policy
                    self._facts.warn(log)
            except Unavailable as error:
                log.warning("the marks of memory cannot be read (%s)", error)
            await asyncio.sleep(every_s)


def _ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("the marks of memory are no longer looked at", exc_info=task.exception())
