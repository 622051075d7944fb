"""The scheduler carries batches in order, joins what waits, and gives up cleanly."""

from __future__ import annotations

import asyncio

import pytest

from tests.services.stream.watched_scheduler import MOST, a_scheduler, records


async def test_small_batches_that_wait_are_carried_as_one_each_partition_in_order() -> None:
    async with a_scheduler() as ground:
        await ground.hold_a_batch()
        ground.submit("b", (0, records(2)), (1, records(7)))
        ground.submit("c", (1, records(8)))
        ground.pipeline.gate.set()
        await ground.until(lambda: len(ground.done) == 3)

        assert ground.pipeline.finished == [{0: [1]}, {0: [2], 1: [7, 8]}]


async def test_settling_finishes_what_is_under_way_and_drops_what_waits() -> None:
    async with a_scheduler() as ground:
        await ground.hold_a_batch()
        settling = asyncio.create_task(ground.settled())
        await asyncio.sleep(0)
        ground.submit("b", (0, records(2)))
        ground.pipeline.gate.set()

        assert await settling
        assert ground.done == ["a"]
        assert await ground.settled()
        await ground.scheduler.reset()
        ground.submit("c", (0, records(2)))
        await ground.until(lambda: ground.done == ["a", "c"])


async def test_settling_gives_up_at_its_deadline() -> None:
    async with a_scheduler() as ground:
        await ground.hold_a_batch()

        assert not await ground.scheduler.settle(asyncio.get_running_loop().time())
        await ground.scheduler.reset()
        assert ground.done == []
        assert ground.pipeline.forgotten == 1
        assert await ground.scheduler.settle(asyncio.get_running_loop().time())


async def test_after_a_reset_nothing_of_before_is_done() -> None:
    async with a_scheduler() as ground:
        await ground.hold_a_batch()
        ground.submit("b", (0, records(2)))
        await ground.scheduler.reset()
        ground.pipeline.gate.set()
        ground.submit("c", (0, records(1)))
        await ground.until(lambda: ground.done)

        assert ground.done == ["c"]
        assert await ground.settled()


