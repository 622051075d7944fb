"""Notices in SQL as the notifier takes them: claimed for a while, then ended or put off.

A claim is a lease: its row comes back by itself when `next_at` passes, so a killed notifier keeps nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, Literal

from msgspec import Struct, json
from sqlalchemy import Row, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import Decision
from notifier import rates
from notifier.rates import DIGEST, ORDINARY, Rates
from services.cases.contact_points import Point, points_of, recipients
from services.cases.news import CHALLENGE, News
from services.cases.tables import deliveries, notices, recorded_decisions
from services.platform.database import Database, insert_new

#: Critical letters have a way out of their own, so that a storm of others never stands before them.
Priority = Literal["critical", "ordinary"]
PRIORITIES: tuple[Priority, ...] = ("critical", "ordinary")
#: So many are looked at for one handful: what is beyond its rate goes into digests without being sent.
_LOOK = 200
_decode = json.Decoder(Decision).decode
_decode_news = json.Decoder(News).decode


#: Which of these events (account, event id) have a challenge that was passed, as `services.mfa.repository.passed`.
Passed = Callable[[AsyncConnection, Collection[tuple[str, str]]], Awaitable[set[tuple[str, str]]]]


async def nothing_passed(
    _connection: AsyncConnection, _events: Collection[tuple[str, str]]
) -> set[tuple[str, str]]:
    """For a notifier beside no challenges."""
    return set()


class Told(Struct, frozen=True, kw_only=True):
    """What one notice is about: a decision, or `news`, which may be of a decision's end."""

    template: str
    recorded_at: float
    decision: Decision | None
    news: News | None

    @property
    def moments(self) -> tuple[float, float]:
        """When it happened, as the event says and as it was recorded: an event's clock may be wrong."""
        happened = self.decision.at if self.decision is not None else self.recorded_at
        return happened, self.recorded_at


class Notice(Struct, frozen=True, kw_only=True):
    """What letters are written from. A digest tells of several things."""

    notice_id: str
    account_id: str
    template: str
    told: Sequence[Told]


class Claim(Notice, frozen=True, kw_only=True):
    """One notice in hand, with all that its delivery needs.

    `points` are those that get a letter; `settled` names the channels and addresses that took theirs before, or refused it
    for good.
    """

    recorded_at: float
    attempts: int
    lease: str
    points: Sequence[Point]
    settled: dict[tuple[str, str], str]


class Taken(Struct, frozen=True):
    """What one look found: the notices in hand, and how many of each reason went into digests."""

    claims: list[Claim]
    digested: Counter[str]


async def claim(
    database: Database,
    *,
    priority: Priority,
    lease: str,
    now: float,
    lease_s: float,
    limit: int,
    allowed: Rates,
    grace_s: float,
    passed: Passed = nothing_passed,
) -> Taken:
    """Take up to `limit` notices that are due, oldest first; nobody else gets them for `lease_s` seconds.

    The notice of a challenge that was `passed` is dropped: whoever is there needs no letter.
    """
    ordinary = notices.c.template.in_(sorted(ORDINARY))
    due = (
        select(
            notices.c.notice_id,
            notices.c.event_id,
            notices.c.account_id,
            notices.c.template,
            notices.c.attempts,
        )
        .where(
            notices.c.state == "waiting",
            notices.c.next_at <= now,
            ordinary if priority == "ordinary" else ~ordinary,
        )
        .order_by(notices.c.next_at, notices.c.notice_id)
        .limit(_LOOK)
    )
    async with database.begin() as connection:
        await rates.alone(connection)
        looked = (await connection.execute(due.with_for_update(skip_locked=True))).all()
        found = await _needed(connection, looked, passed)
        if not found:
            return Taken([], Counter())
        ids, digested = await rates.admit(connection, found, limit, now, allowed)
        await connection.execute(
            update(notices)
            .where(notices.c.notice_id.in_(ids))
            .values(lease=lease, next_at=now + lease_s, attempts=notices.c.attempts + 1)
        )
        return Taken(await _claims(connection, ids, lease, grace_s), digested)


