"""How messages end, and their notices with them: sent, not needed any more, or by what the other side says afterwards."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cases.message_tables import ACCOUNT, OPEN, TAKEN, messages
from services.cases.tables import contact_points, notices
from services.platform.metrics import MESSAGES, MESSAGES_SUPPRESSED

#: Why a message was not sent: another channel had reached the owner.
REACHED = "reached_before"
BOUNCED = "bounced"


async def end_notice(connection: AsyncConnection, notice_id: str, now: float) -> str | None:
    """End a planned notice none of whose messages to points is open any more: its state then, None while one is or it has ended.

    Delivered when one of them was taken.
    """
    query = select(notices.c.state).where(notices.c.notice_id == notice_id).with_for_update()
    if (await connection.execute(query)).scalar_one_or_none() != "planned":
        return None
    mine = select(messages.c.state, messages.c.why, messages.c.last_error).where(
        messages.c.notice_id == notice_id, messages.c.address_key != ACCOUNT
    )
    found = (await connection.execute(mine.order_by(messages.c.ended_at, messages.c.message_id))).all()
    states = {row.state for row in found}
    if not states.isdisjoint(OPEN):
        return None
    by_worth = [("delivered", set(TAKEN)), ("failed", {"failed"})]
    state = next((name for name, of in by_worth if not states.isdisjoint(of)), "suppressed")
    row = next((row for row in reversed(found) if row.state == "failed"), None)
    why = None if row is None else row.last_error or row.why
    ended = {"state": state, "ended_at": now, "last_error": why}
    await connection.execute(update(notices).where(notices.c.notice_id == notice_id).values(**ended))
    return state


async def suppress(connection: AsyncConnection, which: ColumnElement[bool], why: str, now: float) -> None:
    """End messages unsent, and the notices whose last ones they were. One that somebody takes meanwhile is left to them."""
    named = ("message_id", "notice_id", "channel", "message_class")
    query = select(*(messages.c[name] for name in named)).where(which).order_by(messages.c.message_id)
    found = (await connection.execute(query.with_for_update())).all()
    if not found:
        return
    ended = {"state": "suppressed", "why": why, "ended_at": now, "lease": None}
    ids = [row.message_id for row in found]
    await connection.execute(update(messages).where(messages.c.message_id.in_(ids)).values(**ended))
    for row in found:
        count_suppressed(row.channel, row.message_class, why)
    for notice_id in sorted({row.notice_id for row in found}):
        await end_notice(connection, notice_id, now)


def count_suppressed(channel: str, message_class: str, why: str) -> None:
    """Count a message that is not sent, and why."""
    MESSAGES.labels(channel, message_class, "suppressed").inc()
    MESSAGES_SUPPRESSED.labels(channel, why).inc()


async def bounced(connection: AsyncConnection, named: str, reason: str, now: float) -> bool:
    """The other side gave a message back: it has failed, and its address is no way to the owner until it is set again.

    `named` is its id, its Message-ID or the provider's id. False for no message of ours. A repeat changes nothing.
    """
    found = await _named(connection, named)
    if found is None:
        return False
    if found.state not in (*TAKEN, *OPEN):
        return True
    ended: dict[str, Any] = {
        "state": "failed",
        "why": BOUNCED,
        "last_error": reason,
        "ended_at": now,
        "lease": None,
    }
    await connection.execute(
        update(messages).where(messages.c.message_id == found.message_id).values(**ended)
    )
    if found.point_id is not None:
        bouncing = update(contact_points).where(
            contact_points.c.point_id == found.point_id, contact_points.c.bouncing_since.is_(None)
        )
        await connection.execute(bouncing.values(bouncing_since=now))
    if await end_notice(connection, found.notice_id, now) is None:
        await _lost(connection, found.notice_id, reason)
    return True


async def reached(connection: AsyncConnection, named: str, now: float) -> bool:
    """The owner has, or has read, a message: nothing need stand in for it. False for no message of ours.

    It may be said before whoever sends the message has noted that it was taken: it has ended then, and is not sent again.
    """
    found = await _named(connection, named)
    if found is None:
        return False
    sent = found.state == "handed_over" or (found.state in OPEN and found.attempts > 0)
    if sent:
        known = {
            "state": "delivered",
            "delivered_at": now,
            "ended_at": func.coalesce(messages.c.ended_at, now),
            "lease": None,
        }
        await connection.execute(
            update(messages).where(messages.c.message_id == found.message_id).values(**known)
        )
    if sent or found.state in TAKEN:
        waiting = and_(
            messages.c.notice_id == found.notice_id,
            messages.c.fallback,
            messages.c.state == "waiting",
            messages.c.attempts == 0,
        )
        await suppress(connection, waiting, REACHED, now)
        await end_notice(connection, found.notice_id, now)
    return True


async def _named(connection: AsyncConnection, named: str) -> Row[*tuple[Any, ...]] | None:
    """The message of that id: as it is, as a Message-ID bears it, or as the provider calls it."""
    mine = named.strip().removeprefix("<").partition("@")[0]
    wanted = ("message_id", "notice_id", "point_id", "state", "attempts")
    query = select(*(messages.c[name] for name in wanted)).where(
        or_(messages.c.message_id == mine, messages.c.provider_id == named.strip())
    )
    return (await connection.execute(query.limit(1).with_for_update())).first()


async def _lost(connection: AsyncConnection, notice_id: str, reason: str) -> None:
    """A notice that was delivered by what came back now was not."""
    left = select(messages.c.message_id).where(
        messages.c.notice_id == notice_id,
        messages.c.address_key != ACCOUNT,
        messages.c.state.in_((*OPEN, *TAKEN)),
    )
    if (await connection.execute(left.limit(1))).first() is None:
        failed = update(notices).where(notices.c.notice_id == notice_id, notices.c.state == "delivered")
        await connection.execute(failed.values(state="failed", last_error=reason))
