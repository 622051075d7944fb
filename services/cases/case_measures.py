"""What is counted of cases as they are worked: open ones by kind and state, what waits for somebody, first answers, and
clocks that ran out or soon will."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.report_kinds import RULES
from services.cases.queue import active
from services.cases.states import SEVERITIES
from services.cases.tables import cases
from services.platform.database import Database
from services.platform.metrics import (
    CASE_BREACHES,
    CASE_FIRST_ANSWER,
    CASES,
    CASES_DUE,
    UNCLAIMED_CASES,
)

KINDS = ("risk", *RULES)
STATES = ("open", "in_review")
#: So far ahead is a breach foreseen.
SOON_S = 4 * 3600.0


class CaseMeasures:
    """Counts what happened since the look before; `since` is where the first begins, epoch seconds.

    Each process that looks counts the same: of several, one is asked (`max`), not their sum.
    """

    def __init__(self, since: float) -> None:
        self._since = since

    async def look(self, database: Database, now: float) -> None:
        """Set the gauge, and count answers and breaches from the look before until before `now`. Raises Unavailable."""
        since = self._since
        async with database.read() as connection:
            found = await _unresolved(connection)
            answered = await _answered(connection, since, now)
            late = await _late(connection, since, now)
            unclaimed = await _unclaimed(connection, now)
            due = await _due_soon(connection, now)
        self._since = now
        CASES_DUE.set(due)
        for severity in SEVERITIES:
            UNCLAIMED_CASES.labels(severity).set(max(0.0, now - unclaimed.get(severity, now)))
        for kind in KINDS:
            for state in STATES:
                CASES.labels(kind, state).set(found.get((kind, state), 0))
        for kind, took in answered:
            CASE_FIRST_ANSWER.labels(kind).observe(took)
        for kind, first, closing in late:
            CASE_BREACHES.labels(kind, "first_answer").inc(first)
            CASE_BREACHES.labels(kind, "closing").inc(closing)


async def _unresolved(connection: AsyncConnection) -> dict[tuple[str, str], int]:
    query = (
        select(cases.c.kind, cases.c.state, func.count())
        .where(cases.c.state != "resolved")
        .group_by(cases.c.kind, cases.c.state)
    )
    return {(kind, state): int(count) for kind, state, count in await connection.execute(query)}


async def _answered(connection: AsyncConnection, since: float, now: float) -> list[tuple[str, float]]:
    first = cases.c.first_answered_at
    query = select(cases.c.kind, first - cases.c.opened_at).where(first >= since, first < now)
    return [(kind, max(0.0, float(took))) for kind, took in await connection.execute(query)]


async def _late(connection: AsyncConnection, since: float, now: float) -> list[tuple[str, int, int]]:
    """Of each kind, how many unresolved cases went past their first answer, and their end."""

    def ran_out(due: ColumnElement[float]) -> ColumnElement[bool]:
        return and_(due >= since, due < now)

    first = and_(ran_out(cases.c.first_response_due_at), cases.c.first_answered_at.is_(None))
    closing = ran_out(func.coalesce(cases.c.due_at, cases.c.decide_by))
    query = (
        select(cases.c.kind, func.count(case((first, 1))), func.count(case((closing, 1))))
        .where(cases.c.state != "resolved")
        .group_by(cases.c.kind)
    )
    return [(kind, int(one), int(two)) for kind, one, two in await connection.execute(query)]


async def _unclaimed(connection: AsyncConnection, now: float) -> dict[str, float]:
    """Of each severity, since when (epoch seconds) the first case that nobody has waits to be taken."""
    asleep = case((cases.c.snoozed_until <= now, cases.c.snoozed_until))
    since = func.coalesce(asleep, cases.c.escalated_at, cases.c.appealed_at, cases.c.opened_at)
    query = (
        select(cases.c.severity, func.min(since))
        .where(active(now), cases.c.assignee.is_(None))
        .group_by(cases.c.severity)
    )
    return {severity: float(since) for severity, since in await connection.execute(query)}


async def _due_soon(connection: AsyncConnection, now: float) -> int:
    due = cases.c.next_due_at
    query = select(func.count()).select_from(cases).where(active(now), due >= now, due < now + SOON_S)
    return int(await connection.scalar(query) or 0)
