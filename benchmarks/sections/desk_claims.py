"""Two agents who press `n` at once: whether they ever get the same case, and how fast they get theirs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import text

from services.cases.queue_service import QueueService
from services.platform.database import Database

_BACK = (
    "DELETE FROM case_entries WHERE case_id = ANY(:taken) AND kind = 'assigned'",
    "UPDATE cases SET state = 'open', assignee = NULL, version = 1, changed_at = opened_at WHERE case_id = ANY(:taken)",
)


class Claims(Struct, frozen=True, kw_only=True):
    """What two agents got who pressed `n`: the cases, how many of them twice, in what time; and how long presses took.

    `slow_ms` is the time that one press in twenty exceeded, among the first and among the last tenth of them.
    """

    taken: Sequence[str]
    twice: int
    seconds: float
    slow_ms: tuple[float, float]


async def claimed(database: Database, most: int) -> Claims:
    """Two agents press `n` until so many cases are taken, or none waits."""
    began = time.monotonic()
    taken: list[str] = []
    took_ms: list[float] = []

    async def press(name: str) -> None:
        desk = QueueService(database, time.time)
        while len(taken) < most:
            pressed = time.monotonic()
            case = await desk.next(name, f"staff:{name}", senior=False)
            if case is None:
                return
            taken.append(case.case_id)
            took_ms.append((time.monotonic() - pressed) * 1000.0)

    await asyncio.gather(press("agent-1"), press("agent-2"))
    return Claims(
        taken=taken,
        twice=len(taken) - len(set(taken)),
        seconds=time.monotonic() - began,
        slow_ms=(_slow(took_ms[: max(1, len(taken) // 10)]), _slow(took_ms[-max(1, len(taken) // 10) :])),
    )


async def give_back(database: Database, taken: Sequence[str]) -> None:
    """Let the cases wait again as if nobody had pressed."""
    async with database.begin() as connection:
        for statement in _BACK:
            await connection.execute(text(statement), {"taken": list(taken)})


def _slow(took_ms: Sequence[float]) -> float:
    return sorted(took_ms)[int(len(took_ms) * 0.95)] if took_ms else 0.0
