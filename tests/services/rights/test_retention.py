"""What is past keeping goes, what is not stays, and no table or topic is without a rule."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from sqlalchemy import Table, func, insert, select

from services.cases.contact_points import Contact, change_contact
from services.cases.repository import keep
from services.platform.database import Database, metadata
from services.platform.metrics import ROWS_FORGOTTEN
from services.platform.settings import Settings
from services.platform.topics import topic_days, topic_names
from services.rights.retention import DAY_S, Retention
from services.rights.rule import identity_days, letters_days, records_days
from services.rights.rules import RULES
from tests.services.cases.decided import everything, no_challenges, recorded

SETTINGS = Settings()
NOW = 1_790_000_000.0
TAKEN = [rule for rule in RULES if rule.over is not None]
#: What ends a row, by table; the other columns are filled in.
ENDED: dict[str, tuple[str, dict[str, Any]]] = {
    "inbox": ("at", {}),
    "notices": ("ended_at", {"state": "delivered"}),
    "incidents": ("last_at", {"severity": "low"}),
    "contact_points": ("until", {}),
    "alerts": ("raised_at", {"severity": "low"}),
    "presence": ("seen_at", {}),
    "bulk_acts": ("at", {}),
    "cases": ("resolved_at", {"state": "resolved", "verdict": "fraud", "severity": "low"}),
    "held_payments": ("settled_at", {"state": "released"}),
    "account_holds": ("released_at", {}),
    "approvals": ("decided_at", {"decision": "approved", "decided_by": "another"}),
    "owner_words": ("told_at", {"verdict": "not_me"}),
    "answer_links": ("answered_at", {"answer": "not_me", "proof": "link"}),
    "recorded_decisions": ("recorded_at", {}),
    "wallet_actions": ("published_at", {"result": None}),
    "webhook_deliveries": ("ended_at", {"state": "delivered", "webhook_id": "w"}),
    "outbox": ("sent_at", {"kind": "action"}),
    "challenges": ("closed_at", {"state": "expired", "passed_step": None}),
    "faq": ("replaced_at", {"shown": True}),
    "faq_searches": ("at", {}),
    "faq_reads": ("day", {}),
    "faq_votes": ("at", {"useful": True}),
    "faq_drafts": ("ended_at", {"ended": "dropped"}),
    "security_notices": ("until", {"audience": "all"}),
    "factor_resets": ("ended_at", {"state": "done", "approved_by": None}),
    "reveals": ("at", {}),
    "staff_sessions": ("started_at", {"way": "password"}),
    "attacks": ("last_at", {"kind": "card_testing", "state": "over"}),
}
#: Tables whose rows end with what they are of.
OF_OTHERS = frozenset(
    {
        "messages",
        "case_entries",
        "case_files",
        "case_reports",
        "case_steps",
        "case_fields",
        "case_mentions",
        "desk_acts",
        "bulk_messages",
        "security_notice_accounts",
        "tickets",
        "ticket_replies",
        "attack_accounts",
        "attack_sources",
        "attack_minutes",
        "attack_log",
        "attack_alerts",
        "attack_acts",
        "attack_act_accounts",
    }
)


def row(table: Table, number: int, **values: Any) -> dict[str, Any]:
    """A row of the table: each column that must have a value has one, and none is like that of another number."""
    filled: dict[str, Any] = {}
    for column in table.columns:
        if column.nullable or (column.autoincrement is True and column.primary_key):
            continue
        kind = column.type.python_type
        filled[column.name] = (
            f"{column.name[:6]}{number}"
            if kind is str
            else b"\x01"
            if kind is bytes
            else datetime.date(2026, 9, 1)
            if kind is datetime.date
            else NOW + number
            if kind is float
            else number
        )
    return filled | values


async def put(database: Database, table: str, *rows: dict[str, Any]) -> None:
    async with database.begin() as connection:
        for each in rows:
            await connection.execute(insert(metadata.tables[table]).values(each))


async def count(database: Database, table: str) -> int:
    async with database.read() as connection:
        query = select(func.count()).select_from(metadata.tables[table])
        return int((await connection.execute(query)).scalar_one())


async def parents(database: Database, table: str) -> None:
    """What rows of the table point to."""
    if table == "alerts":
        for number in (1, 2, 3):
            decided = row(metadata.tables["recorded_decisions"], number, recorded_at=NOW)
            await put(database, "recorded_decisions", decided)
    if table == "webhook_deliveries":
        await put(database, "webhooks", row(metadata.tables["webhooks"], 1, webhook_id="w"))


@pytest.mark.parametrize("table", ENDED)
async def test_a_row_goes_on_the_day_after_it_is_past_keeping_and_not_before(
    database: Database, table: str
) -> None:
    [rule] = [rule for rule in RULES if rule.table == table]
    assert rule.days is not None
    column, values = ENDED[table]
    over = NOW - rule.days(SETTINGS) * DAY_S
    await parents(database, table)
    rows = [
        row(metadata.tables[table], number, **values | {column: at})
        for number, at in ((1, over - 1.0), (2, over + 1.0), (3, NOW))
    ]
    await put(database, table, *rows)

    retention = Retention(SETTINGS, database, lambda: NOW)
    await retention.forget()
    first = await count(database, table)
    await retention.forget()

    assert (first, await count(database, table)) == (2, 2)


@pytest.mark.parametrize(
    "table", ["notices", "cases", "held_payments", "account_holds", "challenges", "outbox"]
)
async def test_what_has_not_ended_stays_however_old(database: Database, table: str) -> None:
    open_values: dict[str, dict[str, Any]] = {
        "notices": {"state": "waiting"},
        "cases": {"state": "open", "severity": "low"},
        "held_payments": {"state": "held"},
        "challenges": {"state": "open"},
        "outbox": {"kind": "event"},
    }
    await put(database, table, row(metadata.tables[table], 1, **open_values.get(table, {})))

    await Retention(SETTINGS, database, lambda: NOW + 99_999 * DAY_S).forget()

    assert await count(database, table) == 1


async def test_a_decision_stays_while_a_case_speaks_of_it(database: Database) -> None:
    async with database.begin() as connection:
        await keep(connection, [recorded("e1", effects=everything("e1"), at=NOW)], no_challenges)

    await Retention(SETTINGS, database, lambda: NOW + 9_999 * DAY_S).forget()

    assert [await count(database, each) for each in ("alerts", "cases", "case_entries", "recorded_decisions")] == [
        0, 1, 1, 1,
    ]  # fmt: skip


async def test_the_address_in_use_stays_and_the_ones_before_go(database: Database) -> None:
    async with database.begin() as connection:
        for number in (1, 2, 3):
            contact = Contact(f"li{number}@upay.example", "en", "UTC")
            await change_contact(connection, "li", contact, NOW + number, f"{number}" * 32)

    await Retention(SETTINGS, database, lambda: NOW + 9_999 * DAY_S).forget()

    assert await count(database, "contact_points") == 1


async def test_the_newest_action_keeps_its_place(database: Database) -> None:
    actions = metadata.tables["wallet_actions"]
    await put(database, "wallet_actions", *(row(actions, number) for number in (1, 2, 3)))

    await Retention(SETTINGS, database, lambda: NOW + 9_999 * DAY_S).forget()

    async with database.read() as connection:
        assert list((await connection.execute(select(actions.c.sequence))).scalars()) == [3]


async def test_many_rows_go_in_several_transactions_and_are_counted(database: Database) -> None:
    sent = metadata.tables["outbox"]
    before = ROWS_FORGOTTEN.labels("outbox")._value.get()
    async with database.begin() as connection:
        rows = [row(sent, number, kind="event", sent_at=1.0) for number in range(1201)]
        await connection.execute(insert(sent), rows)

    assert await Retention(SETTINGS, database, lambda: NOW).forget() == 1201
    assert (await count(database, "outbox"), ROWS_FORGOTTEN.labels("outbox")._value.get() - before) == (
        0,
        1201,
    )


def test_every_table_has_one_rule() -> None:
    assert sorted(rule.table for rule in RULES) == sorted(metadata.tables)


def test_a_rule_that_takes_rows_says_when_and_its_metric_is_declared() -> None:
    assert all(rule.days is not None for rule in TAKEN)
    assert {labels[0] for labels in ROWS_FORGOTTEN._metrics} == {rule.table for rule in TAKEN}
    assert {*ENDED, *OF_OTHERS} == {rule.table for rule in TAKEN}


def test_every_topic_has_its_days() -> None:
    assert set(topic_days(SETTINGS)) == set(topic_names(SETTINGS))
    assert {topic_days(SETTINGS)[name] for name in (SETTINGS.topic_decisions, SETTINGS.topic_actions)} == {30}


@pytest.mark.parametrize("days", [1, 30, 90, 1000])
def test_what_keeps_an_effect_from_happening_twice_outlives_every_topic(days: int) -> None:
    settings = Settings(events_days=days, records_days=1, letters_days=1)

    assert min(kept(settings) for kept in (identity_days, records_days, letters_days)) > max(days, 30)
