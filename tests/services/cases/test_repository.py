"""What decisions leave in SQL, once each."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import Decision, IssueChallenge, effect_id
from contracts.errors import Unavailable
from services.cases.case_service import CaseService
from services.cases.hold_tables import account_holds
from services.cases.owner_tables import incidents
from services.cases.repository import Recorded, keep
from services.cases.tables import alerts, case_entries, cases, notices, outbox, recorded_decisions
from services.platform.database import Database
from tests.services.cases.databases import opened
from tests.services.cases.decided import (
    alert,
    everything,
    freeze,
    no_challenges,
    notify,
    open_case,
    recorded,
    revoke,
)

TABLES = (recorded_decisions, alerts, cases, case_entries, notices, outbox, account_holds)


async def carry_out(database: Database, *records: Recorded) -> dict[str, int]:
    async with database.begin() as connection:
        return dict(await keep(connection, records, no_challenges))


async def rows(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Everything in the tables, without row numbers."""
    async with database.read() as connection:
        found = {}
        for table in TABLES:
            columns = [column for column in table.c if column.name not in ("sequence", "id")]
            selected = (await connection.execute(select(*columns))).mappings()
            found[table.name] = sorted((dict(row) for row in selected), key=repr)
        return found


async def test_every_effect_of_a_decision_finds_its_place(database: Database) -> None:
    await carry_out(database, recorded("e1", effects=everything("e1")))
    found = await rows(database)

    assert {name: len(kept) for name, kept in found.items()} == {
        "recorded_decisions": 1,
        "alerts": 1,
        "cases": 1,
        "case_entries": 1,
        "account_holds": 1,
        "notices": 1,
        "outbox": 2,
    }


async def test_the_decision_is_kept_as_the_worker_wrote_it(database: Database) -> None:
    record = recorded("e1", effects=(alert("e1"),))
    await carry_out(database, record)

    assert [record.body] == await CaseService(database, lambda: 0.0).decisions("e1")


async def test_new_alerts_are_counted_and_repeats_are_not(database: Database) -> None:
    first, second = (
        recorded("e1", effects=(alert("e1", "high"),)),
        recorded("e2", effects=(alert("e2", "low"),)),
    )

    assert await carry_out(database, first) == {"high": 1}
    assert await carry_out(database, first, second) == {"low": 1}


async def test_an_account_has_one_case_and_further_events_join_it(database: Database) -> None:
    await carry_out(database, recorded("e1", effects=(open_case("e1", "medium"),)))
    await carry_out(
        database,
        recorded("e2", effects=(open_case("e2", "critical"),)),
        recorded("e3", effects=(open_case("e3", "low"),)),
    )
    found = await rows(database)

    assert [(case["severity"], case["version"]) for case in found["cases"]] == [("critical", 3)]
    assert {("opened", "e1"), ("joined", "e2"), ("joined", "e3")} == {
        (entry["kind"], entry["event_id"]) for entry in found["case_entries"]
    }


async def test_two_accounts_have_two_cases(database: Database) -> None:
    await carry_out(
        database,
        recorded("e1", "li", (open_case("e1"),)),
        recorded("e2", "wang", (open_case("e2"),)),
    )

    assert len((await rows(database))["cases"]) == 2


async def test_an_event_after_a_verdict_opens_a_new_case(database: Database) -> None:
    desk = CaseService(database, lambda: 2_000_000_000.0)
    await carry_out(database, recorded("e1", effects=(open_case("e1"),)))
    case_id = effect_id("li", "e1", "open_case")
    await desk.assign(case_id, "mei", "key:desk", None)
    await desk.resolve(case_id, "fraud", "mei", None, None)
    await carry_out(
        database, recorded("e1", effects=(open_case("e1"),)), recorded("e2", effects=(open_case("e2"),))
    )

    assert {"resolved", "open"} == {case["state"] for case in (await rows(database))["cases"]}


async def test_actions_go_to_the_outbox_in_their_order(database: Database) -> None:
    await carry_out(database, recorded("e1", effects=(freeze("e1"), revoke("e1"))))
    async with database.read() as connection:
        kept = (await connection.execute(select(outbox).order_by(outbox.c.id))).all()

    assert [effect_id("li", "e1", "freeze"), effect_id("li", "e1", "revoke_sessions")] == [
        row.identity for row in kept
    ]
    assert all(f'"action_id":"{row.identity}"' in row.payload and row.key == "li" for row in kept)


