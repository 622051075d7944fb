"""Who looks at a case: each page of it gives a sign of life now and then."""

from __future__ import annotations

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cases.queue_tables import presence
from services.platform.database import insert_new

#: Whoever gave no sign for so long looks no more.
LOOKS_S = 45.0
#: So many names are told of, and kept of one person.
_MOST = 8


async def looks(connection: AsyncConnection, case_id: str, name: str, now: float) -> None:
    """Note that `name` looks at the case, inside the caller's transaction. Of one person the newest few are kept."""
    this = presence.c.case_id == case_id, presence.c.name == name
    seen = await connection.execute(update(presence).where(*this).values(seen_at=now))
    if seen.rowcount:
        return
    await connection.execute(
        delete(presence).where(presence.c.name == name, presence.c.seen_at < now - LOOKS_S)
    )
    await connection.execute(insert_new(presence).values(case_id=case_id, name=name, seen_at=now))


async def looking(connection: AsyncConnection, case_id: str, name: str, now: float) -> list[str]:
    """Who else than `name` looks at the case, by name."""
    query = (
        select(presence.c.name)
        .where(presence.c.case_id == case_id, presence.c.name != name, presence.c.seen_at > now - LOOKS_S)
        .order_by(presence.c.name)
        .limit(_MOST)
    )
    return list((await connection.execute(query)).scalars())
