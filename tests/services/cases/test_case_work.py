"""The work on a case: who did which step and wrote what, once, in its history, and only what its kind has."""

from __future__ import annotations

import pytest

from contracts.errors import Malformed
from contracts.report_kinds import Clock, ReportKind
from services.cases import states
from services.cases.case_rows import Conflict, case_of, write
from services.cases.case_service import CaseService
from services.cases.case_work import Refused, checked_value
from services.cases.kind_files import kinds
from services.cases.states import IllegalTransition
from services.platform.database import Database
from services.reports.fields import fields_of
from services.reports.service import Report, ReportService
from tests.services.cases.test_case_service import NOW
from tests.services.cases.test_reopen import Ticking


@pytest.fixture
def desk(database: Database) -> CaseService:
    return CaseService(database, Ticking())


async def reported(database: Database, kind: ReportKind) -> states.Case:
    """A case that its owner reported."""
    answers = {field.name: field.choices[0] for field in fields_of(kind) if field.choices}
    reports = ReportService(database, lambda: NOW, {kind: Clock(3600, 7200)}, vault=None)  # type: ignore[arg-type]
    report = Report(account_id="li", kind=kind, text="It never came.", through="api", answers=answers)
    return await reports.make(report, "key:wallet")


async def history(desk: CaseService, case_id: str) -> list[tuple[str, str | None, str | None]]:
    found = await desk.case(case_id)
    assert found is not None
    return [(entry.kind, entry.actor, entry.note) for entry in found[1]]


async def test_a_step_is_ticked_once_taken_back_and_stands_in_the_history(
    database: Database, desk: CaseService
) -> None:
    case = await reported(database, "dispute")

    for _ in range(2):
        await desk.work.tick(case.case_id, "evidence", "staff:mei", None)
    done = (await desk.work.of(case.case_id)).steps["evidence"]
    assert (done.done_by, done.done_at > NOW) == ("staff:mei", True)
    await desk.work.tick(case.case_id, "evidence", "staff:bo", None, done=False)

    assert (await desk.work.of(case.case_id)).steps == {}
    assert (await history(desk, case.case_id))[1:] == [
        ("step", "staff:mei", "evidence"),
        ("step_back", "staff:bo", "evidence"),
    ]


async def test_a_field_that_does_a_step_does_it_and_what_was_written_before_stays_in_the_history(
    database: Database, desk: CaseService
) -> None:
    case = await reported(database, "dispute")

    for value in ("by mail", "by mail", " by mail and telephone "):
        await desk.work.fill(case.case_id, {"counterparty_asked": value}, "staff:mei", None)

    work = await desk.work.of(case.case_id)
    assert (work.value("counterparty_asked"), [*work.steps]) == ("by mail and telephone", ["contacted"])
    assert (await history(desk, case.case_id))[1:] == [
        ("field", "staff:mei", "counterparty_asked: by mail"),
        ("step", "staff:mei", "contacted"),
        ("field", "staff:mei", "counterparty_asked: by mail and telephone"),
    ]
    await desk.work.fill(case.case_id, {"counterparty_asked": ""}, "staff:mei", None)
    assert await desk.work.of(case.case_id) == type(work)()


async def test_a_refund_is_decided_by_whom_the_kind_names(database: Database, desk: CaseService) -> None:
    case = await reported(database, "unauthorised")

    with pytest.raises(Refused, match="senior, security, admin"):
        await desk.work.fill(case.case_id, {"refund": "refund"}, "staff:mei", None, role="agent")
    with pytest.raises(Refused):
        await desk.work.tick(case.case_id, "refund", "staff:mei", None, role="agent")
    assert await desk.work.of(case.case_id) == (await desk.work.of("nothing"))
    await desk.work.fill(case.case_id, {"refund": "refund"}, "staff:bo", None, role="senior")

    assert [*(await desk.work.of(case.case_id)).steps] == ["refund"]


async def test_what_the_kind_has_not_is_refused(database: Database, desk: CaseService) -> None:
    case = await reported(database, "top_up_missing")
    kind = kinds()["top_up_missing"]

    for name, value in (("shoe_size", "43"), ("debited", "perhaps"), ("channel_ticket", "x" * 201)):
        with pytest.raises(Malformed):
            checked_value(kind, name, value)
    with pytest.raises(Malformed, match="an amount such as"):
        checked_value(kinds()["dispute"], "offer_amount", "1,299.00")
    with pytest.raises(Malformed, match="has the steps trace, channel, tell, credit"):
        await desk.work.tick(case.case_id, "dance", "staff:mei", None)
    assert await desk.work.tick("nothing", "trace", "staff:mei", None) is None


async def test_a_case_that_changed_meanwhile_or_is_resolved_takes_no_work(
    database: Database, desk: CaseService
) -> None:
    case = await reported(database, "advice")
    await desk.assign(case.case_id, "mei", "staff:mei", None)

    with pytest.raises(Conflict):
        await desk.work.tick(case.case_id, "answer", "staff:mei", case.version)
    async with database.begin() as connection:
        now = await case_of(connection, case.case_id, lock=True)
        assert now is not None
        await write(connection, now, states.withdrawn(now, NOW), "withdrawn", "owner", None)
    with pytest.raises(IllegalTransition):
        await desk.work.fill(case.case_id, {"answer_used": "keep-safe"}, "staff:mei", None)