@pytest.mark.parametrize(("waiting", "beside"), [(MOST // 2 - 1, False), (MOST // 2, True)])
async def test_a_batch_of_half_the_most_records_is_scored_beside_the_last_one_and_a_smaller_one_is_not(
    waiting: int, beside: bool
) -> None:
    async with a_scheduler() as ground:
        ground.pipeline.gate.clear()
        ground.submit("a", (0, records(*range(MOST))))
        ground.submit("b", (0, records(*range(MOST, MOST + waiting))))
        for _ in range(50):
            await asyncio.sleep(0)

        assert (len(ground.pipeline.scored), ground.done) == (1 + beside, [])
        ground.pipeline.gate.set()
        await ground.until(lambda: ground.done == ["a", "b"])


async def test_a_scheduler_that_carried_nothing_settles_at_once() -> None:
    async with a_scheduler() as ground:
        assert await ground.scheduler.settle(asyncio.get_running_loop().time())


async def test_settling_waits_for_the_batch_that_finishes_and_the_one_that_was_scored_beside_it() -> None:
    async with a_scheduler() as ground:
        ground.pipeline.gate.clear()
        ground.submit("a", (0, records(1)))
        ground.submit("b", (0, records(*range(2, 2 + MOST))))
        await ground.until(lambda: len(ground.pipeline.scored) == 2)
        settling = asyncio.create_task(ground.settled())
        await asyncio.sleep(0)
        assert not settling.done()
        ground.pipeline.gate.set()

        assert await settling
        assert ground.done == ["a", "b"]


async def test_an_error_of_either_step_is_the_one_that_crashes() -> None:
    async with a_scheduler() as ground:
        ground.pipeline.error = RuntimeError("finish")
        ground.submit("a", (0, records(1)))
        await ground.until(lambda: ground.crashes)
        assert ground.crashes == [ground.pipeline.error]
        assert ground.done == []
    async with a_scheduler() as ground:
        # The pipeline of these tests refuses a batch that names a partition twice.
        ground.submit("a", (0, records(1)), (0, records(2)))
        await ground.until(lambda: ground.crashes)
        assert [type(error) for error in ground.crashes] == [AssertionError]
        assert ground.done == []


async def test_after_an_error_nothing_that_follows_is_done() -> None:
    async with a_scheduler() as ground:
        ground.pipeline.error = RuntimeError("unexpected")
        ground.submit("a", (0, records(1)))
        await ground.until(lambda: ground.crashes)
        ground.pipeline.error = None
        ground.submit("b", (0, records(2)))
        ground.submit("c", (0, records(3)))
        for _ in range(20):
            await asyncio.sleep(0)

        assert ground.done == []


async def test_a_fault_point_is_said_to_the_pipeline() -> None:
    async with a_scheduler() as ground:
        ground.scheduler.reach("before_commit")

        assert ground.pipeline.reached == ["before_commit"]


async def test_no_third_batch_is_scored_while_the_first_one_finishes() -> None:
    async with a_scheduler() as ground:
        ground.pipeline.gate.clear()
        for name in ("a", "b", "c", "d"):
            ground.submit(name, (0, records(*range(MOST))))
        for _ in range(50):
            await asyncio.sleep(0)

        assert len(ground.pipeline.scored) == 2
        ground.pipeline.gate.set()
        await ground.until(lambda: ground.done == ["a", "b", "c", "d"])


@pytest.mark.parametrize(
    ("sizes", "carried"),
    [
        ([2, 2, 2, 2, 2, 2, 2], [6, 6, 2]),
        ([1, 2, 3, 1], [6, 1]),
        ([4, 2, 1, 5], [6, 6]),
        ([4, 3, 2, 2], [4, 5, 2]),
        ([6, 1], [6, 1]),
        ([1, 6, 1], [1, 6, 1]),
        ([7, 1, 5], [7, 6]),
    ],
)
async def test_each_batch_that_is_joined_leaves_less_room_for_the_next(
    sizes: list[int], carried: list[int]
) -> None:
    async with a_scheduler() as ground:
        ground.pipeline.gate.clear()
        ground.submit("first", (0, records(*range(100, 107))))
        await ground.until(lambda: ground.pipeline.scored)
        ground.pipeline.scoring.clear()
        first = 0
        for number, size in enumerate(sizes):
            ground.submit(str(number), (0, records(*range(first, first + size))))
            first += size
        ground.pipeline.scoring.set()
        ground.pipeline.gate.set()
        await ground.until(lambda: len(ground.done) == len(sizes) + 1)

        assert [len(batch[0]) for batch in ground.pipeline.finished[1:]] == carried
        assert [offset for batch in ground.pipeline.finished[1:] for offset in batch[0]] == list(range(first))
        assert ground.done == ["first", *map(str, range(len(sizes)))]


@pytest.mark.parametrize("next_one", [0, MOST], ids=["nothing waits", "the next one is being scored"])
async def test_a_reset_waits_until_what_was_finishing_has_let_go(next_one: int) -> None:
    async with a_scheduler() as ground:
        ground.pipeline.gate.clear()
        ground.pipeline.scoring.clear()
        ground.submit("a", (0, records(1)))
        if next_one:
            ground.submit("b", (0, records(*range(2, 2 + next_one))))
        await ground.until(lambda: ground.pipeline.finishing)
        await ground.scheduler.reset()

        assert ground.pipeline.finishing == 0
        assert ground.done == []


async def test_an_error_at_the_end_of_one_batch_crashes_while_the_next_is_still_scored() -> None:
    async with a_scheduler() as ground:
        ground.pipeline.gate.clear()
        ground.submit("a", (0, records(1)))
        ground.submit("b", (0, records(*range(2, 2 + MOST))))
        ground.pipeline.scoring.clear()
        await ground.until(lambda: len(ground.pipeline.scored) == 2)
        ground.pipeline.error = RuntimeError("unexpected")
        ground.pipeline.gate.set()
        await ground.until(lambda: ground.crashes)

        assert ground.crashes == [ground.pipeline.error]
