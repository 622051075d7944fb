"""How often staff had fields shown in clear, for the report and the page of today."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cases.tables import cases
from services.desk.report_window import Window
from services.desk.reveal_tables import reveals
from services.desk.reveals import people


class Shown(Struct, frozen=True):
    """Fields that were shown in a stretch of time, and how many people had more shown than three times their usual."""

    count: int = 0
    unusual: int = 0


async def reveals_by_kind(connection: AsyncConnection, window: Window) -> dict[str, int]:
    """How many fields were shown, by the kind of the case that they were shown for."""
    query = (
        select(cases.c.kind, func.count())
        .select_from(reveals.join(cases, cases.c.case_id == reveals.c.case_id))
        .where(window.of(reveals.c.at))
        .group_by(cases.c.kind)
    )
    return {kind: int(count) for kind, count in await connection.execute(query)}


async def reveals_by_person(connection: AsyncConnection, window: Window) -> dict[str, int]:
    """The same by the name of whoever had them shown."""
    query = select(reveals.c.actor, func.count()).where(window.of(reveals.c.at)).group_by(reveals.c.actor)
    return {actor.partition(":")[2] or actor: int(count) for actor, count in await connection.execute(query)}


async def shown_of(connection: AsyncConnection, window: Window) -> Shown:
    """All of the window together, and who stands out in the 24 h before now."""
    query = select(func.count()).select_from(reveals).where(window.of(reveals.c.at))
    found = await people(connection, window.now)
    return Shown(int(await connection.scalar(query) or 0), sum(each.count.unusual for each in found))
