"""Several cases at once, and half a minute to take it back."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from services.cases import queue_states, states
from services.cases.bulk import UNDO_S
from services.cases.queue_service import QueueService
from services.cases.tables import case_entries, cases
from services.platform.database import Database
from tests.services.cases.queued import NOW, put, report, risk


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(database: Database, clock: Clock) -> QueueService:
    return QueueService(database, clock)


async def kept(database: Database) -> dict[str, states.Case]:
    async with database.read() as connection:
        return {
            row["case_id"]: states.Case(**row) for row in (await connection.execute(select(cases))).mappings()
        }


async def test_what_is_taken_back_is_as_it_was(database: Database, desk: QueueService) -> None:
    bos = states.assigned(risk("c1", "a1"), "bo", NOW)
    asleep = queue_states.snoozed(risk("c2", "a2"), NOW + 60.0, NOW)
    await put(database, bos, asleep, states.withdrawn(report("c3"), NOW))

    done = await desk.assign(["c1", "c2", "c3", "none"], "mei", "staff:mei")
    held = {case_id: case.assignee for case_id, case in (await kept(database)).items()}
    undone = await desk.undo(done.bulk_id, "staff:mei")
    after = await kept(database)

    assert (done.done, [*done.left]) == (["c1", "c2"], ["c3"])
    assert held == {"c1": "mei", "c2": "mei", "c3": None}
    assert undone is not None
    assert (undone.back, undone.changed) == (["c1", "c2"], [])
    assert (after["c1"].assignee, after["c1"].state) == ("bo", "in_review")
    assert (after["c2"].assignee, after["c2"].state, after["c2"].snoozed_until) == (None, "open", NOW + 60.0)
    assert await desk.undo(done.bulk_id, "staff:mei") is None


async def test_a_case_that_somebody_changed_meanwhile_stays_as_they_left_it(
    database: Database, desk: QueueService
) -> None:
    await put(database, risk("c1", "a1"), risk("c2", "a2"))
    done = await desk.snooze(["c1", "c2"], NOW + 3600.0, "bank opens at nine", "staff:mei")
    await desk.assign(["c1"], "bo", "staff:bo")

    undone = await desk.undo(done.bulk_id, "staff:mei")

    assert undone is not None
    assert (undone.back, undone.changed) == (["c2"], ["c1"])
    assert (await kept(database))["c1"].assignee == "bo"


async def test_only_whoever_did_it_takes_it_back_and_for_30_seconds(
    database: Database, desk: QueueService, clock: Clock
) -> None:
    await put(database, risk("c1", "a1"))
    done = await desk.assign(["c1"], "mei", "staff:mei")

    assert await desk.undo(done.bulk_id, "staff:bo") is None
    clock.now += UNDO_S
    assert await desk.undo(done.bulk_id, "staff:mei") is None


async def test_duplicates_go_on_in_the_oldest_case_of_their_account(
    database: Database, desk: QueueService
) -> None:
    await put(
        database,
        report("old", "a1", ago_s=300.0),
        report("again", "a1", ago_s=200.0),
        report("third", "a1", ago_s=100.0),
        report("alone", "a2"),
        risk("risk", "a3"),
        report("beside", "a3"),
    )
    done = await desk.merge(["old", "again", "third", "alone", "beside"], "staff:mei")
    after = await kept(database)
    async with database.read() as connection:
        rows = await connection.execute(select(case_entries.c.case_id, case_entries.c.kind))
        told = sorted((row.case_id, row.kind) for row in rows)

    assert sorted(done.done) == ["again", "beside", "third"]
    assert {name: case.merged_into for name, case in after.items() if case.merged_into} == {
        "again": "old",
        "third": "old",
        "beside": "risk",
    }
    assert [*done.left] == ["alone"]
    assert told == [
        ("again", "resolved"),
        ("beside", "resolved"),
        ("old", "merged"),
        ("old", "merged"),
        ("risk", "merged"),
        ("third", "resolved"),
    ]

    await desk.undo(done.bulk_id, "staff:mei")
    back = await kept(database)
    assert {case.state for case in back.values()} == {"open"}
    assert {case.merged_into for case in back.values()} == {None}
