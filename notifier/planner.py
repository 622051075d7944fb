"""Notices in SQL as the notifier takes them: those that are due are planned into messages, once, in one transaction.

Nothing is sent here: a notifier that is killed leaves its notices planned, or as they were.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import Row, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from notifier import rates
from notifier.day_budget import within_budget
from notifier.plan import Planned, Waits, Way, plan
from notifier.rates import Rates
from notifier.told import Notice, notices_of
from notifier.wishes import OwnerWishes
from services.cases.classes import DIGEST, ORDINARY
from services.cases.contact_points import Point, points_of, recipients
from services.cases.incident_rows import hand_over
from services.cases.message_ends import count_suppressed, end_notice
from services.cases.message_tables import ACCOUNT, OPEN, messages
from services.cases.news import CHALLENGE
from services.cases.preferences import Preferences, preferences_by_account
from services.cases.tables import notices
from services.platform.database import Database, insert_new

#: Critical letters have a way out of their own, so that a storm of others never stands before them.
Priority = Literal["critical", "ordinary"]
PRIORITIES: tuple[Priority, ...] = ("critical", "ordinary")
#: So many are looked at for one handful: what is beyond its rate goes into digests without being sent.
_LOOK = 200
NO_CONTACT, PASSED = "no_contact", "challenge_passed"


#: Which of these events (account, event id) have a challenge that was passed, as `services.mfa.repository.passed`.
Passed = Callable[[AsyncConnection, Collection[tuple[str, str]]], Awaitable[set[tuple[str, str]]]]


async def nothing_passed(
    _connection: AsyncConnection, _events: Collection[tuple[str, str]]
) -> set[tuple[str, str]]:
    """For a notifier beside no challenges."""
    return set()


class Taken(Struct, frozen=True):
    """What one look found: how many messages were planned, how many notices of each reason went into digests, and how many had
    nowhere to go.
    """

    planned: int
    digested: Counter[str]
    undeliverable: int

    @property
    def dealt_with(self) -> int:
        """How many notices and messages went on by it."""
        return self.planned + self.digested.total() + self.undeliverable


class Planner(Struct, frozen=True, kw_only=True):
    """Plans notices for these channels; `grace_s` as in `services.cases.contact_points.recipients`.

    The notice of a challenge that was `passed` is not sent: whoever is there needs no letter. Of messages that are not critical
    an account gets `messages_a_day` at most, None: any number.
    """

    ways: Sequence[Way]
    allowed: Rates
    grace_s: float
    waits: Waits = Waits()
    passed: Passed = nothing_passed
    messages_a_day: int | None = None

    async def plan_due(self, database: Database, priority: Priority, now: float, limit: int) -> Taken:
        """Plan up to `limit` notices that are due, oldest first. Raises Unavailable when the database is away."""
        ordinary = notices.c.template.in_(sorted(ORDINARY))
        due = (
            select(notices.c.notice_id, notices.c.event_id, notices.c.account_id, notices.c.template)
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
            found: Sequence[Row[Any]] = await self._needed(connection, looked, now)
            if not found:
                return Taken(0, Counter(), 0)
            if self.messages_a_day is not None:
                found = await within_budget(connection, found, now, self.messages_a_day)
            ids, digested = await rates.admit(connection, found, limit, now, self.allowed)
            planned, lost = await self._write(connection, ids, now)
            return Taken(planned, digested, lost)

    async def _needed(
        self, connection: AsyncConnection, found: Sequence[Row[*tuple[Any, ...]]], now: float
    ) -> Sequence[Row[*tuple[Any, ...]]]:
        """The notices but for those of passed challenges; what joined the incident of such a one is told in its place."""
        asked = {row.notice_id: (row.account_id, row.event_id) for row in found if row.template == CHALLENGE}
        if not asked:
            return found
        answered = await self.passed(connection, set(asked.values()))
        gone = [notice_id for notice_id, event in asked.items() if event in answered]
        if gone:
            ended = {"state": "suppressed", "ended_at": now, "last_error": PASSED}
            await connection.execute(update(notices).where(notices.c.notice_id.in_(gone)).values(**ended))
            await hand_over(connection, gone)
        return [row for row in found if row.notice_id not in gone]

    async def _write(self, connection: AsyncConnection, ids: Sequence[str], now: float) -> tuple[int, int]:
        """Write down the messages of these notices: how many there are, and how many notices have nowhere to go."""
        found = await notices_of(connection, ids)
        points = await _points(connection, list(found.values()), self.grace_s)
        chosen = await preferences_by_account(connection, {each.account_id for each in found.values()})
        rows: list[dict[str, Any]] = []
        lost = []
        for notice in found.values():
            planned = plan(
                notice.template,
                points[notice.notice_id],
                self.ways,
                now,
                wishes=_wishes(chosen[notice.account_id], points[notice.notice_id]),
                waits=self.waits,
                told=[told.template for told in notice.told if notice.template == DIGEST],
                only_points=any(told.news is not None and told.news.only is not None for told in notice.told),
            )
            rows += [_row(notice, each, now) for each in planned]
            for each in planned:
                if each.suppressed is not None:
                    count_suppressed(each.channel, each.message_class, each.suppressed)
            if all(each.point is None for each in planned):
                lost.append(notice.notice_id)
        if rows:
            await connection.execute(insert_new(messages), rows)
        here = notices.c.notice_id
        await connection.execute(update(notices).where(here.in_(ids)).values(state="planned"))
        if lost:
            ended = {"state": "undeliverable", "ended_at": now, "last_error": NO_CONTACT}
            await connection.execute(update(notices).where(here.in_(lost)).values(**ended))
        await _end_without_open_ones(connection, [each for each in ids if each not in lost], now)
        return len(rows), len(lost)


def _wishes(chosen: Preferences, points: Sequence[Point]) -> OwnerWishes:
    time_zone = points[0].time_zone if points else "UTC"
    return OwnerWishes(preferences=chosen, time_zone=time_zone, reached={point.channel for point in points})


class Waiting(Struct, frozen=True):
    """What should have ended: how much, and since when (epoch seconds) the oldest waits; None when none does."""

    count: int
    since: float | None


async def waiting(database: Database, now: float) -> Waiting:
    """Notices that are due, and messages that are due or were tried. What waits because it should is none of them."""
    due = select(func.count(), func.min(notices.c.recorded_at)).where(
        notices.c.state == "waiting", notices.c.next_at <= now
    )
    late = (
        select(func.count(), func.min(notices.c.recorded_at))
        .select_from(messages)
        .join(notices, notices.c.notice_id == messages.c.notice_id)
        .where(messages.c.state.in_(OPEN), or_(messages.c.next_at <= now, messages.c.attempts > 0))
    )
    async with database.read() as connection:
        found = [(await connection.execute(query)).one() for query in (due, late)]
    return Waiting(sum(row[0] for row in found), min((row[1] for row in found if row[0]), default=None))


async def _points(
    connection: AsyncConnection, found: Sequence[Notice], grace_s: float
) -> Mapping[str, Sequence[Point]]:
    """The points of the owner that each of the notices goes to."""
    moments = {
        each.notice_id: {moment for told in each.told for moment in told.moments} or {0.0} for each in found
    }
    earliest = min((moment for some in moments.values() for moment in some), default=0.0)
    points = await points_of(connection, {each.account_id for each in found}, earliest - grace_s)
    return {
        each.notice_id: recipients(
            points.get(each.account_id, ()),
            moments[each.notice_id],
            grace_s,
            each.told[0].news if len(each.told) == 1 else None,
        )
        for each in found
    }


def _row(notice: Notice, planned: Planned, now: float) -> dict[str, Any]:
    ended = planned.suppressed is not None
    return {
        "message_id": message_id(notice.notice_id, planned.channel, planned.address_key),
        "notice_id": notice.notice_id,
        "account_id": notice.account_id,
        "channel": planned.channel,
        "address_key": planned.address_key,
        "point_id": None if planned.point is None else planned.point.point_id,
        "message_class": planned.message_class,
        "template": notice.template,
        "locale": planned.locale,
        "time_zone": planned.time_zone,
        "state": "suppressed" if ended else "waiting",
        "why": planned.suppressed,
        "planned_at": now,
        "next_at": planned.not_before,
        "after_notice": planned.after_notice,
        "held_until": planned.held_until,
        "fallback": planned.fallback,
        "ended_at": now if ended else None,
    }


def message_id(notice_id: str, channel: str, address_key: str) -> str:
    """The id of one notice on one channel to one address: the key that every try of it bears."""
    return f"{notice_id}.{channel}.{address_key}"


async def _end_without_open_ones(connection: AsyncConnection, ids: Collection[str], now: float) -> None:
    """End the notices that have nothing to send: all was suppressed, or sent before they were planned."""
    if not ids:
        return
    open_ones = select(messages.c.notice_id).where(
        messages.c.notice_id.in_(ids), messages.c.state.in_(OPEN), messages.c.address_key != ACCOUNT
    )
    left = set(ids) - set((await connection.execute(open_ones)).scalars())
    for notice_id in sorted(left):
        await end_notice(connection, notice_id, now)
