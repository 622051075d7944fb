"""Cases that owners reported, and the money that they are about: made-up, minutes old."""

from __future__ import annotations

from typing import Any

from contracts.events import Transaction
from contracts.report_kinds import RULES, Clock, ReportKind
from services.activity.repository import ActivityStore
from services.activity.rows import row_of
from services.cases.case_deadlines import promises
from services.cases.case_service import CaseService
from services.cases.repeated_failures import RepeatedFailures
from services.platform.database import Database
from services.reports.fields import fields_of
from services.reports.service import Report, ReportService
from tests.services.api.world import Clock as Now

NOW = Now().at
MIN_S = 60.0


def money(event_id: str, account_id: str = "li", ago_s: float = 600.0, **more: Any) -> Transaction:
    """A top-up at a channel, unless more is said."""
    said = {"amount": "2000.00", "currency": "CNY", "kind": "top_up", "channel": "unionpay-quick", **more}
    at_ms = int((NOW - ago_s) * 1000)
    return Transaction(event_id=event_id, account_id=account_id, occurred_at=at_ms, **said)


async def happened(database: Database, *events: Transaction) -> None:
    """Keep the events' rows of activity."""
    store = ActivityStore(database, {"money": 400, "access": 180}, lambda: NOW)
    await store.write([row_of(event) for event in events])


async def reported(
    database: Database, kind: ReportKind, about: str | None = None, text: str = "It never came.", **said: str
) -> str:
    """The case of what the account li reports; each choice is the first unless it is said."""
    answers = {field.name: field.choices[0] for field in fields_of(kind) if field.choices} | said
    clocks = {name: Clock(3600, 7200) for name in RULES}
    reports = ReportService(database, lambda: NOW - 300.0, clocks, vault=None)  # type: ignore[arg-type]
    report = Report(
        account_id="li", kind=kind, text=text, through="api", answers=answers, about_event_id=about
    )
    return (await reports.make(report, "key:wallet")).case_id


async def stuck(database: Database) -> str:
    """A top-up that the bank took two hours ago, as others did at its channel."""
    mine = money("t1", ago_s=130 * MIN_S, reference="TU-66", status="requested")
    others = [
        money(f"o{n}", f"acct-{n}", reference=f"TU-{n}", status="requested", ago_s=3600) for n in range(3)
    ]
    done = money("o0-done", "acct-0", reference="TU-0", status="completed", ago_s=3000)
    await happened(database, mine, *others, done)
    return await reported(database, "top_up_missing", "t1", charged="yes", bank_reference="7741-99")


async def failing(database: Database) -> str:
    """Four payments that the bank's limit refused: PayGuard opened the case by itself."""
    failed = [
        money(f"p{n}", kind="payment", status="failed", reason="61", payee_id="decathlon", ago_s=600 - n)
        for n in range(4)
    ]
    await happened(database, *failed)
    clocks = {name: rule.clock for name, rule in RULES.items()}
    await RepeatedFailures(database, lambda: NOW, promises(clocks)).tell(failed)
    cases = CaseService(database, lambda: NOW)
    page = await cases.cases(
        state=None, severity=None, account_id="li", cursor=None, limit=50, kind="payment_failed"
    )
    return str(page.rows[0].case_id)


async def disputed(database: Database) -> str:
    """A payment that the owner disputes."""
    await happened(database, money("d1", kind="payment", payee_id="haiyue", status="completed"))
    return await reported(database, "dispute", "d1")