async def note_delivery(
    database: Database, notice: Claim, channel: str, address_key: str, outcome: str, now: float
) -> None:
    """Remember that the channel took the letter to that address, or refused it for good."""
    row = {
        "notice_id": notice.notice_id,
        "channel": channel,
        "address_key": address_key,
        "outcome": outcome,
        "delivered_at": now,
    }
    known = select(notices.c.notice_id).where(notices.c.notice_id == notice.notice_id)
    async with database.begin() as connection:
        # Its account may have been erased while the letter went out.
        if (await connection.execute(known.with_for_update(read=True, key_share=True))).first() is not None:
            await connection.execute(insert_new(deliveries).values(row))


async def end(database: Database, notice: Claim, state: str, now: float, error: str | None) -> bool:
    """End the notice as delivered, failed or undeliverable; False when it had ended or another holds it now."""
    return await _settle(database, notice, state=state, ended_at=now, last_error=error, lease=None)


async def put_off(database: Database, notice: Claim, until: float, error: str) -> bool:
    """Let it be claimed again from `until` on; False when another holds it now."""
    return await _settle(database, notice, next_at=until, last_error=error, lease=None)


class Waiting(Struct, frozen=True):
    """Notices that should have ended: how many, and since when (epoch seconds) the oldest waits; None when none does."""

    count: int
    since: float | None


async def waiting(database: Database, now: float) -> Waiting:
    """What is due or was tried. A digest that is not due yet waits because it should."""
    query = select(func.count(), func.min(notices.c.recorded_at)).where(
        notices.c.state == "waiting", or_(notices.c.next_at <= now, notices.c.attempts > 0)
    )
    async with database.read() as connection:
        return Waiting(*(await connection.execute(query)).one())


async def _needed(
    connection: AsyncConnection, found: Sequence[Row[*tuple[Any, ...]]], passed: Passed
) -> Sequence[Row[*tuple[Any, ...]]]:
    """The notices but for those of passed challenges that nobody has begun to send, which are gone then."""
    asked = {
        row.notice_id: (row.account_id, row.event_id)
        for row in found
        if row.template == CHALLENGE and not row.attempts
    }
    if not asked:
        return found
    answered = await passed(connection, set(asked.values()))
    gone = [notice_id for notice_id, event in asked.items() if event in answered]
    if gone:
        await connection.execute(delete(notices).where(notices.c.notice_id.in_(gone)))
    return [row for row in found if row.notice_id not in gone]


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


async def _claims(connection: AsyncConnection, ids: Sequence[str], lease: str, grace_s: float) -> list[Claim]:
    mine = (
        select(notices, recorded_decisions.c.body)
        .outerjoin(
            recorded_decisions,
            and_(
                recorded_decisions.c.account_id == notices.c.account_id,
                recorded_decisions.c.event_id == notices.c.event_id,
            ),
        )
        .where(or_(notices.c.notice_id.in_(ids), notices.c.digest_id.in_(ids)))
        .order_by(notices.c.recorded_at, notices.c.notice_id)
    )
    rows = (await connection.execute(mine)).all()
    told: dict[str, list[Told]] = {notice_id: [] for notice_id in ids}
    for row in rows:
        if row.template != DIGEST:
            told[row.digest_id or row.notice_id].append(_told(row))
    earliest = min(
        (moment for each in told.values() for item in each for moment in item.moments), default=0.0
    )
    accounts = {row.account_id for row in rows}
    points = await points_of(connection, accounts, earliest - grace_s)
    settled: dict[str, dict[tuple[str, str], str]] = {}
    for row in await connection.execute(select(deliveries).where(deliveries.c.notice_id.in_(ids))):
        settled.setdefault(row.notice_id, {})[row.channel, row.address_key] = row.outcome
    return [
        Claim(
            notice_id=row.notice_id,
            account_id=row.account_id,
            template=row.template,
            recorded_at=row.recorded_at,
            attempts=row.attempts,
            lease=lease,
            told=told[row.notice_id],
            points=_recipients(points.get(row.account_id, ()), told[row.notice_id], grace_s),
            settled=settled.get(row.notice_id, {}),
        )
        for row in rows
        if row.notice_id in told
    ]


def _recipients(points: Sequence[Point], told: Sequence[Told], grace_s: float) -> list[Point]:
    moments = {moment for each in told for moment in each.moments}
    return recipients(points, moments, grace_s, told[0].news if len(told) == 1 else None)


def _told(row: Row[Any]) -> Told:
    return Told(
        template=row.template,
        recorded_at=row.recorded_at,
        decision=None if row.body is None else _decode(row.body),
        news=None if row.news is None else _decode_news(row.news),
    )
