"""Notices that are put together into one: an account has one open summary at most, and others join it until it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import derived_id
from services.cases.classes import DIGEST
from services.cases.tables import notices
from services.platform.database import insert_new


async def open_digests(
    connection: AsyncConnection, first: Sequence[Mapping[str, Any]], now: float, due_at: float
) -> dict[str, str]:
    """The open summaries of the accounts of these notices, by account; where there was none it is due at `due_at`."""
    made = [
        {
            "notice_id": derived_id(row["notice_id"], DIGEST),
            "event_id": row["event_id"],
            "account_id": row["account_id"],
            "template": DIGEST,
            "recorded_at": now,
            "state": "waiting",
            "next_at": due_at,
        }
        for row in {row["account_id"]: row for row in reversed(first)}.values()
    ]
    # The one that is open already stays; the index allows no second.
    await connection.execute(insert_new(notices), made)
    query = (
        select(notices.c.account_id, notices.c.notice_id)
        .where(
            notices.c.account_id.in_({row["account_id"] for row in first}),
            notices.c.template == DIGEST,
            notices.c.state == "waiting",
        )
        .order_by(notices.c.recorded_at)
    )
    return {row.account_id: row.notice_id for row in await connection.execute(query)}


async def put_into_digests(
    connection: AsyncConnection, rows: Sequence[Mapping[str, Any]], now: float, due_at: float
) -> None:
    """End these waiting notices: each stands in its account's summary."""
    if not rows:
        return
    digests = await open_digests(connection, rows, now, due_at)
    statement = (
        update(notices)
        .where(notices.c.notice_id == bindparam("which"))
        .values(state="digested", digest_id=bindparam("into"), ended_at=now)
    )
    await connection.execute(
        statement, [{"which": row["notice_id"], "into": digests[row["account_id"]]} for row in rows]
    )
