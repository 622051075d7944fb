"""Which case is meant: by its id, or by the number that people call it by."""

from __future__ import annotations

from sqlalchemy import or_, select

from services.cases.references import case_ids
from services.cases.tables import cases
from services.platform.database import Database

_MOST = 10


async def cases_named(database: Database, said: str) -> list[str]:
    """The ids of cases with this id or number, however the number was typed. Raises Unavailable."""
    this, which = cases.c.case_id, [cases.c.case_id == said]
    between = case_ids(said)
    if between is not None:
        which.append(this.between(*between))
    query = select(this).where(or_(*which)).order_by(this).limit(_MOST)
    async with database.read() as connection:
        found = list((await connection.execute(query)).scalars())
    return [said] if said in found else found
