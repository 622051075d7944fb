"""A task that ends by itself is said."""

from __future__ import annotations

import asyncio

import pytest

from services.bootstrap.processes import _until_told, _Work
from services.platform.background import EndedByItself, say_when_ended, until_told
from services.platform.metrics import TASKS_ENDED


def ended(task: str) -> float:
    return float(TASKS_ENDED.labels(task)._value.get())


async def nothing() -> None:
    return


async def broken() -> None:
    raise KeyError("an account")


async def for_ever() -> None:
    await asyncio.Event().wait()


async def test_work_that_returns_before_it_was_told_to_is_an_error() -> None:
    before = ended("t1")
    with pytest.raises(EndedByItself):
        await until_told("t1", nothing(), lambda: False)

    assert ended("t1") == before + 1


async def test_work_that_was_told_to_stop_may_return() -> None:
    before = ended("t2")
    await until_told("t2", nothing(), lambda: True)

    assert ended("t2") == before


async def test_an_error_is_counted_named_without_its_words_and_raised(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(KeyError):
        await until_told("t3", broken(), lambda: False)

    assert [record.getMessage() for record in caplog.records] == ["t3 ended: KeyError"]
    assert ended("t3") == 1


async def test_a_task_that_ends_with_an_error_is_counted_and_a_cancelled_one_is_not() -> None:
    bad, good = asyncio.create_task(broken()), asyncio.create_task(for_ever())
    for task in (bad, good):
        say_when_ended(task, "t4")
    await asyncio.sleep(0)
    good.cancel()
    await asyncio.gather(bad, good, return_exceptions=True)
    await asyncio.sleep(0)

    assert ended("t4") == 1


async def test_a_sweep_that_ends_ends_its_process() -> None:
    work = _Work("t5", for_ever(), lambda: None, {"t5-sweep": broken()})
    with pytest.raises(ExceptionGroup) as caught:
        await _until_told([work], lambda: False)

    assert caught.value.subgroup(KeyError) is not None
    assert ended("t5-sweep") == 1


async def test_sweeps_end_with_the_work_they_go_beside() -> None:
    told = asyncio.Event()

    async def until_stopped() -> None:
        await told.wait()

    running = asyncio.create_task(
        _until_told([_Work("t6", until_stopped(), told.set, {"t6-sweep": for_ever()})], told.is_set)
    )
    await asyncio.sleep(0)
    told.set()
    await asyncio.wait_for(running, 60)

    assert (ended("t6"), ended("t6-sweep")) == (0, 0)
