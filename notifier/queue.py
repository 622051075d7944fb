"""Messages in SQL as a channel takes them: claimed for a while, then settled or put off.

A claim is a lease: its row comes back by itself when `next_at` passes, so a killed notifier keeps nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Row, Select, and_, case, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from notifier.pace import Pace, bucket, spend
from notifier.plan import Way
from notifier.planner import Passed, Priority
from notifier.routing import Route
from notifier.told import Notice, notices_of
from services.cases.classes import MessageClass
from services.cases.contact_points import forget_point
from services.cases.message_ends import REACHED, end_notice, suppress
from services.cases.message_tables import OPEN, TAKEN, messages
from services.cases.news import CHALLENGE
from services.cases.tables import contact_points, notices
from services.platform.database import Database

#: Why a message was not sent: the challenge that it was about was passed.
PASSED = "challenge_passed"
_FAILED_LOCK = 7_296


class Message(Struct, frozen=True, kw_only=True):
    """One message in hand, with all that its sending needs."""

    message_id: str
    message_class: MessageClass
    notice: Notice
    route: Route
    attempts: int
    lease: str
    point_id: str | None = None

    @property
    def channel(self) -> str:
        """The channel that it goes by."""
        return self.route.channel


class Settled(Struct, frozen=True):
    """How a message ended, and its notice, if that ended with it."""

    state: str
    notice: str | None


def of_priority(priority: Priority) -> ColumnElement[bool]:
    """The messages of that way out."""
    critical = messages.c.message_class == "critical"
    return critical if priority == "critical" else ~critical


async def due(database: Database, now: float) -> set[tuple[str, Priority]]:
    """The channels and priorities that may have messages to send."""
    critical = messages.c.message_class == "critical"
    query = (
        select(messages.c.channel, critical.label("critical"))
        .where(messages.c.state.in_(OPEN), messages.c.next_at <= now)
        .distinct()
    )
    async with database.read() as connection:
        found = (await connection.execute(query)).all()
    return {(row.channel, "critical" if row.critical else "ordinary") for row in found}


async def claim(
    database: Database,
    *,
    channel: str,
    priority: Priority,
    lease: str,
    now: float,
    lease_s: float,
    limit: int,
    passed: Passed,
    pace: Pace | None = None,
) -> list[Message]:
    """Take up to `limit` messages of the channel that are due, oldest first, as fast as its `pace` allows; nobody else gets them
    for `lease_s` seconds.
    """
    async with database.begin() as connection:
        held = None if pace is None else await bucket(connection, channel, pace, now)
        if pace is not None and held is not None:
            limit = min(limit, pace.room(held.messages, priority))
        found = (await connection.execute(_to_claim(channel, priority, now, limit))).all() if limit else []
        if not found:
            return []
        over = await _over(connection, found, now, passed)
        ids = [row.message_id for row in found if row.message_id not in over]
        if not ids:
            return []
        await connection.execute(
            update(messages)
            .where(messages.c.message_id.in_(ids))
            .values(state="sending", lease=lease, next_at=now + lease_s, attempts=messages.c.attempts + 1)
        )
        if held is not None:
            await spend(connection, held, len(ids))
        return await _in_hand(connection, ids, lease)


def _to_claim(channel: str, priority: Priority, now: float, limit: int) -> Select[Any]:
    return (
        select(messages.c.message_id, messages.c.account_id, messages.c.template, messages.c.attempts)
        .add_columns(notices.c.event_id)
        .join(notices, notices.c.notice_id == messages.c.notice_id)
        .where(
            messages.c.channel == channel,
            messages.c.state.in_(OPEN),
            messages.c.next_at <= now,
            of_priority(priority),
            _may_go(now),
        )
        .order_by(messages.c.next_at, notices.c.recorded_at, messages.c.message_id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=messages)
    )


def _may_go(now: float) -> ColumnElement[bool]:
    """It waits for no other notice, or that was told on this channel, or it has waited for long enough."""
    other = messages.alias("other")
    first = notices.alias("first")
    untold = (
        select(first.c.notice_id)
        .where(first.c.notice_id == messages.c.after_notice, first.c.state == "waiting")
        .exists()
    )
    telling = (
        select(other.c.message_id)
        .where(
            other.c.notice_id == messages.c.after_notice,
            other.c.channel == messages.c.channel,
            other.c.state.in_(OPEN),
        )
        .exists()
    )
    return or_(messages.c.after_notice.is_(None), messages.c.held_until <= now, and_(~untold, ~telling))


async def _over(
    connection: AsyncConnection, found: Sequence[Row[Any]], now: float, passed: Passed
) -> Collection[str]:
    """Those of challenges that were passed meanwhile, which nobody has begun to send: they are suppressed then."""
    asked = {
        row.message_id: (row.account_id, row.event_id)
        for row in found
        if row.template == CHALLENGE and not row.attempts
    }
    if not asked:
        return ()
    answered = await passed(connection, set(asked.values()))
    over = [message_id for message_id, event in asked.items() if event in answered]
    if over:
        await suppress(connection, messages.c.message_id.in_(over), PASSED, now)
    return over


async def settle(
    database: Database,
    message: Message,
    now: float,
    *,
    state: str,
    why: str | None = None,
    words: str | None = None,
    provider_id: str | None = None,
    fallbacks: Sequence[Way] = (),
    forget: bool = False,
) -> Settled | None:
    """End the message, and its notice when it was the last one; None when another holds it now or it is gone.

    The `fallbacks` stand in for its channel: their messages go at once when it failed, and not at all when it has reached the
    owner, or when it was taken and nothing is urgent. `forget` its address: whatever had it is no more.
    """
    ended: dict[str, Any] = {
        "state": state,
        "why": why,
        "last_error": words,
        "provider_id": provider_id,
        "ended_at": now,
        "delivered_at": now if state == "delivered" else None,
        "lease": None,
    }
    notice_id = message.notice.notice_id
    async with database.begin() as connection:
        if state == "failed" and fallbacks and not database.is_sqlite:
            # Of two that fail at the same time each would take the other for one that may still get there.
            lock = text("SELECT pg_advisory_xact_lock(:kind, hashtext(:notice))")
            await connection.execute(lock, {"kind": _FAILED_LOCK, "notice": notice_id})
        # The message before the notice, as an erasure takes them.
        if (await connection.execute(update(messages).where(_held(message)).values(**ended))).rowcount == 0:
            return None
        if forget and message.point_id is not None:
            await forget_point(connection, message.point_id)
        for way in fallbacks:
            await _fall_back(connection, message, state, way, now)
        return Settled(state, await end_notice(connection, notice_id, now))


async def put_off(database: Database, message: Message, until: float, words: str) -> bool:
    """Let it be claimed again from `until` on; False when another holds it now."""
    waits: dict[str, Any] = {"state": "waiting", "next_at": until, "last_error": words, "lease": None}
    told = update(notices).where(
        notices.c.notice_id == message.notice.notice_id, notices.c.state == "planned"
    )
    async with database.begin() as connection:
        mine = (
            await connection.execute(update(messages).where(_held(message)).values(**waits))
        ).rowcount == 1
        if mine:
            await connection.execute(told.values(last_error=words))
        return mine


def _held(message: Message) -> ColumnElement[bool]:
    return and_(
        messages.c.message_id == message.message_id,
        messages.c.state == "sending",
        messages.c.lease == message.lease,
    )


async def _fall_back(connection: AsyncConnection, message: Message, state: str, way: Way, now: float) -> None:
    same = messages.c.notice_id == message.notice.notice_id
    waiting = and_(
        same,
        messages.c.channel == way.name,
        messages.c.fallback,
        messages.c.state == "waiting",
        messages.c.attempts == 0,
    )
    if state == "delivered" or (state == "handed_over" and message.message_class != "critical"):
        await suppress(connection, waiting, REACHED, now)
    elif state == "failed":
        # Another one that it stands in for may still get there, or has.
        others = select(messages.c.message_id).where(
            same, messages.c.channel.in_(way.stands_in_for), messages.c.state.in_((*OPEN, *TAKEN))
        )
        if (await connection.execute(others.limit(1))).first() is None:
            sooner = case((messages.c.next_at > now, now), else_=messages.c.next_at)
            await connection.execute(update(messages).where(waiting).values(next_at=sooner))


async def _in_hand(connection: AsyncConnection, ids: Sequence[str], lease: str) -> list[Message]:
    query = (
        select(messages, contact_points.c.address)
        .join(notices, notices.c.notice_id == messages.c.notice_id)
        .outerjoin(contact_points, contact_points.c.point_id == messages.c.point_id)
        .where(messages.c.message_id.in_(ids))
        .order_by(notices.c.recorded_at, messages.c.message_id)
    )
    rows = (await connection.execute(query)).all()
    found = await notices_of(connection, {row.notice_id for row in rows})
    return [
        Message(
            message_id=row.message_id,
            message_class=row.message_class,
            notice=found[row.notice_id],
            route=Route(row.channel, row.address or row.account_id, row.locale, row.time_zone),
            attempts=row.attempts,
            lease=lease,
            point_id=row.point_id,
        )
        for row in rows
    ]
