"""Payments that fail again and again are flagged: a case is opened or joined once, with the cause that the wallet named."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from contracts.events import Transaction
from contracts.report_kinds import RULES
from services.activity.repository import ActivityStore
from services.activity.rows import row_of
from services.cases.case_answers import Answer
from services.cases.case_deadlines import promises
from services.cases.case_service import CaseService
from services.cases.kind_files import kinds
from services.cases.repeated_failures import RepeatedFailures
from services.cases.tables import case_entries, cases
from services.platform.database import Database

NOW = 1_790_000_000.0
HOUR_S = 3600.0
CLOCKS = {name: rule.clock for name, rule in RULES.items()}


def failed(event_id: str, account_id: str = "li", ago_s: float = 60.0, **more: str) -> Transaction:
    return Transaction(
        event_id=event_id,
        account_id=account_id,
        occurred_at=int((NOW - ago_s) * 1000),
        amount="349.00",
        currency="CNY",
        **{"status": "failed", "reason": "exceeds-limit", **more},  # type: ignore[arg-type]
    )


async def happened(database: Database, *events: Transaction, now: float = NOW) -> None:
    """Twice: a batch may come again."""
    store = ActivityStore(database, {"money": 400, "access": 180}, lambda: now)
    for _ in range(2):
        await store.write([row_of(event) for event in events])
        await RepeatedFailures(database, lambda: now, promises(CLOCKS)).tell(events)


async def flagged(database: Database) -> list[tuple[str, str, str | None]]:
    async with database.read() as connection:
        query = (
            select(cases.c.account_id, cases.c.state, case_entries.c.note)
            .select_from(case_entries.join(cases))
            .order_by(case_entries.c.sequence)
        )
        return [(row[0], row[1], row[2]) for row in await connection.execute(query)]


async def test_the_third_failure_in_seven_days_opens_a_case_and_the_fourth_joins_it(
    database: Database,
) -> None:
    await happened(database, failed("e1", ago_s=6 * 24 * HOUR_S), failed("e2", ago_s=HOUR_S))
    assert await flagged(database) == []

    await happened(database, failed("e3"))
    assert await flagged(database) == [("li", "open", "cause limit")]
    await happened(database, failed("e4", ago_s=30, reason="what_is_this"))

    assert await flagged(database) == [("li", "open", "cause limit"), ("li", "open", "cause unknown")]
    async with database.read() as connection:
        [case] = (await connection.execute(select(cases))).mappings().all()
    assert (case["kind"], case["subject_event_id"], case["version"]) == ("payment_failed", "e3", 2)
    assert case["due_at"] == NOW + CLOCKS["payment_failed"].closed_s


async def test_top_ups_refunds_old_failures_and_what_passed_flag_nobody(database: Database) -> None:
    await happened(database, *(failed(f"t{n}", kind="top_up") for n in range(4)))
    await happened(database, *(failed(f"o{n}", ago_s=8 * 24 * HOUR_S) for n in range(4)))
    await happened(database, *(failed(f"c{n}", status="completed") for n in range(4)))

    assert await flagged(database) == []


async def test_what_failed_before_a_case_was_closed_counts_no_more(database: Database) -> None:
    await happened(database, *(failed(f"e{n}", ago_s=600) for n in range(3)))
    desk = CaseService(database, lambda: NOW)
    [case] = (await desk.cases(state="open", severity=None, account_id="li", cursor=None, limit=5)).rows
    await desk.assign(case.case_id, "mei", "staff:mei", None)
    answer = Answer(outcome="explained", message="The bank's limit.")
    await desk.answers.close(case.case_id, answer, "staff:mei", None)

    await happened(database, failed("e8", ago_s=-60), now=NOW + HOUR_S)
    assert len({row[1] for row in await flagged(database)}) == 1
    await happened(database, failed("e9", ago_s=-61), failed("e10", ago_s=-62), now=NOW + HOUR_S)
    assert {row[1] for row in await flagged(database)} == {"resolved", "open"}


async def test_many_accounts_at_one_channel_within_an_hour_open_one_case_a_day(database: Database) -> None:
    repeats = kinds()["payment_failed"].repeats
    assert repeats is not None
    many = [failed(f"e{n}", f"acct-{n}", channel="unionpay-quick") for n in range(repeats.accounts)]

    await happened(database, *many[:-1])
    assert await flagged(database) == []
    await happened(database, many[-1])
    await happened(database, failed("later", "acct-x", channel="unionpay-quick"))

    [(account, state, note)] = await flagged(database)
    assert (account, state, note) == (
        many[-1].account_id,
        "open",
        f"channel unionpay-quick accounts {repeats.accounts}",
    )


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("timeout", "network"),
        ("Insufficient-Funds", "balance"),
        ("invalid_account", "payee_details"),
        ("61", "limit"),
        ("do not honor", "channel"),
        ("frozen", "our_hold"),
        ("teapot", None),
        ("", None),
        (None, None),
    ],
)
def test_the_wallets_code_means_a_cause(code: str | None, cause: str | None) -> None:
    found = kinds()["payment_failed"].cause(code)
    assert (found and found.name) == cause


def test_the_cause_that_support_writes_down_is_one_of_those() -> None:
    kind = kinds()["payment_failed"]
    field = kind.field("cause")
    assert field is not None
    assert [choice.name for choice in field.choices] == [cause.name for cause in kind.causes]
