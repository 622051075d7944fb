"""What was remembered and is gone is known, by whatever way it went."""

from __future__ import annotations

import asyncio
import logging

import pytest
from redis.asyncio import Redis

from contracts.ports import Shard
from services.memory import marks
from services.memory.memory_watch import MOST_BEHIND_RECORDS, MemoryWatch
from services.memory.redis_client import ask
from services.memory.redis_store import RedisProfileStore

SHARD, OTHER = Shard(1, 0), Shard(1, 1)
NOW_MS = 1_790_000_000_000


class Worker:
    """A profile store and its watch, owning the shards up to `committed`."""

    def __init__(self, client: Redis, **committed: int | None) -> None:
        self.committed = {int(name[1:]): offset for name, offset in committed.items()}
        self.watch = MemoryWatch(client, 1, lambda: NOW_MS)
        self.watch.follow(lambda: self.committed)
        self.store = RedisProfileStore(client, watch=self.watch)

    async def carry(self, offset: int, shard: Shard = SHARD, account: str = "ann") -> bool:
        """Load, say whether the decision says `memory_lost`, and save as the pipeline does."""
        await self.watch.ensure([shard])
        await self.store.load([(shard, [account])])
        lost = self.watch.is_lost(shard)
        await self.store.save([(shard, [(account, offset, b"profile")])], {shard: offset})
        return lost


@pytest.fixture
async def worker(own_client: Redis) -> Worker:
    """A worker that has begun on an empty store and carried its first record."""
    made = Worker(own_client, p0=None)
    assert not await made.carry(0)
    return made


async def mark_of(client: Redis) -> marks.Mark:
    [mark] = await marks.read_marks(client, [SHARD])
    assert mark is not None
    return mark


async def test_a_first_use_is_whole(own_client: Redis) -> None:
    worker = Worker(own_client, p0=None)

    assert [await worker.carry(offset) for offset in range(3)] == [False] * 3


@pytest.mark.parametrize(
    ("behind", "lost"),
    [(0, False), (MOST_BEHIND_RECORDS, False), (MOST_BEHIND_RECORDS + 1, True)],
    ids=["a restart", "a replica that lacks the last saves", "a store that is far behind"],
)
async def test_memory_that_is_further_behind_than_a_replica_may_be_is_lost(
    own_client: Redis, behind: int, lost: bool
) -> None:
    await Worker(own_client, p0=None).carry(4)

    assert await Worker(own_client, p0=5 + behind).carry(5 + behind) is lost


@pytest.mark.parametrize("flush", ["FLUSHALL", "FLUSHDB"])
async def test_a_flush_is_known_before_the_first_decision_on_what_is_gone(
    own_client: Redis, worker: Worker, flush: str
) -> None:
    await ask(own_client, flush)

    assert await worker.carry(1)


async def test_a_flush_while_all_accounts_are_held_is_known_at_the_next_save(
    own_client: Redis, worker: Worker
) -> None:
    await ask(own_client, "FLUSHALL")
    await worker.store.save([(SHARD, [("ann", 1, b"profile")])], {SHARD: 1})

    assert worker.watch.is_lost(SHARD)


async def test_a_flush_of_an_idle_partition_is_known_at_the_next_look(own_client: Redis) -> None:
    worker = Worker(own_client, p0=None, p1=None)
    await worker.watch.check()
    await ask(own_client, "FLUSHALL")
    await worker.watch.check()

    assert worker.watch.is_lost(OTHER)


async def test_a_store_that_was_emptied_while_no_worker_ran_is_lost(own_client: Redis) -> None:
    assert await Worker(own_client, p0=5).carry(5)


async def test_what_was_lost_stays_lost_for_the_next_worker(own_client: Redis, worker: Worker) -> None:
    await ask(own_client, "FLUSHALL")
    await worker.carry(1)

    assert await Worker(own_client, p0=2).carry(2)


async def test_a_save_after_a_flush_hides_nothing_from_a_worker_that_starts_anew(
    own_client: Redis, worker: Worker
) -> None:
    await ask(own_client, "FLUSHALL")
    await worker.store.save([(SHARD, [("ann", 1, b"profile")])], {SHARD: 1})

    assert await Worker(own_client, p0=None).carry(2)


async def test_one_partition_that_is_gone_leaves_the_others_whole(own_client: Redis) -> None:
    worker = Worker(own_client, p0=None, p1=None)
    await worker.carry(0)
    await worker.carry(0, OTHER)
    await ask(own_client, "DEL", marks.mark_key(SHARD), f"{marks.mark_key(SHARD)}:ann")

    assert [await worker.carry(1), await worker.carry(1, OTHER)] == [True, False]


async def test_memory_of_a_version_without_marks_is_whole(own_client: Redis) -> None:
    await ask(own_client, "SET", "pg:{1.0}:ann", b"000000000004profile")
    worker = Worker(own_client, p0=5)

    assert not await worker.carry(5)
    assert (await mark_of(own_client)).highest == 5


