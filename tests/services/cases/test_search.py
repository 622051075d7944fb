"""What somebody read out or pasted is found, the exact hit first, and the audit says who asked."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select

from services.activity.repository import ActivityStore
from services.activity.rows import Row
from services.audit.tables import audit
from services.cases.hold_tables import account_holds, held_payments
from services.cases.queue_service import QueueService
from services.cases.references import case_number, reference
from services.cases.repository import keep
from services.cases.search import tidy
from services.cases.tables import notices
from services.memory.pseudonyms import Pseudonyms
from services.platform.database import Database
from tests.services.cases.decided import no_challenges, open_case, recorded
from tests.services.cases.queued import NOW, put, report

KEY = Pseudonyms(bytes(range(16))).key_of
DAY = datetime.fromtimestamp(NOW, UTC).date()
TOP_UP = report("ab" * 16, "wang", "top_up_missing", about="TU-6620418")
NOTICE = "c3" * 16


def paid(account_id: str, event_id: str, amount: str, ago_s: float) -> Row:
    return Row(
        section="money",
        day=DAY,
        account_id=account_id,
        event_id=event_id,
        at=NOW - ago_s,
        type="transaction",
        kind="transfer",
        outcome="completed",
        amount=amount,
        currency="CNY",
        payee_id="chen",
        payee_key=KEY("payee", "chen"),
    )


@pytest.fixture
async def desk(database: Database) -> QueueService:
    await put(database, TOP_UP)
    store = ActivityStore(database, {"money": 400, "access": 400}, lambda: NOW)
    await store.write([paid("li", "p1", "40", 60.0), paid("bo", "p2", "2.5", 2 * 86_400.0)])
    hold = {"hold_id": "h", "account_id": "li", "event_id": "p1", "placed_at": NOW, "placed_by": "owner"}
    waits = {
        "account_id": "li",
        "event_id": "p9",
        "effect_id": "x",
        "amount": "7",
        "currency": "CNY",
        "payee_id": "chen",
        "state": "held",
        "placed_at": NOW,
        "due_at": NOW + 60.0,
    }
    letter = {
        "notice_id": NOTICE,
        "event_id": "p1",
        "account_id": "li",
        "template": "hold_notice",
        "recorded_at": NOW,
        "state": "delivered",
        "next_at": NOW,
    }
    async with database.begin() as connection:
        await keep(connection, [recorded("p1", effects=(open_case("p1"),), at=NOW)], no_challenges)
        for table, row in ((account_holds, hold), (held_payments, waits), (notices, letter)):
            await connection.execute(insert(table).values(row))
    return QueueService(database, lambda: NOW, KEY)


async def test_an_account_is_found_with_its_cases_and_its_freeze(desk: QueueService) -> None:
    found = await desk.search("  li ", "staff:mei")

    assert found.account is not None
    assert (found.account.open, found.account.cases, found.account.frozen, found.account.last_at) == (
        1,
        1,
        True,
        NOW - 60.0,
    )
    assert [case.account_id for case in found.cases] == ["li"]


async def test_a_payee_is_found_with_who_paid_and_the_cases_of_it(desk: QueueService) -> None:
    found = await desk.search("chen", "staff:mei")

    assert found.account is None
    assert found.payee is not None
    assert (found.payee.accounts, found.payee.accounts_day, found.payee.paid, found.payee.held) == (
        2,
        1,
        [("42.5", "CNY")],
        [("7", "CNY")],
    )
    assert [case.account_id for case in found.cases] == ["li"]


@pytest.mark.parametrize(
    ("said", "account"),
    [("p1", "li"), ("TU-6620418", "wang"), ("ab" * 16, "wang"), (case_number("ab" * 16).lower(), "wang")],
)
async def test_events_top_ups_and_numbers_of_cases_lead_to_their_case(
    desk: QueueService, said: str, account: str
) -> None:
    assert [case.account_id for case in (await desk.search(said, "staff:mei")).cases] == [account]


async def test_a_reference_that_an_owner_reads_out_finds_the_letter(desk: QueueService) -> None:
    found = await desk.search(f" {reference(NOTICE).replace('-', ' ').lower()} ", "staff:mei")

    assert [each.telling.notice_id for each in found.messages] == [NOTICE]


@pytest.mark.parametrize("said", ["", "nobody", "%", "li%", "C-2222-22"])
async def test_what_is_not_known_is_not_found(desk: QueueService, said: str) -> None:
    assert (await desk.search(said, "staff:mei")).count == 0


async def test_the_audit_says_who_asked_and_never_for_what(desk: QueueService, database: Database) -> None:
    await desk.search("chen", "staff:mei")
    await desk.search("li", "staff:mei")
    async with database.read() as connection:
        query = select(audit.c.action, audit.c.actor, audit.c.account_id, audit.c.reason).order_by(audit.c.at)
        rows = sorted((await connection.execute(query)).all(), key=lambda row: str(row.account_id))

    assert [(row.action, row.actor, row.account_id) for row in rows] == [
        ("search", "staff:mei", None),
        ("search", "staff:mei", "li"),
    ]
    assert all("chen" not in row.reason for row in rows)
    assert "payee, cases" in rows[0].reason


def test_what_is_pasted_loses_what_cannot_be_seen() -> None:
    assert tidy("\u200b Ｃ－7F3K\n-92\u00a0") == "C-7F3K-92"
