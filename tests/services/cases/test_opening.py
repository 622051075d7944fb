"""A case that support opens by hand, over the API too, is promised what any report of its kind is."""

from __future__ import annotations

from typing import get_args

import pytest

from contracts.report_kinds import RULES, ReportKind
from services.cases.acts.opening import Opening, open_by_hand
from services.cases.business_days import deadline_set
from services.cases.case_deadlines import promises
from services.http.api_keys import ApiKey
from services.platform.database import Database
from services.reports.fields import fields_of
from services.reports.service import Report, ReportService
from tests.services.desk.written_cases import CLOCKS, NOW, VAULT

KEY = ApiKey("k" * 12, "wallet", frozenset({"support"}), NOW)


@pytest.mark.parametrize("deadlines", ["eu", "us", "cn"])
@pytest.mark.parametrize("kind", get_args(ReportKind))
async def test_by_hand_or_by_its_owner_a_report_has_the_same_time(
    database: Database, kind: ReportKind, deadlines: str
) -> None:
    rules = deadline_set(deadlines)
    opening = Opening(account_id="li", kind=kind, why="she rang")
    by_hand = await open_by_hand(database, opening, KEY, NOW, promises(CLOCKS, rules))
    service = ReportService(database, lambda: NOW, CLOCKS, VAULT, rules)
    answers = {field.name: field.choices[0] if field.choices else "7" for field in fields_of(kind)}
    report = Report(account_id="wang", kind=kind, text="help", through="page", answers=answers)
    by_owner = await service.make(report, "key:wallet")

    assert by_hand.first_response_due_at == by_owner.first_response_due_at
    assert by_hand.due_at == by_owner.due_at


def test_a_set_of_deadlines_makes_a_difference() -> None:
    usual = promises(CLOCKS)

    assert any(
        promises(CLOCKS, deadline_set(name))(kind, NOW) != usual(kind, NOW)
        for name in ("eu", "us", "cn")
        for kind in RULES
    )
