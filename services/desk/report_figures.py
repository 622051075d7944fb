"""What the desk did in a stretch of time, from SQL: bounded queries, each by an index, the same on both databases.

A median is the value in the middle, a p90 the one that nine of ten do not pass (nearest rank); both are of cases that got there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cases.case_measures import AGES, age_of
from services.cases.tables import case_entries, cases
from services.desk.report_window import Window
from services.desk.reveal_figures import reveals_by_kind, reveals_by_person

AGAIN = ("reopened", "appealed")
_MOST_PEOPLE = 200
_NONE = (0, 0, 0)


class Spread(Struct, frozen=True):
    """How long something took: of how many, the median and the p90 in seconds."""

    count: int = 0
    median_s: float | None = None
    p90_s: float | None = None


class OfKind(Struct, frozen=True, kw_only=True):
    """One kind of cases. Opened, first answers and breaches are of the cases opened in the window, closings of those closed in
    it, `backlog` of those open now, by AGES; `ended` counts closings by how they ended, `reveals` fields
    that were shown in clear in the window."""

    kind: str
    opened: int = 0
    first_answer: Spread = Spread()
    closing: Spread = Spread()
    late_first: int = 0
    late_closed: int = 0
    again: int = 0
    reveals: int = 0
    backlog: Mapping[str, int] = {}
    ended: Mapping[str, int] = {}

    @property
    def waiting(self) -> int:
        """How many are open now."""
        return sum(self.backlog.values())


class Load(Struct, frozen=True, kw_only=True):
    """One person: the cases that they hold, closed in the window, and how long those took from opening to end.

    `reveals`: so many fields they had shown in clear in the window.
    """

    person: str
    holds: int
    closing: Spread
    reveals: int = 0


async def kinds_of(connection: AsyncConnection, window: Window) -> list[OfKind]:
    """Every kind that has anything to say, by name."""
    opened = window.of(cases.c.opened_at)
    counts = await _opened(connection, opened, window.now)
    first = await spreads(connection, cases.c.kind, cases.c.first_answered_at - cases.c.opened_at, opened)
    closed = window.of(cases.c.resolved_at)
    closing = await spreads(connection, cases.c.kind, cases.c.resolved_at - cases.c.opened_at, closed)
    ended = await _pairs(connection, closed, cases.c.verdict)
    backlog = await _backlog(connection, window.now)
    again = await _again(connection, window)
    shown = await reveals_by_kind(connection, window)
    return [
        OfKind(
            kind=kind,
            opened=counts.get(kind, _NONE)[0],
            first_answer=first.get(kind, Spread()),
            closing=closing.get(kind, Spread()),
            late_first=counts.get(kind, _NONE)[1],
            late_closed=counts.get(kind, _NONE)[2],
            again=again.get(kind, 0),
            reveals=shown.get(kind, 0),
            backlog=backlog.get(kind, {}),
            ended=ended.get(kind, {}),
        )
        for kind in sorted({*counts, *closing, *backlog, *again, *shown})
    ]


async def loads_of(connection: AsyncConnection, window: Window) -> list[Load]:
    """Each person that holds cases or closed any, most closed first."""
    closed = and_(window.of(cases.c.resolved_at), cases.c.assignee.is_not(None))
    closing = await spreads(connection, cases.c.assignee, cases.c.resolved_at - cases.c.opened_at, closed)
    query = (
        select(cases.c.assignee, func.count())
        .where(cases.c.state != "resolved", cases.c.assignee.is_not(None))
        .group_by(cases.c.assignee)
    )
    holds = {person: int(count) for person, count in await connection.execute(query)}
    shown = await reveals_by_person(connection, window)
    found = [
        Load(
            person=person,
            holds=holds.get(person, 0),
            closing=closing.get(person, Spread()),
            reveals=shown.get(person, 0),
        )
        for person in {*holds, *closing, *shown}
    ]
    return sorted(found, key=lambda each: (-each.closing.count, each.person))[:_MOST_PEOPLE]


async def spreads(
    connection: AsyncConnection,
    by: ColumnElement[str],
    seconds: ColumnElement[float],
    which: ColumnElement[bool],
) -> dict[str, Spread]:
    """How long it took, by the values of a column, of what took any time: of the others `seconds` is NULL."""
    rank = func.row_number().over(partition_by=by, order_by=seconds)
    ranked = select(
        by.label("name"),
        seconds.label("took"),
        rank.label("place"),
        func.count().over(partition_by=by).label("of"),
    )
    inner = ranked.where(which, seconds.is_not(None)).subquery()
    middle, most = (inner.c.of + 1) // 2, (9 * inner.c.of + 9) // 10
    query = select(
        inner.c.name,
        func.max(inner.c.of),
        func.max(case((inner.c.place == middle, inner.c.took))),
        func.max(case((inner.c.place == most, inner.c.took))),
    ).group_by(inner.c.name)
    return {
        name: Spread(int(count), float(median), float(p90))
        for name, count, median, p90 in await connection.execute(query)
    }


async def _counted(connection: AsyncConnection, which: ColumnElement[bool]) -> dict[str, int]:
    query = select(cases.c.kind, func.count()).where(which).group_by(cases.c.kind)
    return {kind: int(count) for kind, count in await connection.execute(query)}


async def _opened(
    connection: AsyncConnection, which: ColumnElement[bool], now: float
) -> dict[str, tuple[int, int, int]]:
    """Of each kind, how many there were, and how many got their first answer, and their end, too late or not yet."""
    first = func.coalesce(cases.c.first_answered_at, now) > cases.c.first_response_due_at
    closed = func.coalesce(cases.c.resolved_at, now) > cases.c.due_at
    query = (
        select(cases.c.kind, func.count(), func.count(case((first, 1))), func.count(case((closed, 1))))
        .where(which)
        .group_by(cases.c.kind)
    )
    return {
        kind: (int(all_of), int(one), int(two)) for kind, all_of, one, two in await connection.execute(query)
    }


async def _pairs(
    connection: AsyncConnection, which: ColumnElement[bool], by: ColumnElement[Any]
) -> dict[str, dict[str, int]]:
    query = select(cases.c.kind, by, func.count()).where(which).group_by(cases.c.kind, by)
    found: dict[str, dict[str, int]] = {}
    for kind, name, count in await connection.execute(query):
        found.setdefault(kind, {})[name] = int(count)
    return found


async def _backlog(connection: AsyncConnection, now: float) -> dict[str, dict[str, int]]:
    return await _pairs(connection, cases.c.state != "resolved", age_of(now))


async def _again(connection: AsyncConnection, window: Window) -> dict[str, int]:
    query: Select[Any] = (
        select(cases.c.kind, func.count())
        .select_from(case_entries.join(cases))
        .where(case_entries.c.kind.in_(AGAIN), window.of(case_entries.c.at))
        .group_by(cases.c.kind)
    )
    return {kind: int(count) for kind, count in await connection.execute(query)}


async def complaints_of(connection: AsyncConnection, window: Window) -> tuple[list[OfKind], dict[str, int]]:
    """The complaints that owners made in the window: of each kind how many and how fast, and how many of them are closed now."""
    made = and_(window.of(cases.c.opened_at), cases.c.kind != "risk")
    closed = case((cases.c.state == "resolved", 1))
    query = select(cases.c.kind, func.count(), func.count(closed)).where(made).group_by(cases.c.kind)
    counted = {kind: (int(all_of), int(ended)) for kind, all_of, ended in await connection.execute(query)}
    first = await spreads(connection, cases.c.kind, cases.c.first_answered_at - cases.c.opened_at, made)
    ended = and_(window.of(cases.c.resolved_at), cases.c.kind != "risk")
    closing = await spreads(connection, cases.c.kind, cases.c.resolved_at - cases.c.opened_at, ended)
    kinds = [
        OfKind(
            kind=kind,
            opened=counted.get(kind, (0, 0))[0],
            first_answer=first.get(kind, Spread()),
            closing=closing.get(kind, Spread()),
        )
        for kind in sorted({*counted, *closing})
    ]
    return kinds, {kind: ended for kind, (_, ended) in counted.items()}


def waiting_of(kinds: Sequence[OfKind]) -> dict[str, int]:
    """How many are open now, by age, of all kinds together."""
    return {name: sum(each.backlog.get(name, 0) for each in kinds) for name, _ in AGES}
