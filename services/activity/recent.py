"""What happened of late, newest first: old months are opened only when the newest do not fill a page.

On PostgreSQL each month is a table of its own, and planning a query over all of them takes longer than to run it. An event's own
day is never before the day of its time as PayGuard believes it (a time that lies ahead is believed to be the record's), so a
bound on the time is a bound on the months too. Nothing bounds them from above: what claimed to come from ahead lies there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime

from sqlalchemy import ColumnElement, FromClause, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.rows import Row
from services.activity.tables import activity

#: As far back as one looks first: with the rest of that month, one or two months and what lies ahead.
_FIRST_S = 31 * 86_400.0
_MONEY = "transaction"
#: A time and the id of an event: a place in the list.
Place = tuple[float, str]


def since(at: float, of: FromClause = activity) -> ColumnElement[bool]:
    """What happened at epoch seconds `at` or after; `of` is activity, or a name that a query gives it."""
    return and_(of.c.at >= at, of.c.day >= _day(at))


def of_types(types: Collection[str]) -> ColumnElement[bool]:
    """What is of these types; where they are of one section, the other's months are left alone."""
    kind = activity.c.type.in_(sorted(types))
    if set(types) == {_MONEY}:
        return and_(activity.c.section == "money", kind)
    return kind if _MONEY in types else and_(activity.c.section == "access", kind)


async def newest(
    connection: AsyncConnection,
    which: ColumnElement[bool],
    limit: int,
    *,
    now: float,
    since_s: float | None = None,
    before: Place | None = None,
) -> list[Row]:
    """At most `limit` of these rows by time and event id, newest first: those `before` a place, of `since_s` or after.

    `now` is where most of the newest are (epoch seconds); whatever it is, none is left out.
    """
    found: list[Row] = []
    for began, ended in _stretches(now if before is None else min(now, before[0]), since_s):
        query = select(activity).where(which)
        if began is not None:
            query = query.where(since(began))
        if ended is not None:
            query = query.where(activity.c.at < ended)
        if before is not None:
            at, event_id = before
            earlier = or_(activity.c.at < at, activity.c.event_id < event_id)
            query = query.where(activity.c.at <= at, earlier)
        query = query.order_by(activity.c.at.desc(), activity.c.event_id.desc()).limit(limit - len(found))
        found += map(Row._make, await connection.execute(query))
        if len(found) == limit:
            break
    return found


def _stretches(newest_at: float, since_s: float | None) -> Iterator[tuple[float | None, float | None]]:
    """Stretches of time, the newest first, each from and until epoch seconds; None where it has no such bound."""
    day = _day(newest_at - _FIRST_S)
    first = datetime(day.year, day.month, 1, tzinfo=UTC).timestamp()
    if since_s is not None and since_s >= first:
        yield since_s, None
        return
    yield first, None
    yield since_s, first


def _day(at: float) -> date:
    """The UTC day of epoch seconds; no event is of a time before 1970."""
    return datetime.fromtimestamp(max(at, 0.0), UTC).date()
