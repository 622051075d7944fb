"""Views, counts, order and pages of the queue."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace
from sqlalchemy import event

from contracts.errors import Malformed
from services.cases import queue, queue_states, states
from services.cases.queue import Filter
from services.cases.queue_service import QueueService
from services.platform.database import Database
from tests.services.cases.queued import NOW, due, put, report, risk

DAY_S = 86_400.0
#: One case in each place of the queue.
LATE = due(risk("late", "a1", "critical"), -60.0)
SOON = due(risk("soon", "a2"), 600.0)
FREE = due(report("free", "a3", "advice"), 2 * DAY_S)
MINE = states.assigned(due(report("mine", "a4"), 7200.0), "mei", NOW)
WAITING = queue_states.waiting(states.assigned(report("waiting", "a5"), "mei", NOW), "owner", NOW)
ASLEEP = queue_states.snoozed(risk("asleep", "a6", "low"), NOW + DAY_S, NOW)
WOKEN = due(replace(risk("woken", "a7", "low"), snoozed_until=NOW - 1.0), 3 * DAY_S)
OVER = states.withdrawn(report("over", "a8"), NOW)
ALL = (LATE, SOON, FREE, MINE, WAITING, ASLEEP, WOKEN, OVER)
VIEWS = {
    "mine": ["mine", "waiting"],
    "unassigned": ["late", "soon", "free", "woken"],
    "breaching": ["late", "soon"],
    "waiting": ["waiting"],
    "snoozed": ["asleep"],
    "open": ["late", "soon", "mine", "waiting", "free", "asleep", "woken"],
}


@pytest.fixture
async def filled(database: Database) -> Database:
    await put(database, *ALL)
    return database


async def found(
    database: Database, wanted: Filter, cursor: str | None = None, limit: int = 50
) -> queue.Listed:
    async with database.read() as connection:
        return await queue.listed(connection, wanted, "mei", NOW, cursor, limit)


async def test_each_view_has_its_cases_the_most_urgent_first_and_counts_as_many(filled: Database) -> None:
    shown = {}
    for view in queue.VIEWS:
        shown[view] = [case.case_id for case in (await found(filled, Filter(view=view))).cases]
    async with filled.read() as connection:
        counted = await queue.counts(connection, NOW)

    assert shown == VIEWS
    assert counted.views("mei") == {view: len(names) for view, names in VIEWS.items()}
    assert counted.kinds() == {"risk": 4, "advice": 1, "dispute": 2}


async def test_pages_that_come_at_once_are_counted_for_once_and_anew_after_a_change(filled: Database) -> None:
    desk, asked = QueueService(filled, lambda: NOW), []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "GROUP BY" in statement:
            asked.append(statement)

    event.listen(filled.engine.sync_engine, "before_cursor_execute", note)
    first = await asyncio.gather(*(desk.counts() for _ in range(5)))
    taken = await desk.next("mei", "staff:mei", senior=False)
    after = await asyncio.gather(*(desk.counts() for _ in range(5)))
    event.remove(filled.engine.sync_engine, "before_cursor_execute", note)

    assert 2 == len(asked)
    assert taken is not None
    assert [2] * 5 == [each.of("mine", "mei") for each in first]
    assert [3] * 5 == [each.of("mine", "mei") for each in after]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (Filter(kind="risk", view="unassigned"), ["late", "soon", "woken"]),
        (Filter(least="high"), ["late", "soon"]),
        (Filter(severity="critical"), ["late"]),
        (Filter(assignee="mei", view=None), ["mine", "waiting"]),
        (Filter(assignee="", view="breaching"), ["late", "soon"]),
        (Filter(due_before=NOW), ["late"]),
        (Filter(view=None, state="resolved"), ["over"]),
        (Filter(found={"a1", "mine"}), ["late", "mine"]),
        (Filter(found={"a1", "mine"}, account_id="a1"), ["late"]),
    ],
)
async def test_filters_leave_out_what_they_do_not_name(
    filled: Database, wanted: Filter, names: list[str]
) -> None:
    assert [case.case_id for case in (await found(filled, wanted)).cases] == names


async def test_pages_follow_each_other_without_a_gap(filled: Database) -> None:
    names: list[str] = []
    cursor: str | None = None
    for _ in range(4):
        page = await found(filled, Filter(), cursor, limit=2)
        names += [case.case_id for case in page.cases]
        cursor = page.cursor

    assert (names, cursor) == (VIEWS["open"], None)


async def test_a_cursor_of_somebody_elses_is_refused(filled: Database) -> None:
    with pytest.raises(Malformed):
        await found(filled, Filter(), "zz")
