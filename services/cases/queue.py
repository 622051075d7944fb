"""The queue: which cases there are for whom, the most urgent first, and how many of each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal, get_args

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import Severity
from contracts.report_kinds import Kind
from services.cases.states import SEVERITIES, Case, State
from services.cases.tables import cases
from services.platform import cursors

View = Literal["mine", "unassigned", "breaching", "waiting", "snoozed", "open"]
VIEWS: tuple[View, ...] = get_args(View)
#: A case is breaching from so long before its time.
BREACHING_S = 15 * 60.0
#: Names, and accounts, that one look at the queue may name.
_MOST_NAMED = 100
_open = cases.c.state != "resolved"


class Filter(Struct, frozen=True, kw_only=True):
    """Which cases: those of a view, and of all that is named beside it.

    `least` is the lowest severity. `assignee` is a name, or "" for nobody. What `due_before` (epoch seconds) names must be done
    before then. `found` are cases, or accounts, that a search found: those alone. `state` "resolved" goes with no view.
    """

    view: View | None = "open"
    kind: Kind | None = None
    severity: Severity | None = None
    least: Severity | None = None
    state: State | None = None
    assignee: str | None = None
    due_before: float | None = None
    account_id: str | None = None
    found: Collection[str] | None = None


class Listed(Struct, frozen=True):
    """Cases, the most urgent first, and the cursor of the next ones; None: these were the last."""

    cases: list[Case]
    cursor: str | None


def active(now: float) -> ColumnElement[bool]:
    """What somebody should look at now: neither snoozed nor waiting."""
    return and_(_open, cases.c.waiting_for.is_(None), ~_asleep(now))


def _asleep(now: float) -> ColumnElement[bool]:
    return and_(cases.c.snoozed_until.is_not(None), cases.c.snoozed_until > now)


def of_view(view: View, name: str, now: float) -> ColumnElement[bool]:
    """The cases of a view of whoever bears that name, at that time."""
    awake = and_(_open, ~_asleep(now))
    return {
        "mine": and_(awake, cases.c.assignee == name),
        "unassigned": and_(active(now), cases.c.assignee.is_(None)),
        "breaching": and_(awake, cases.c.next_due_at < now + BREACHING_S),
        "waiting": and_(awake, cases.c.waiting_for.is_not(None)),
        "snoozed": and_(_open, _asleep(now)),
        "open": _open,
    }[view]


def matching(wanted: Filter, name: str, now: float) -> list[ColumnElement[bool]]:
    """The conditions of a filter, for whoever bears that name."""
    of: list[ColumnElement[bool]] = []
    if wanted.view is not None:
        of.append(of_view(wanted.view, name, now))
    for column in ("kind", "severity", "state", "account_id"):
        if (value := getattr(wanted, column)) is not None:
            of.append(cases.c[column] == value)
    if wanted.least is not None:
        of.append(cases.c.severity.in_(SEVERITIES[SEVERITIES.index(wanted.least) :]))
    if wanted.assignee is not None:
        of.append(cases.c.assignee == wanted.assignee if wanted.assignee else cases.c.assignee.is_(None))
    if wanted.due_before is not None:
        of.append(cases.c.next_due_at < wanted.due_before)
    if wanted.found is not None:
        some = sorted(wanted.found)[:_MOST_NAMED]
        of.append(or_(cases.c.case_id.in_(some), cases.c.account_id.in_(some)))
    return of


async def listed(
    connection: AsyncConnection, wanted: Filter, name: str, now: float, cursor: str | None, limit: int
) -> Listed:
    """At most `limit` of the cases behind the cursor. Raises Malformed for a cursor that is not ours."""
    query = select(cases).where(*matching(wanted, name, now))
    place = tuple_(cases.c.next_due_at, cases.c.case_id)
    if cursor is not None:
        query = query.where(place > tuple_(*cursors.read(cursor)))
    query = query.order_by(cases.c.next_due_at, cases.c.case_id).limit(limit + 1)
    found = [Case(**row) for row in (await connection.execute(query)).mappings()]
    if len(found) <= limit:
        return Listed(found, None)
    last = found[limit - 1]
    return Listed(found[:limit], cursors.write(last.next_due_at, last.case_id))


class Counted(Struct, frozen=True, kw_only=True):
    """So many open cases of one kind, severity and holder in one place of the queue."""

    kind: str
    severity: str
    assignee: str | None
    place: Literal["active", "waiting", "snoozed"]
    breaching: bool
    count: int


class Counts(Struct, frozen=True):
    """All open cases, counted once for everybody."""

    parts: Sequence[Counted]

    def of(self, view: View, name: str, wanted: Filter | None = None) -> int:
        """How many a view of whoever bears that name has; of `wanted`, its kind and severities alone."""
        return sum(part.count for part in self.parts if _counts(part, view, name) and _wanted(part, wanted))

    def views(self, name: str) -> dict[View, int]:
        """How many each view has."""
        return {view: self.of(view, name) for view in VIEWS}

    def kinds(self) -> dict[str, int]:
        """How many open ones there are of each kind."""
        found: dict[str, int] = {}
        for part in self.parts:
            found[part.kind] = found.get(part.kind, 0) + part.count
        return found


def _counts(part: Counted, view: View, name: str) -> bool:
    awake = part.place != "snoozed"
    return {
        "mine": awake and part.assignee == name,
        "unassigned": part.place == "active" and part.assignee is None,
        "breaching": awake and part.breaching,
        "waiting": part.place == "waiting",
        "snoozed": not awake,
        "open": True,
    }[view]


def _wanted(part: Counted, wanted: Filter | None) -> bool:
    if wanted is None:
        return True
    least = 0 if wanted.least is None else SEVERITIES.index(wanted.least)
    return (
        wanted.kind in (None, part.kind)
        and wanted.severity in (None, part.severity)
        and (wanted.assignee is None or (part.assignee or "") == wanted.assignee)
        and SEVERITIES.index(part.severity) >= least
    )


def _counting(now: float) -> Select[Any]:
    place = case((_asleep(now), "snoozed"), (cases.c.waiting_for.is_not(None), "waiting"), else_="active")
    breaching = cases.c.next_due_at < now + BREACHING_S
    parts = (
        cases.c.kind,
        cases.c.severity,
        cases.c.assignee,
        place.label("place"),
        breaching.label("breaching"),
    )
    counted = select(*parts).where(_open).subquery()
    return select(counted, func.count().label("count")).group_by(*counted.c)


async def counts(connection: AsyncConnection, now: float) -> Counts:
    """How many open cases there are, in one statement over the open ones alone."""
    found = (await connection.execute(_counting(now))).mappings()
    return Counts([Counted(**{**row, "breaching": bool(row["breaching"])}) for row in found])
