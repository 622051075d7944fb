"""Notices in SQL as the notifier takes them: claimed for a while, then ended or put off.

A claim is a lease: its row comes back by itself when `next_at` passes, so a killed notifier keeps nothing.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct, json
from sqlalchemy import Row, func, select, update

from contracts.decisions import Decision
from notifier.routing import Contact
from services.cases.news import News
from services.cases.tables import contacts, deliveries, notices, recorded_decisions
from services.database import Database, insert_new

_decode = json.Decoder(Decision).decode
_decode_news = json.Decoder(News).decode


class Claim(Struct, frozen=True, kw_only=True):
    """One notice in hand, with all that its letters need; `delivered` names channels that took theirs before.

    It is about `news`, or else about a decision.
    """

    notice_id: str
    template: str
    recorded_at: float
    attempts: int
    lease: str
    decision: Decision | None
    news: News | None
    contact: Contact | None
    delivered: frozenset[str]


async def claim(database: Database, *, lease: str, now: float, lease_s: float, limit: int) -> list[Claim]:
    """Take up to `limit` notices that are due, oldest first; nobody else gets them for `lease_s` seconds."""
    due = (
        select(notices.c.notice_id)
        .where(notices.c.state == "waiting", notices.c.next_at <= now)
        .order_by(notices.c.next_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    async with database.begin() as connection:
        ids = list((await connection.execute(due)).scalars())
        if not ids:
            return []
        await connection.execute(
            update(notices)
            .where(notices.c.notice_id.in_(ids))
            .values(lease=lease, next_at=now + lease_s, attempts=notices.c.attempts + 1)
        )
        mine = (
            select(
                notices, recorded_decisions.c.body, contacts.c.email, contacts.c.locale, contacts.c.time_zone
            )
            .outerjoin(recorded_decisions, recorded_decisions.c.event_id == notices.c.event_id)
            .outerjoin(contacts, contacts.c.account_id == notices.c.account_id)
            .where(notices.c.notice_id.in_(ids))
            .order_by(notices.c.recorded_at, notices.c.notice_id)
        )
        rows = (await connection.execute(mine)).all()
        taken = await connection.execute(
            select(deliveries.c.notice_id, deliveries.c.channel).where(deliveries.c.notice_id.in_(ids))
        )
        done = {(row.notice_id, row.channel) for row in taken}
    return [_claimed(row, lease, done) for row in rows]


async def note_delivery(database: Database, notice: Claim, channel: str, now: float) -> None:
    """Remember that the channel took its letter."""
    row = {"notice_id": notice.notice_id, "channel": channel, "delivered_at": now}
    async with database.begin() as connection:
        await connection.execute(insert_new(deliveries).values(row))


async def end(database: Database, notice: Claim, state: str, now: float, error: str | None) -> bool:
    """End the notice as delivered, failed or undeliverable; False when it had ended or another holds it now."""
    return await _settle(database, notice, state=state, ended_at=now, last_error=error, lease=None)


async def put_off(database: Database, notice: Claim, until: float, error: str) -> bool:
    """Let it be claimed again from `until` on; False when another holds it now."""
    return await _settle(database, notice, next_at=until, last_error=error, lease=None)


class Waiting(Struct, frozen=True):
    """Notices that have not ended: how many, and since when (epoch seconds) the oldest waits; None when none does."""

    count: int
    since: float | None


async def waiting(database: Database) -> Waiting:
    """What has not ended."""
    query = select(func.count(), func.min(notices.c.recorded_at)).where(notices.c.state == "waiting")
    async with database.read() as connection:
        return Waiting(*(await connection.execute(query)).one())


async def _settle(database: Database, notice: Claim, **values: str | float | None) -> bool:
    statement = (
        update(notices)
        .where(
            notices.c.notice_id == notice.notice_id,
            notices.c.state == "waiting",
            notices.c.lease == notice.lease,
        )
        .values(**values)
    )
    async with database.begin() as connection:
        return (await connection.execute(statement)).rowcount == 1


def _claimed(row: Row[Any], lease: str, done: set[tuple[str, str]]) -> Claim:
    return Claim(
        notice_id=row.notice_id,
        template=row.template,
        recorded_at=row.recorded_at,
        attempts=row.attempts,
        lease=lease,
        decision=None if row.body is None else _decode(row.body),
        news=None if row.news is None else _decode_news(row.news),
        contact=None if row.email is None else Contact(row.email, row.locale, row.time_zone),
        delivered=frozenset(channel for notice_id, channel in done if notice_id == row.notice_id),
    )
