"""What is counted of cases as they are worked: open ones by kind, state and age, what waits for somebody, first answers, ends,
and clocks that ran out or soon will."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.report_kinds import RULES
from services.cases.hold_tables import approvals
from services.cases.queue import active
from services.cases.states import SEVERITIES
from services.cases.tables import cases
from services.platform.database import Database
from services.platform.metrics import (
    APPROVALS_OLDEST,
    APPROVALS_WAITING,
    CASE_AGE_NAMES,
    CASE_AGES,
    CASE_BREACHES,
    CASE_CLOSING,
    CASE_FIRST_ANSWER,
    CASE_VERDICTS,
    CASES,
    CASES_DUE,
    UNCLAIMED_CASES,
)

DAY_S = 86_400.0
#: Ages of what is open: a name, and the days from which on it is older than the one before.
AGES = tuple(zip(CASE_AGE_NAMES, (0, 1, 3, 7, 30), strict=True))
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
            unresolved = await _unresolved(connection, now)
            asked, oldest = await _approvals(connection, now)
            answered = await _answered(connection, since, now)
            ended = await _ended(connection, since, now)
            late = await _late(connection, since, now)
            unclaimed = await _unclaimed(connection, now)
            due = await _due_soon(connection, now)
        self._since = now
        CASES_DUE.set(due)
        for severity in SEVERITIES:
            UNCLAIMED_CASES.labels(severity).set(max(0.0, now - unclaimed.get(severity, now)))
        for kind in KINDS:
            for state in STATES:
                CASES.labels(kind, state).set(_sum(unresolved, kind, 1, state))
            for age in CASE_AGE_NAMES:
                CASE_AGES.labels(kind, age).set(_sum(unresolved, kind, 2, age))
        APPROVALS_WAITING.set(asked)
        APPROVALS_OLDEST.set(0.0 if oldest is None else max(0.0, now - oldest))
        for kind, verdict, took in ended:
            CASE_CLOSING.labels(kind).observe(took)
            CASE_VERDICTS.labels(kind, verdict).inc()
        for kind, took in answered:
            CASE_FIRST_ANSWER.labels(kind).observe(took)
        for kind, first, closing in late:
            CASE_BREACHES.labels(kind, "first_answer").inc(first)
            CASE_BREACHES.labels(kind, "closing").inc(closing)


def age_of(now: float) -> ColumnElement[str]:
    """The age of a case at `now`, by AGES."""
    older = [(cases.c.opened_at <= now - days * DAY_S, name) for name, days in reversed(AGES) if days]
    return case(*older, else_=AGES[0][0])


#: Kind, state and age.
_Unresolved = dict[tuple[str, str, str], int]


async def _unresolved(connection: AsyncConnection, now: float) -> _Unresolved:
    query = (
        select(cases.c.kind, cases.c.state, age_of(now).label("age"), func.count())
        .where(cases.c.state != "resolved")
        .group_by(cases.c.kind, cases.c.state, "age")
    )
    return {(kind, state, old): int(count) for kind, state, old, count in await connection.execute(query)}


def _sum(found: _Unresolved, kind: str, place: int, name: str) -> int:
    return sum(count for names, count in found.items() if names[0] == kind and names[place] == name)


async def _approvals(connection: AsyncConnection, now: float) -> tuple[int, float | None]:
    """How many acts wait for a second person, and since when the first of them."""
    query = select(func.count(), func.min(approvals.c.asked_at)).where(
        approvals.c.decision.is_(None), approvals.c.expires_at > now
    )
    count, oldest = (await connection.execute(query)).one()
    return int(count), oldest


async def _ended(connection: AsyncConnection, since: float, now: float) -> list[tuple[str, str, float]]:
    ended = cases.c.resolved_at
    query = select(cases.c.kind, cases.c.verdict, ended - cases.c.opened_at).where(
        ended >= since, ended < now
    )
    return [
        (kind, str(verdict), max(0.0, float(took)))
        for kind, verdict, took in await connection.execute(query)
        if verdict is not None
    ]


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
