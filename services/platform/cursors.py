"""Opaque places in a list ordered by time and id, so that a page follows another however rows arrive."""

from __future__ import annotations

import base64
import binascii
import math
from typing import Any

from sqlalchemy import ColumnElement, Select, tuple_

from contracts.errors import Malformed
from services.platform.database import Database


def write(at: float, identity: str) -> str:
    """The cursor after the row of that time and id."""
    return base64.urlsafe_b64encode(f"{at!r} {identity}".encode()).decode()


def read(cursor: str) -> tuple[float, str]:
    """The time and id a cursor stands for; raises Malformed for anything we did not write."""
    try:
        at, identity = base64.b64decode(cursor, altchars=b"-_", validate=True).decode().split(" ", 1)
        when = float(at)
    except (binascii.Error, ValueError):
        raise Malformed("cursor", "the cursor is not one of ours") from None
    if not math.isfinite(when):
        raise Malformed("cursor", "the cursor is not one of ours")
    return when, identity


async def page(
    database: Database,
    query: Select[Any],
    at: ColumnElement[float],
    identity: ColumnElement[str],
    cursor: str | None,
    limit: int,
) -> tuple[list[dict[str, Any]], str | None]:
    """At most `limit` rows of the query behind the cursor, newest first, and the cursor of the next ones (None: the last).

    Raises Malformed for a cursor that is not ours, Unavailable when the database is away.
    """
    if cursor is not None:
        query = query.where(tuple_(at, identity) < tuple_(*read(cursor)))
    query = query.order_by(at.desc(), identity.desc()).limit(limit + 1)
    async with database.read() as connection:
        rows = [dict(row) for row in (await connection.execute(query)).mappings()]
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    return rows[:limit], write(last[at.key or ""], last[identity.key or ""])
