"""Taking cases: the most urgent one that nobody holds, each by one person alone."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from services.cases import queue_states, states
from services.cases.claims import Held
from services.cases.queue_service import QueueService
from services.platform.database import Database
from tests.services.cases.queued import NOW, due, put, report, risk


def service(database: Database) -> QueueService:
    return QueueService(database, lambda: NOW)


async def test_n_takes_the_most_urgent_case_that_nobody_holds(database: Database) -> None:
    held = states.assigned(due(risk("held", "a1"), 10.0), "bo", NOW)
    asleep = queue_states.snoozed(due(risk("asleep", "a2"), 20.0), NOW + 60.0, NOW)
    waits = queue_states.waiting(due(risk("waits", "a3"), 30.0), "wallet", NOW)
    await put(database, held, asleep, waits, due(risk("second", "a4"), 50.0), due(risk("first", "a5"), 40.0))

    taken = [await service(database).next("mei", "staff:mei", senior=False) for _ in range(3)]

    assert [None if case is None else (case.case_id, case.assignee, case.state) for case in taken] == [
        ("first", "mei", "in_review"),
        ("second", "mei", "in_review"),
        None,
    ]


async def test_escalated_cases_go_to_seniors(database: Database) -> None:
    await put(database, queue_states.escalated(risk("up", "a1"), NOW))

    assert await service(database).next("mei", "staff:mei", senior=False) is None
    taken = await service(database).next("ren", "staff:ren", senior=True)
    assert taken is not None
    assert taken.case_id == "up"


@pytest.mark.parametrize("written", ["mei", "Mei", "ＭＥＩ"])
async def test_an_appeal_goes_to_nobody_who_decided_before(database: Database, written: str) -> None:
    await put(
        database,
        replace(due(report("appeal", "a1"), 10.0), decided_by=written),
        due(risk("next", "a2"), 20.0),
    )

    taken = await service(database).next("mei", "staff:mei", senior=False)

    assert taken is not None
    assert taken.case_id == "next"


async def test_a_case_that_somebody_holds_names_its_holder(database: Database) -> None:
    await put(database, risk("c1", "a1"))
    mine = await service(database).claim("c1", "mei", "staff:mei")
    again = await service(database).claim("c1", "mei", "staff:mei")

    assert mine == again
    assert mine is not None
    assert mine.assignee == "mei"
    with pytest.raises(Held, match="mei"):
        await service(database).claim("c1", "bo", "staff:bo")
    assert await service(database).claim("none", "bo", "staff:bo") is None


async def test_people_who_press_n_at_once_never_get_the_same_case(database: Database) -> None:
    await put(database, *(due(risk(f"c{number}", f"a{number}"), float(number)) for number in range(60)))
    got: dict[str, list[str]] = {"mei": [], "bo": [], "ren": []}

    async def work(name: str) -> None:
        while (case := await service(database).next(name, f"staff:{name}", senior=False)) is not None:
            got[name].append(case.case_id)

    await asyncio.gather(*(work(name) for name in got))

    taken = [case_id for cases in got.values() for case_id in cases]
    assert sorted(taken) == sorted({f"c{number}" for number in range(60)})
