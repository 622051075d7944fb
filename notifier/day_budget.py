"""Keeps an account's messages of a day within a number: what is beyond it stands in one summary on the morning after."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cases.budget import beyond, day_began, next_morning
from services.cases.classes import DIGEST, ORDINARY, WEEKLY
from services.cases.contact_points import points_of
from services.cases.digests import put_into_digests
from services.cases.message_tables import messages
from services.cases.preferences import Preferences, preferences_by_account
from services.cases.quiet_hours import zone_of

#: What sums up counts as no message of a day, and is put into no other.
_COUNTED = ORDINARY - {DIGEST, WEEKLY}


async def within_budget(
    connection: AsyncConnection, due: Sequence[Row[Any]], now: float, most: int
) -> Sequence[Row[Any]]:
    """The notices that are due but for those beyond `most` a day of their accounts, which are no storm.

    Critical notices are not counted, and always among them.
    """
    counted = [row for row in due if row.template in _COUNTED]
    accounts = sorted({row.account_id for row in counted})
    if not accounts:
        return due
    chosen = await preferences_by_account(connection, accounts)
    points = await points_of(connection, accounts, now)
    over: list[str] = []
    for account_id in accounts:
        mine = [row.notice_id for row in counted if row.account_id == account_id]
        zone = zone_of(_zone_name(chosen[account_id], points.get(account_id, ())))
        sent = await _sent_since(connection, account_id, day_began(zone, now))
        later = beyond(mine, sent, most)
        rows = [row._asdict() for row in counted if row.notice_id in later]
        await put_into_digests(connection, rows, now, next_morning(zone, now))
        over += later
    return [row for row in due if row.notice_id not in over]


async def _sent_since(connection: AsyncConnection, account_id: str, since: float) -> int:
    query = select(func.count(messages.c.notice_id.distinct())).where(
        messages.c.account_id == account_id,
        messages.c.template.in_(sorted(_COUNTED)),
        messages.c.planned_at >= since,
        messages.c.state != "suppressed",
    )
    return int((await connection.execute(query)).scalar_one())


def _zone_name(chosen: Preferences, points: Collection[Any]) -> str | None:
    first = next(iter(points), None)
    return chosen.time_zone or (None if first is None else first.time_zone)
