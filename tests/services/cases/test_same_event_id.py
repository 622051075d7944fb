"""Two accounts that use the same event id never meet: each has its own freeze, case, letter and challenge."""

from __future__ import annotations

import pytest
from alembic import command
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from contracts.decisions import effect_id
from services.cases.case_service import CaseService
from services.cases.repository import keep
from services.cases.tables import alerts, case_entries, cases, notices, outbox, recorded_decisions
from services.mfa import repository
from services.mfa.tables import challenges
from services.platform.database import Database, alembic_config
from tests.services.cases.databases import database, database_url  # noqa: F401  found here by the tests
from tests.services.cases.decided import everything, recorded

ACCOUNTS = ("li", "wu")
BOTH = [recorded("e1", account, everything("e1", account)) for account in ACCOUNTS]


@pytest.mark.parametrize(
    "batches", [[BOTH], [BOTH[:1], BOTH[1:]], [BOTH, BOTH[::-1]]], ids=["one", "two", "again"]
)
async def test_each_account_gets_its_own_effects(database: Database, batches: list[list]) -> None:  # type: ignore[type-arg]  # noqa: F811
    for batch in batches:
        async with database.begin() as connection:
            await keep(connection, batch, repository.record_issued)
    async with database.read() as connection:
        for table in (recorded_decisions, alerts, cases, notices, challenges):
            found = (await connection.execute(select(table.c.account_id).order_by("account_id"))).scalars()
            assert [*ACCOUNTS] == list(found), table.name
        entries = select(case_entries.c.case_id).distinct()
        assert 2 == len((await connection.execute(entries)).all())
        sent = (await connection.execute(select(outbox.c.key, outbox.c.identity))).all()
    assert ["li", "li", "wu", "wu"] == sorted(row.key for row in sent)
    assert 4 == len({row.identity for row in sent})


async def test_a_verdict_and_a_history_are_about_the_cases_own_account(database: Database) -> None:  # noqa: F811
    async with database.begin() as connection:
        await keep(connection, BOTH, repository.record_issued)
    desk = CaseService(database, lambda: 1_790_000_002.0)
    case_id = effect_id("wu", "e1", "open_case")
    await desk.assign(case_id, "mei", "key:desk", None)
    await desk.resolve(case_id, "legitimate", "key:desk", None, None)

    found = await desk.case(case_id)
    assert found is not None
    assert [BOTH[1].body.decode(), None, None] == [entry.decision for entry in found[1]]
    async with database.read() as connection:
        told = select(outbox.c.key, outbox.c.payload).where(outbox.c.created_at == 1_790_000_002.0)
        rows = (await connection.execute(told)).all()
    assert [("wu", True)] * 3 == [(row.key, '"li"' not in row.payload) for row in rows]
    alerts_of = await desk.alerts(severity=None, account_id="wu", cursor=None, limit=10)
    assert [BOTH[1].body.decode()] == [alert.decision for alert in alerts_of.rows]


async def test_a_decision_is_asked_for_by_its_account(database: Database) -> None:  # noqa: F811
    async with database.begin() as connection:
        await keep(connection, BOTH, repository.record_issued)
    desk = CaseService(database, lambda: 0.0)
    assert [[each.body] for each in BOTH] == [await desk.decisions("e1", account) for account in ACCOUNTS]
    assert 2 == len(await desk.decisions("e1"))


@settings(derandomize=True, deadline=None)
@given(
    pairs=st.lists(
        st.tuples(st.text("ab:1\0", max_size=4), st.text("ab:1\0", max_size=4)), min_size=2, unique=True
    )
)
def test_no_two_pairs_of_account_and_event_give_one_id(pairs: list[tuple[str, str]]) -> None:
    assert len(pairs) == len({effect_id(account, event, "freeze") for account, event in pairs})


async def test_what_was_recorded_before_the_migration_is_there_after_it(database_url: str) -> None:  # noqa: F811
    """And the account that was refused before gets its rows now."""
    old = Database(database_url)
    async with old.begin() as connection:
        await connection.run_sync(lambda sync: command.upgrade(alembic_config(sync), "0012_long_amounts"))
        for statement in (
            "INSERT INTO recorded_decisions (event_id, account_id, at, recorded_at, body)"
            " VALUES ('e1', 'li', 1, 1, '{}')",
            "INSERT INTO alerts VALUES ('a', 'e1', 'li', 'high', 1)",
            "INSERT INTO cases (case_id, account_id, state, severity, opened_at, changed_at, version)"
            " VALUES ('c', 'li', 'open', 'high', 1, 1, 1)",
            "INSERT INTO case_entries (case_id, kind, at, severity, effect_id, event_id)"
            " VALUES ('c', 'opened', 1, 'high', 'x', 'e1')",
        ):
            await connection.execute(text(statement))

    await old.migrate()
    async with old.begin() as connection:
        await keep(connection, BOTH[1:], repository.record_issued)

    async with old.read() as connection:
        kept = (
            await connection.execute(select(recorded_decisions.c.account_id, recorded_decisions.c.event_id))
        ).all()
        raised = (await connection.execute(select(alerts.c.account_id, alerts.c.event_id))).all()
        entered = (await connection.execute(select(case_entries.c.event_id))).all()
    await old.close()
    assert (
        [("li", "e1"), ("wu", "e1")]
        == sorted(tuple(row) for row in kept)
        == sorted(tuple(row) for row in raised)
    )
    assert [("e1",), ("e1",)] == [tuple(row) for row in entered]
