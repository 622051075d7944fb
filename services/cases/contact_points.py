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
from services.cases.contact_kinds import SEVERAL, TOLD
from services.cases.mail_addresses import masked, same_point
from services.cases.news import News, put_news
from services.cases.tables import contact_points, notices

#: Notices of a change of mail address: to the points before, and to the new one; and to the others, of another kind's.
CHANGED, ADDED, WAY_CHANGED = "contact_changed", "contact_added", "contact_way_changed"
#: A letter goes to no more closed points than this, those that were open longest: an address changed back and forth many
#: times must not become a flood for others, and the owner's own is not pushed out by a stranger's.
MOST_CLOSED = 4
#: The kind of contact point that is a mail address.
MAIL = "mail"
#: Of kinds of which an owner has several, so many at once.
MOST_SEVERAL = 8
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

    `told_since` is when the notice `told_by` of its coming was put down, while the points before have not got it yet.
    """

    point_id: str
    channel: str = MAIL
    address: str
    locale: str
    time_zone: str
    since: float
    until: float | None = None
    told_since: float | None = None
    told_by: str | None = None


async def change_contact(
    connection: AsyncConnection, account_id: str, contact: Contact, now: float, point_id: str
) -> None:
    """Open a point of that id and close the one before, and have both told; the same address is no change.

    Of kinds of which an owner has several, the one before is left open.
    """
    if connection.dialect.name != "sqlite":
        # One change of an account at a time; SQLite has one writer anyway.
        lock = text("SELECT pg_advisory_xact_lock(:kind, hashtext(:account))")
        await connection.execute(lock, {"kind": _CHANGE_LOCK, "account": account_id})
    before = await _open_points(connection, account_id, contact.channel)
    for each in before:
        if same_point(contact.channel, each.address, contact.address):
            await _refine(connection, each, contact)
            return
    if contact.channel in SEVERAL:
        # What an owner used longest ago makes room.
        for each in before[: max(0, len(before) - MOST_SEVERAL + 1)]:
            await forget_point(connection, each.point_id)
        await _open(connection, account_id, contact, now, point_id, None)
        return
    old = before[0] if before else None
    at = now if old is None else max(now, old.since + _LEAST_S)
    others = old is not None or (contact.channel != MAIL and await _has_points(connection, account_id))
    told_by = derived_id(point_id, CHANGED) if others and contact.channel in TOLD else None
    if old is not None:
        await _close(connection, old.point_id, at)
    await _open(connection, account_id, contact, at, point_id, told_by)
    if told_by is None:
        return
    changed = News(
        at=at,
        address=masked(contact.address),
        replaced=None if old is None else masked(old.address),
        without=point_id,
        way=None if contact.channel == MAIL else contact.channel,
    )
    template = CHANGED if contact.channel == MAIL else WAY_CHANGED
    await put_news(connection, told_by, point_id, account_id, template, changed)
    if contact.channel == MAIL:
        added = News(at=at, only=point_id)
        await put_news(connection, derived_id(point_id, ADDED), point_id, account_id, ADDED, added)


async def end_contact(connection: AsyncConnection, account_id: str, channel: str, now: float) -> bool:
    """Close the open point of that kind, and have it and the others told; False when there is none.

    Of kinds of which an owner has several, all are forgotten.
    """
    before = await _open_points(connection, account_id, channel)
    if channel in SEVERAL:
        for each in before:
            await forget_point(connection, each.point_id)
        return bool(before)
    if not before:
        return False
    old = before[0]
    at = max(now, old.since + _LEAST_S)
    await _close(connection, old.point_id, at)
    if channel in TOLD:
        told_by = derived_id(old.point_id, "ended")
        news = News(at=at, replaced=masked(old.address), way=channel)
        await put_news(connection, told_by, old.point_id, account_id, WAY_CHANGED, news)
    return True


async def _has_points(connection: AsyncConnection, account_id: str) -> bool:
    query = select(contact_points.c.point_id).where(
        contact_points.c.account_id == account_id, contact_points.c.until.is_(None)
    )
    return (await connection.execute(query.limit(1))).first() is not None


async def forget_point(connection: AsyncConnection, point_id: str) -> None:
    """Leave nothing of a point: what is there no more gets no letter, not even about what happened before."""
    await connection.execute(contact_points.delete().where(contact_points.c.point_id == point_id))


async def _close(connection: AsyncConnection, point_id: str, at: float) -> None:
    await connection.execute(
        contact_points.update().where(contact_points.c.point_id == point_id).values(until=at)
    )


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
    return first.channel == second.channel and same_point(first.channel, first.address, second.address)


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
        told_since=row.recorded_at if row.state in ("waiting", "planned") else None,
        told_by=row.told_by,
    )


async def _open_points(connection: AsyncConnection, account_id: str, channel: str) -> Sequence[Row[Any]]:
    query = select(contact_points).where(
        contact_points.c.account_id == account_id,
        contact_points.c.channel == channel,
        contact_points.c.until.is_(None),
    )
    oldest_first = query.order_by(contact_points.c.since, contact_points.c.point_id)
    return (await connection.execute(oldest_first)).all()


async def _refine(connection: AsyncConnection, point: Row[Any], contact: Contact) -> None:
    """The spelling stays as it was: a server that tells capitals apart must not lose the owner."""
    await connection.execute(
        contact_points.update()
        .where(contact_points.c.point_id == point.point_id)
        .values(locale=contact.locale, time_zone=contact.time_zone, bouncing_since=None)
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