async def test_the_accounts_of_another_partition_are_not_taken_for_this_ones(own_client: Redis) -> None:
    await ask(own_client, "SET", "pg:{1.10}:ann", b"000000000004profile")
    await ask(own_client, "SET", "pg:{11.0}:ann", b"000000000004profile")

    assert await Worker(own_client, p0=5).carry(5)


async def test_a_running_worker_sees_that_the_store_went_far_back(own_client: Redis, worker: Worker) -> None:
    old = await ask(own_client, "GET", marks.mark_key(SHARD))
    await worker.carry(2 * MOST_BEHIND_RECORDS)
    await ask(own_client, "SET", marks.mark_key(SHARD), old)

    assert await worker.carry(2 * MOST_BEHIND_RECORDS + 1)
    await worker.watch.check()
    assert await Worker(own_client, p0=0).carry(2 * MOST_BEHIND_RECORDS + 2)


async def test_records_that_teach_nothing_move_the_mark(own_client: Redis, worker: Worker) -> None:
    await worker.store.save([(SHARD, [])], {SHARD: 99})
    mark = await mark_of(own_client)

    assert (mark.highest, mark.standing) == (99, "whole")


async def test_a_redelivery_does_not_move_the_mark_back(own_client: Redis) -> None:
    worker = Worker(own_client, p0=None)
    for offset in (255, 16, 4096):
        await worker.store.save([(SHARD, [])], {SHARD: offset})
    await worker.store.save([(SHARD, [])], {SHARD: 17})

    assert (await mark_of(own_client)).highest == 4096


async def test_who_may_evict_is_no_harm_until_something_is_evicted(own_client: Redis, worker: Worker) -> None:
    await ask(own_client, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    await worker.watch.check()

    assert not worker.watch.is_lost(SHARD)


async def evict_something(client: Redis, policy: str) -> None:
    """Fill a store that may hold little more than it holds, until it evicts."""
    used = int((await ask(client, "INFO", "memory"))["used_memory"])
    await ask(client, "CONFIG", "SET", "maxmemory", str(used + 2_000_000))
    await ask(client, "CONFIG", "SET", "maxmemory-policy", policy)
    for number in range(400):
        await ask(client, "SET", f"fill:{number}", b"x" * 20_000, "EX", 1000)
        if int((await ask(client, "INFO", "stats"))["evicted_keys"]):
            return
    raise AssertionError("nothing was evicted")


@pytest.mark.parametrize(
    ("policy", "lost"),
    [("allkeys-lru", True), ("allkeys-lfu", True), ("allkeys-random", True), ("volatile-lru", False)],
)
async def test_memory_of_which_a_part_may_have_been_evicted_is_lost_and_what_expires_does_no_harm(
    own_client: Redis, worker: Worker, policy: str, lost: bool
) -> None:
    await worker.watch.check()
    await evict_something(own_client, policy)
    await worker.watch.check()

    assert worker.watch.is_lost(SHARD) is lost
    assert await Worker(own_client, p0=1).carry(1) is lost


async def test_the_word_of_an_operator_makes_it_whole_while_the_worker_runs(own_client: Redis) -> None:
    worker = Worker(own_client, p0=3)
    assert await worker.carry(3)
    await marks.replace_mark(own_client, SHARD, marks.new_mark("whole", NOW_MS))

    assert not await worker.carry(4)


async def test_an_assignment_asks_anew(own_client: Redis, worker: Worker) -> None:
    worker.watch.forget()
    worker.committed = {0: 1}
    await ask(own_client, "FLUSHALL")

    assert await worker.carry(1)


async def test_the_watch_looks_again_and_again(own_client: Redis) -> None:
    worker = Worker(own_client, p0=None)
    await worker.watch.check()
    lost = asyncio.Event()

    class Telling(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lost.set()

    logger, telling = logging.getLogger("services.memory.memory_watch"), Telling(logging.ERROR)
    logger.addHandler(telling)
    try:
        worker.watch.start(0.01)
        await ask(own_client, "FLUSHALL")
        async with asyncio.timeout(60):
            await lost.wait()
    finally:
        logger.removeHandler(telling)
        await worker.watch.stop()

    assert worker.watch.is_lost(SHARD)


@pytest.mark.parametrize("value", [b"", b"x", b"00000000000g whole 1", b"000000000001", b"\xff\xfe"])
def test_a_mark_that_cannot_be_read_says_lost(value: bytes) -> None:
    assert marks.unpack(value).standing == "lost"


def test_a_mark_is_read_as_it_was_written() -> None:
    mark = marks.new_mark("whole", NOW_MS, 41, "run:3")

    assert marks.unpack(mark.pack()) == mark
