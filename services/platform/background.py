"""Tasks that run as long as their process: one that ends by itself is never silent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from services.platform.metrics import TASKS_ENDED

log = logging.getLogger(__name__)


class EndedByItself(Exception):
    """Work that should run until it is told to stop has returned."""


async def until_told(name: str, work: Coroutine[Any, Any, None], told: Callable[[], bool]) -> None:
    """Run the work; raises EndedByItself when it returns before it was told to stop."""
    try:
        await work
    except asyncio.CancelledError:
        raise
    except BaseException as error:
        TASKS_ENDED.labels(name).inc()
        log.critical("%s ended: %s", name, type(error).__name__)
        raise
    if not told():
        TASKS_ENDED.labels(name).inc()
        log.critical("%s ended by itself", name)
        raise EndedByItself(name)


def say_when_ended(task: asyncio.Task[Any], name: str) -> None:
    """Log and count the task's error when it ends with one; a task that is cancelled ended as it should."""
    task.add_done_callback(lambda ended: _ended(ended, name))


def _ended(task: asyncio.Task[Any], name: str) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        TASKS_ENDED.labels(name).inc()
        log.error("%s ended: %s", name, type(error).__name__, exc_info=error)
