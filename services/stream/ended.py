"""Noticing that a background task of the Kafka client has ended: aiokafka then waits for ever, and says nothing.

Stock aiokafka tells such errors to whoever calls `getmany`. Faust reads below it, so nobody would hear of them.
"""

from __future__ import annotations

import asyncio
from typing import Any


def ended_task(consumer: Any) -> BaseException | None:
    """Why this aiokafka consumer can never work again; None while it can, and while it starts or stops.

    A heartbeat or a refresh task may end without an error when the group is joined anew; the others run as long as
    the consumer.
    """
    if consumer is None or consumer._closed or consumer._fetcher is None or consumer._coordinator is None:
        return None
    coordinator = consumer._coordinator
    lasting = (consumer._client._sync_task, coordinator._coordination_task, consumer._fetcher._fetch_task)
    for task in lasting:
        if task is not None and task.done():
            return RuntimeError(
                f"the Kafka client's {task.get_coro().__qualname__} has ended: {_error(task)!r}"
            )
    for task in (coordinator._heartbeat_task, coordinator._commit_refresh_task):
        if task is not None and task.done() and (error := _error(task)) is not None:
            return error
    pending: BaseException | None = coordinator._pending_exception
    return pending


def _error(task: asyncio.Task[Any]) -> BaseException | None:
    return None if task.cancelled() else task.exception()
