"""Cases for tests of packs and figures: a dispute with all that may belong to it, and plain rows."""

from __future__ import annotations

from datetime import date
from typing import Any

from msgspec import json
from sqlalchemy import insert

from contracts.decisions import Contribution, Decision, HoldPayment, OpenCase
from contracts.report_kinds import REPORTS
from contracts.shown import Shown
from services.activity.repository import ActivityStore
from services.activity.rows import Row
from services.cases.case_service import CaseService
from services.cases.contact_points import Contact
from services.cases.hold_tables import account_holds, held_payments, owner_words
from services.cases.states import Case
from services.cases.tables import case_entries, cases, recorded_decisions
from services.desk.packs import Packs
from services.mfa.tables import challenges
from services.mfa.vault import Vault
from services.platform.database import Database
from services.reports.service import Report, ReportService
from services.wallet.tables import wallet_actions
from tests.services.reports.files import picture

#: 2026-09-21 13:33:20 UTC.
NOW = 1_790_000_000.0
HOUR_S, DAY_S = 3600.0, 86_400.0
ACCOUNT, PAYEE, EVENT = "acct-77120412", "chen-wei-4471", "pay-1"
SAID = "11 月 11 日买了耳机，没收到。我的电话 13800002207，邮箱 lin@qq.com。"
CLOCKS = {rule.name: rule.clock for rule in REPORTS}
VAULT = Vault({1: bytes([1]) * 32}, 1)


class Clock:
    at = NOW

    def __call__(self) -> float:
        return self.at


def packs_over(database: Database, clock: Clock, vault: Vault | None = VAULT) -> Packs:
    return Packs(database, clock, vault, {}, "UPay")


async def put(database: Database, table: Any, **row: Any) -> None:
    async with database.begin() as connection:
        await connection.execute(insert(table).values(row))


async def put_case(database: Database, case_id: str, **more: Any) -> None:
    row = {
        "case_id": case_id,
        "account_id": f"of-{case_id}",
        "state": "open",
        "severity": "medium",
        "opened_at": NOW,
        "changed_at": NOW,
        "version": 1,
        "kind": "dispute",
    }
    await put(database, cases, **row | more)


async def put_entry(database: Database, case_id: str, kind: str, at: float, **more: Any) -> None:
    await put(database, case_entries, case_id=case_id, kind=kind, at=at, **more)


async def put_decision(database: Database, event_id: str, account_id: str, **more: Any) -> None:
    decision = Decision(
        event_id=event_id,
        account_id=account_id,
        type="transaction",
        at=NOW - HOUR_S,
        risk=0.5,
        score=62,
        action="hold",
        policy_version="default-1",
        findings=(Contribution(detector="new_payee", reason="new_payee", weight=1.0, share=62),),
        effects=(
            HoldPayment(effect_id="hold-1", due_s=60, amount="1299.00", currency="CNY", payee_id=PAYEE),
            OpenCase(effect_id="case-1", severity="high"),
        ),
        shown=Shown(amount="1299.00", currency="CNY", payee_id=PAYEE, kind="payment", status="requested"),
    )
    body = json.encode(decision).decode()
    row = {"account_id": account_id, "event_id": event_id, "at": decision.at, "recorded_at": decision.at}
    await put(database, recorded_decisions, **row, body=body, **more)


async def a_dispute(
    database: Database, clock: Clock, text: str = SAID, note: str = "Rang the seller."
) -> Case:
    """A disputed payment with statement, decision, hold, wallet's word, code, answer, letter, note and file."""
    day = date(2026, 9, 21)
    store = ActivityStore(database, {"money": 400, "access": 400}, clock)
    await store.write(
        [
            Row("access", day, ACCOUNT, "login-1", NOW - 2 * HOUR_S, "login", "password", "success",
                device="iOS, Mobile Safari", country="CN", city="Hangzhou"),
            Row("money", day, ACCOUNT, EVENT, NOW - HOUR_S, "transaction", "payment", "requested",
                amount="1299.00", currency="CNY", payee_id=PAYEE, country="CN", city="Hangzhou"),
        ]
    )  # fmt: skip
    await put_decision(database, EVENT, ACCOUNT)
    service = CaseService(database, clock)
    await service.set_contact(ACCOUNT, Contact("lin@qq.com", "zh-CN", "Asia/Shanghai"))
    reports = ReportService(database, clock, CLOCKS, VAULT)
    answers = {"why": "not_arrived", "wish": "all_back"}
    report = Report(
        account_id=ACCOUNT, kind="dispute", text=text, through="page", answers=answers, about_event_id=EVENT
    )
    case = await reports.make(report, "page")
    await reports.add_file(ACCOUNT, case.case_id, picture(), "chat.png")
    await _stopped(database)
    clock.at = NOW + HOUR_S
    await service.assign(case.case_id, "wang.min", "staff:wang.min", None)
    await put_entry(database, case.case_id, "note", clock.at, actor="staff:wang.min", note=note)
    return case


async def _stopped(database: Database) -> None:
    event = {"account_id": ACCOUNT, "event_id": EVENT}
    await put(
        database, held_payments, **event, effect_id="hold-1", amount="1299.00", currency="CNY",
        payee_id=PAYEE, state="released", placed_at=NOW - HOUR_S, due_at=NOW + DAY_S, settled_at=NOW - 1800.0,
        settled_by="staff:li.na", why="the owner confirmed it",
    )  # fmt: skip
    await put(
        database, account_holds, hold_id="freeze-1", **event, placed_at=NOW, placed_by="owner", why=None
    )
    await put(
        database, wallet_actions, action_id="freeze-1", kind="freeze", **event, at=NOW, published_at=NOW,
        result="done", result_at=NOW + 0.8, result_by="key:wallet",
    )  # fmt: skip
    await put(
        database, challenges, challenge_id="challenge-1", **event, purpose="transaction", digest="8c1f" * 16,
        amount="1299.00", currency="CNY", payee_id=PAYEE, state="passed", issued_at=NOW - HOUR_S,
        expires_at=NOW, attempts_left=4, closed_at=NOW - HOUR_S + 6.0, passed_step=59_666_543,
    )  # fmt: skip
    await put(
        database, owner_words, account_id=ACCOUNT, event_id="word-1", about_event_id=EVENT, verdict="not_me",
        proof="link", told_at=NOW, told_by="page",
    )  # fmt: skip
