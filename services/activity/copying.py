"""How rows of activity come into PostgreSQL: by COPY, straight to their months, while the rest of a batch is still being read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from psycopg.errors import UniqueViolation
from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.rows import ERASURE, Row
from services.activity.tables import activity
from services.platform.database import Database

COLUMNS = ", ".join(Row._fields)
STRAIGHT = f"COPY activity ({COLUMNS}) FROM STDIN"
#: Of a row, what it is told apart by: the primary key, which stands first.
IDENTITY = len(activity.primary_key.columns)


class _NotSoError(Exception):
    """Rolls back a COPY whose rows must go another way."""


async def copy(connection: AsyncConnection, statement: str, rows: Sequence[Row]) -> None:
    """Send the rows with a COPY, inside the transaction of the connection."""
    async with _copying(connection, statement) as copying:
        for row in rows:
            await copying.write_row(row)


async def copy_while_reading(
    database: Database, parts: Iterator[Sequence[Row]], have_room: Callable[[Sequence[Row]], bool]
) -> int | None:
    """Copy the parts as they are read, in one transaction; how many rows there were, one that comes twice counted once.

    None, and nothing is kept, when a row is there already, an account is erased, or `have_room` says of a part that a
    partition is missing: then `parts` may not be read to its end. Raises Unavailable when the database is away.
    """
    seen: set[tuple[Any, ...]] = set()
    whole = True
    try:
        async with database.begin() as connection:
            async with _copying(connection, STRAIGHT) as copying:
                for part in parts:
                    if whole := have_room(part) and all(row.type != ERASURE for row in part):
                        for row in part:
                            if (identity := row[:IDENTITY]) not in seen:
                                seen.add(identity)
                                await copying.write_row(row)
                        await asyncio.sleep(0)
                    else:
                        break
            if not whole:
                raise _NotSoError
    except (UniqueViolation, _NotSoError):
        return None
    return len(seen)


@asynccontextmanager
async def _copying(connection: AsyncConnection, statement: str) -> AsyncIterator[Any]:
    raw: Any = (await connection.get_raw_connection()).driver_connection
    async with raw.cursor() as cursor, cursor.copy(statement) as copying:
        yield copying
