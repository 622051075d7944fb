"""Where the owner of an account is reached, with a history: whoever changes the address cannot silence the owner.

A letter goes to the point that is open, and to those that were open when it happened or had closed not long before. A
change is told to the points before it, and until that is done nothing goes to the new one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import derived_id
from services.cases.mail_addresses import masked, same_address
from services.cases.news import News, put_news
from services.cases.tables import contact_points, notices

#: Notices of a change: to the points before, and to the new one.
CHANGED, ADDED = "contact_changed", "contact_added"
#: A letter goes to no more closed points than this, those that were open longest: an address changed back and forth many
#: times must not become a flood for others, and the owner's own is not pushed out by a stranger's.
MOST_CLOSED = 4
#: The kind of contact point that is a mail address.
MAIL = "mail"
#: Points follow each other, whatever the clock does.
_LEAST_S = 0.001
_CHANGE_LOCK = 7_294


class Contact(Struct, frozen=True):
    """How to reach an account's owner."""

    address: str
    locale: str
    time_zone: str
    channel: str = MAIL


class Point(Struct, frozen=True, kw_only=True):
    """An address while it was the owner's: open from `since` to `until` (None: still), epoch seconds.

    `told_since` is when the notice of its coming was put down, while the points before have not got it yet.
    """

    point_id: str
    channel: str = MAIL
    address: str
    locale: str
    time_zone: str
    since: float
    until: float | None = None
    told_since: float | None = None


async def change_contact(
    connection: AsyncConnection, account_id: str, contact: Contact, now: float, point_id: str
) -> None:
    """Open a point of that id and close the one before, and have both told; the same address is no change."""
    if connection.dialect.name != "sqlite":
        # One change of an account at a time; SQLite has one writer anyway.
        lock = text("SELECT pg_advisory_xact_lock(:kind, hashtext(:account))")
        await connection.execute(lock, {"kind": _CHANGE_LOCK, "account": account_id})
    old = await _open_point(connection, account_id, contact.channel)
    if old is None:
        await _open(connection, account_id, contact, now, point_id, None)
        return
    if same_address(old.address, contact.address):
        await _refine(connection, old, contact)
        return
    at = max(now, old.since + _LEAST_S)
    await connection.execute(
        contact_points.update().where(contact_points.c.point_id == old.point_id).values(until=at)
    )
    told_by = derived_id(point_id, CHANGED)
    await _open(connection, account_id, contact, at, point_id, told_by)
    changed = News(at=at, address=masked(contact.address), replaced=masked(old.address), without=point_id)
    await put_news(connection, told_by, point_id, account_id, CHANGED, changed)
    added = News(at=at, only=point_id)
    await put_news(connection, derived_id(point_id, ADDED), point_id, account_id, ADDED, added)


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
        points = [
            point
            for point in points
            if point.channel != new.channel or (point.until is not None and point.until <= new.since)
        ]
    closed = [
        point
        for point in points
        if point.until is not None
        and any(point.since <= moment <= point.until + grace_s for moment in moments)
    ]
    closed.sort(key=lambda point: (point.since - (point.until or 0.0), point.point_id))
    kept: list[Point] = []
    for point in [point for point in points if point.until is None] + closed[:MOST_CLOSED]:
        same = next((each for each in kept if _same(each, point)), None)
        if same is None and not (new is not None and _same(point, new)):
            kept.append(point)
        elif same is not None and same.told_since is not None and point.told_since is None:
            # It was the owner's before: it need not wait until the change is told.
            kept[kept.index(same)] = point
    return kept


def _same(first: Point, second: Point) -> bool:
    return first.channel == second.channel and same_address(first.address, second.address)


async def points_of(
    connection: AsyncConnection, account_ids: Collection[str], closed_after: float
) -> dict[str, list[Point]]:
    """The open points of accounts, and those that closed at that time or later; by account, oldest first."""
    query = (
        select(contact_points, notices.c.state, notices.c.recorded_at)
        .outerjoin(notices, notices.c.notice_id == contact_points.c.told_by)
        .where(
            contact_points.c.account_id.in_(account_ids),
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
        channel=row.channel,
        address=row.address,
        locale=row.locale,
        time_zone=row.time_zone,
        since=row.since,
        until=row.until,
        told_since=row.recorded_at if row.state == "waiting" else None,
    )


async def _open_point(connection: AsyncConnection, account_id: str, channel: str) -> Row[Any] | None:
    query = select(contact_points).where(
        contact_points.c.account_id == account_id,
        contact_points.c.channel == channel,
        contact_points.c.until.is_(None),
    )
    return (await connection.execute(query)).one_or_none()


async def _refine(connection: AsyncConnection, point: Row[Any], contact: Contact) -> None:
    """The spelling stays as it was: a server that tells capitals apart must not lose the owner."""
    await connection.execute(
        contact_points.update()
        .where(contact_points.c.point_id == point.point_id)
        .values(locale=contact.locale, time_zone=contact.time_zone)
    )


async def _open(
    connection: AsyncConnection,
    account_id: str,
    contact: Contact,
    at: float,
    point_id: str,
    told_by: str | None,
) -> None:
    row = {
        "point_id": point_id,
        "account_id": account_id,
        "channel": contact.channel,
        "address": contact.address,
        "locale": contact.locale,
        "time_zone": contact.time_zone,
        "since": at,
        "told_by": told_by,
    }
    await connection.execute(contact_points.insert().values(**row))