async def test_a_challenge_is_handed_to_its_service_in_the_same_transaction(database: Database) -> None:
    handed: list[tuple[str, str, float, bool]] = []

    async def record_issued(
        connection: AsyncConnection, decision: Decision, effect: IssueChallenge, issued_at: float
    ) -> None:
        handed.append((decision.event_id, effect.challenge_id, issued_at, connection.in_transaction()))

    record = recorded("e1", effects=everything("e1"))
    async with database.begin() as connection:
        await keep(connection, [record], record_issued)

    assert [("e1", effect_id("li", "e1", "challenge"), record.recorded_at, True)] == handed


async def test_a_failure_in_the_last_step_leaves_nothing_of_the_batch(database: Database) -> None:
    async def refuse(*_: object) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        async with database.begin() as connection:
            await keep(connection, [recorded("e1", effects=everything("e1"))], refuse)

    assert all(not kept for kept in (await rows(database)).values())


async def test_a_batch_cancelled_in_its_middle_leaves_nothing_and_can_be_repeated(database: Database) -> None:
    reached = asyncio.Event()

    async def hang(*_: object) -> None:
        reached.set()
        await asyncio.Event().wait()

    async def batch(record_issued: Callable[..., Awaitable[None]]) -> None:
        async with database.begin() as connection:
            await keep(connection, [recorded("e1", effects=everything("e1"))], record_issued)

    task = asyncio.create_task(batch(hang))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert all(not kept for kept in (await rows(database)).values())

    await batch(no_challenges)

    assert len((await rows(database))["alerts"]) == 1


PLAN = [
    recorded("e1", "li", everything("e1"), at=1.0),
    recorded("e2", "li", (open_case("e2", "critical"), alert("e2")), at=2.0),
    recorded("e3", "wang", (notify("e3"), freeze("e3")), at=3.0),
    recorded("e4", "li", (open_case("e4", "low"), notify("e4")), at=4.0),
    recorded("e5", "wang", (open_case("e5"), revoke("e5")), at=5.0),
]


@st.composite
def redeliveries(draw: st.DrawFn) -> list[list[Recorded]]:
    """The plan cut into batches, with steps back to an earlier record now and then, as a consumer group does."""
    batches: list[list[Recorded]] = []
    position = 0
    for _ in range(draw(st.integers(0, 6))):
        end = draw(st.integers(position, len(PLAN)))
        batches.append(PLAN[position:end])
        position = draw(st.integers(0, end))
    return [*batches, PLAN[position:]]


@pytest.fixture
async def emptied(database: Database) -> Callable[[], Awaitable[None]]:
    async def empty() -> None:
        async with database.begin() as connection:
            for table in (incidents, *reversed(TABLES)):
                await connection.execute(table.delete())

    return empty


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=redeliveries())
def test_decisions_delivered_in_any_mixture_change_what_once_would(
    batches: list[list[Recorded]], migrated_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async def both() -> tuple[object, object]:
        folder: Path = tmp_path_factory.mktemp("mixture")
        found = []
        for name, deliveries in (("once", [PLAN]), ("mixed", batches)):
            database = opened(f"sqlite:///{shutil.copy(migrated_file, folder / name)}")
            for batch in deliveries:
                await carry_out(database, *batch)
            found.append(await rows(database))
            await database.close()
        return found[0], found[1]

    once, mixed = asyncio.run(both())
    for kept in (once, mixed):
        for row in kept["outbox"]:  # type: ignore[index]
            row.pop("created_at")

    assert once == mixed


async def test_the_plan_told_twice_is_the_plan_told_once(
    database: Database, emptied: Callable[[], Awaitable[None]]
) -> None:
    await carry_out(database, *PLAN)
    once = await rows(database)
    await carry_out(database, *PLAN)

    assert once == await rows(database)

    await emptied()
    for record in PLAN:
        await carry_out(database, record)
        await carry_out(database, record)
    again = await rows(database)

    assert [len(kept) for kept in once.values()] == [len(kept) for kept in again.values()]
    assert once["cases"] == again["cases"]


async def test_two_consumers_of_the_same_records_leave_them_once(database: Database) -> None:
    async def consume() -> None:
        waiting = list(PLAN)
        while waiting:
            with contextlib.suppress(Unavailable):
                await carry_out(database, waiting[0])
                waiting.pop(0)

    await asyncio.gather(consume(), consume())
    found = await rows(database)

    assert [len(kept) for kept in found.values()] == [5, 2, 2, 4, 3, 4, 2]
