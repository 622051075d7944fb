"""What ends a Kafka client for good is named; what a rebalance ends is not."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from services.stream.ended import ended_task


async def lasting() -> None:
    await asyncio.Event().wait()


async def failing() -> None:
    raise RuntimeError("the handler is closed")


async def ending() -> None:
    return None


async def consumer(**tasks: asyncio.Task[None]) -> Any:
    """A consumer's outline as aiokafka 0.14.0 has it; tasks that are not given last."""
    names = ("_sync_task", "_coordination_task", "_fetch_task", "_heartbeat_task", "_commit_refresh_task")
    has = {name: tasks.get(name) or asyncio.create_task(lasting()) for name in names}
    await asyncio.wait(has.values(), timeout=0.01)
    coordinator = SimpleNamespace(_pending_exception=None, **has)
    return SimpleNamespace(_closed=False, _client=coordinator, _fetcher=coordinator, _coordinator=coordinator)


async def test_a_client_that_works_has_no_ended_task() -> None:
    assert ended_task(await consumer()) is None


async def test_a_client_that_was_not_started_has_no_ended_task() -> None:
    assert ended_task(None) is None
    assert ended_task(SimpleNamespace(_closed=False, _fetcher=None, _coordinator=None)) is None


async def test_a_metadata_task_that_failed_is_named() -> None:
    found = ended_task(await consumer(_sync_task=asyncio.create_task(failing())))
    assert "handler is closed" in str(found)


async def test_a_fetch_task_that_was_cancelled_is_named_while_the_consumer_is_open() -> None:
    task = asyncio.create_task(lasting())
    task.cancel()
    open_one = await consumer(_fetch_task=task)
    assert ended_task(open_one) is not None
    open_one._closed = True
    assert ended_task(open_one) is None


async def test_a_heartbeat_that_ends_for_a_rebalance_is_no_fault() -> None:
    assert ended_task(await consumer(_heartbeat_task=asyncio.create_task(ending()))) is None


async def test_a_heartbeat_that_failed_is_named() -> None:
    found = ended_task(await consumer(_heartbeat_task=asyncio.create_task(failing())))
    assert isinstance(found, RuntimeError)


async def test_an_error_that_waits_for_a_reader_is_named() -> None:
    stuck = await consumer()
    stuck._coordinator._pending_exception = ValueError("not authorized")
    assert ended_task(stuck) is stuck._coordinator._pending_exception
