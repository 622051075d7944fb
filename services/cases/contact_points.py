"""Where the owner of an account is reached, with a history: whoever changes the address cannot silence the owner.

A letter goes to the point that is open, and to those that were open when it happened or had closed not long before. A
change is told to the points before it, and until that is done nothing goes to the new one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import effect_id
from contracts.errors import Unavailable
from services.addresses import masked, same_address
from services.cases.news import News, put_news
from services.cases.tables import contact_points, notices
from services.database import insert_new

#: Notices of a change: to the points before, and to the new one.
CHANGED, ADDED = "contact_changed", "contact_added"
#: A letter goes to no more closed points than this, those that were open longest: an address changed back and forth many
#: times must not become a flood for others, and the owner's own is not pushed out by a stranger's.
MOST_CLOSED = 4
_MAIL = "mail"
#: Points follow each other, whatever the clock does.
_LEAST_S = 0.001
_TRIES = 3


class Contact(Struct, frozen=True):
    """How to reach an account's owner."""

    email: str
    locale: str
    time_zone: str


class Point(Struct, frozen=True, kw_only=True):
    """An address while it was the owner's: open from `since` to `until` (None: still), epoch seconds.

    `told_since` is when the notice of its coming was put down, while the points before have not got it yet.
    """

    point_id: str
    address: str
    locale: str
    time_zone: str
    since: float
    until: float | None = None
    told_since: float | None = None


async def change_contact(
    connection: AsyncConnection, account_id: str, contact: Contact, now: float, point_id: str
) -> None:
    """Open a point of that id and close the one before, and have both told; the same address is no change.

    Raises Unavailable when other requests keep changing the same contact.
    """
    for _ in range(_TRIES):
        old = await _open_point(connection, account_id)
        if old is not None and same_address(old.address, contact.email):
            await _refine(connection, old, contact)
            return
        at = now if old is None else max(now, old.since + _LEAST_S)
        if old is not None:
            await connection.execute(
                contact_points.update().where(contact_points.c.point_id == old.point_id).values(until=at)
            )
        told_by = None if old is None else effect_id(point_id, CHANGED)
        if await _opened(connection, account_id, contact, at, point_id, told_by):
            if told_by is not None:
                await _tell(connection, account_id, contact, at, point_id, told_by)
            return
    raise Unavailable("another request changes the same contact", "database_conflict")


def recipients(
    points: Sequence[Point], moments: Collection[float], grace_s: float, news: News | None = None
) -> list[Point]:
    """The points that get a letter about what happened at any of the moments: the open one first, each address once.

    A closed point gets it when a moment lies in its time or up to `grace_s` seconds after it closed.
    """
    if news is not None and news.only is not None:
        return [point for point in points if point.point_id == news.only]
    new = next((point for point in points if news is not None and point.point_id == news.without), None)
    if new is not None:
        points = [point for point in points if point.until is not None and point.until <= new.since]
    closed = [
        point
        for point in points
        if point.until is not None
        and any(point.since <= moment <= point.until + grace_s for moment in moments)
    ]
    closed.sort(key=lambda point: (point.since - (point.until or 0.0), point.point_id))
    kept: list[Point] = []
    for point in [point for point in points if point.until is None] + closed[:MOST_CLOSED]:
        same = next((each for each in kept if same_address(each.address, point.address)), None)
        if same is None and not (new is not None and same_address(point.address, new.address)):
            kept.append(point)
        elif same is not None and same.told_since is not None and point.told_since is None:
            # It was the owner's before: it need not wait until the change is told.
            kept[kept.index(same)] = point
    return kept


async def points_of(
    connection: AsyncConnection, account_ids: Collection[str], closed_after: float
) -> dict[str, list[Point]]:
    """The open points of accounts, and those that closed at that time or later; by account, oldest first."""
    query = (
        select(contact_points, notices.c.state, notices.c.recorded_at)
        .outerjoin(notices, notices.c.notice_id == contact_points.c.told_by)
        .where(
            contact_points.c.account_id.in_(account_ids),
            contact_points.c.channel == _MAIL,
            or_(contact_points.c.until.is_(None), contact_points.c.until >= closed_after),
        )
        .order_by(contact_points.c.since, contact_points.c.point_id)
    )
    found: dict[str, list[Point]] = {}
    for row in await connection.execute(query):
        found.setdefault(row.account_id, []).append(_point(row))
    return found


def _point(row: Row[Any]) -> Point:
    return Point(
        point_id=row.point_id,
        address=row.address,
        locale=row.locale,
        time_zone=row.time_zone,
        since=row.since,
        until=row.until,
        told_since=row.recorded_at if row.state == "waiting" else None,
    )


async def _open_point(connection: AsyncConnection, account_id: str) -> Row[Any] | None:
    query = select(contact_points).where(
        contact_points.c.account_id == account_id,
        contact_points.c.channel == _MAIL,
        contact_points.c.until.is_(None),
    )
    return (await connection.execute(query.with_for_update())).one_or_none()


async def _refine(connection: AsyncConnection, point: Row[Any], contact: Contact) -> None:
    """The spelling stays as it was: a server that tells capitals apart must not lose the owner."""
    await connection.execute(
        contact_points.update()
        .where(contact_points.c.point_id == point.point_id)
        .values(locale=contact.locale, time_zone=contact.time_zone)
    )


async def _opened(
    connection: AsyncConnection,
    account_id: str,
    contact: Contact,
    at: float,
    point_id: str,
    told_by: str | None,
) -> bool:
    row = {
        "point_id": point_id,
        "account_id": account_id,
        "channel": _MAIL,
        "address": contact.email,
        "locale": contact.locale,
        "time_zone": contact.time_zone,
        "since": at,
        "told_by": told_by,
    }
    made = await connection.execute(
        insert_new(contact_points).values(**row).returning(contact_points.c.point_id)
    )
    return made.one_or_none() is not None


async def _tell(
    connection: AsyncConnection, account_id: str, contact: Contact, at: float, point_id: str, told_by: str
) -> None:
    changed = News(at=at, address=masked(contact.email), without=point_id)
    await put_news(connection, told_by, point_id, account_id, CHANGED, changed)
    added = News(at=at, only=point_id)
    await put_news(connection, effect_id(point_id, ADDED), point_id, account_id, ADDED, added)
