"""What one person did in a day: how many cases they closed, how long each took them, and how many of these came back."""

from __future__ import annotations

from statistics import median

from msgspec import Struct
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cases.tables import case_entries

#: Nobody closes more in a day; beyond that the newest count.
_MOST = 500
_TAKEN, _CLOSED, _REOPENED = "assigned", "resolved", "reopened"


class Day(Struct, frozen=True, kw_only=True):
    """`median_s` is from taking a case to closing it; None where none was closed."""

    closed: int
    median_s: float | None
    reopened: int


async def day_of(connection: AsyncConnection, actor: str, since_s: float) -> Day:
    """What this person did from epoch seconds `since_s` on."""
    query = (
        select(case_entries.c.case_id, func.max(case_entries.c.at).label("at"))
        .where(case_entries.c.actor == actor, case_entries.c.at >= since_s, case_entries.c.kind == _CLOSED)
        .group_by(case_entries.c.case_id)
        .order_by(func.max(case_entries.c.at).desc())
        .limit(_MOST)
    )
    closed = {row.case_id: row.at for row in await connection.execute(query)}
    if not closed:
        return Day(closed=0, median_s=None, reopened=0)
    around = select(case_entries.c.case_id, case_entries.c.kind, case_entries.c.at).where(
        case_entries.c.case_id.in_(sorted(closed)), case_entries.c.kind.in_((_TAKEN, _REOPENED))
    )
    taken: dict[str, float] = {}
    reopened: set[str] = set()
    for row in await connection.execute(around):
        if row.kind == _REOPENED and row.at >= closed[row.case_id]:
            reopened.add(row.case_id)
        elif row.kind == _TAKEN and row.at <= closed[row.case_id]:
            taken[row.case_id] = max(taken.get(row.case_id, row.at), row.at)
    took = [closed[case_id] - at for case_id, at in taken.items()]
    return Day(closed=len(closed), median_s=median(took) if took else None, reopened=len(reopened))
