"""What an owner does with their case: notes, files, taking back, one appeal; on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from contracts.errors import Malformed
from contracts.report_kinds import REPORTS
from services.cases.case_answers import Answer
from services.cases.case_service import CaseService
from services.cases.report_tables import case_files
from services.cases.states import Case, IllegalTransition
from services.cases.tables import case_entries, notices
from services.mfa import sealed
from services.mfa.vault import Vault, VaultClosed
from services.platform.database import Database
from services.platform.secrets import UnusableKeys
from services.reports.file_places import FileThere, TooMany
from services.reports.service import Report, ReportService
from tests.services.cases.databases import database, database_url  # noqa: F401  found here by the tests
from tests.services.reports.files import PDF, picture

NOW, DAY_S = 1_790_000_000.0, 86_400.0
OLD, NEW = bytes([1]) * 32, bytes([2]) * 32
CLOCKS = {rule.name: rule.clock for rule in REPORTS}


class Clock:
    at = NOW

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def reports(database: Database, clock: Clock) -> ReportService:  # noqa: F811
    return ReportService(database, clock, CLOCKS, Vault({1: OLD}, 1))


async def reported(reports: ReportService, account_id: str = "li", **more: Any) -> Case:
    return await reports.make(
        Report(account_id=account_id, kind="advice", text="How?", through="page", **more), "page"
    )


async def decided(reports: ReportService, by: str = "mei") -> str:
    """A case that support has closed."""
    desk = CaseService(reports.database, reports.clock)
    case_id = (await reported(reports)).case_id
    await desk.assign(case_id, by, "key:desk", None)
    await desk.answers.close(case_id, Answer(outcome="answered", message="So."), "key:desk", None)
    return case_id


async def entries(reports: ReportService) -> list[tuple[str, str | None]]:
    query = select(case_entries.c.kind, case_entries.c.note).order_by(case_entries.c.sequence)
    async with reports.database.read() as connection:
        return [(row.kind, row.note) for row in await connection.execute(query)]


async def test_a_note_is_added_once_however_often_its_form_is_sent(reports: ReportService) -> None:
    case_id = (await reported(reports)).case_id
    await reports.add_note("li", case_id, " And this. \r\n", "draft-1")
    again = await reports.add_note("li", case_id, "And this.", "draft-1")

    assert await entries(reports) == [("reported", None), ("note", "And this.")]
    assert again is not None
    assert again.version == 2


async def test_nobody_adds_to_a_case_of_another(reports: ReportService) -> None:
    case_id = (await reported(reports)).case_id

    assert await reports.add_note("wang", case_id, "x", "d") is None
    assert await reports.add_file("wang", case_id, PDF, "x") is None
    assert await reports.withdraw("wang", case_id, "page") is None
    assert await reports.appeal("wang", case_id, "x", "page") is None
    assert await reports.case("wang", case_id) is None
    await reports.add_file("li", case_id, PDF, "x")
    assert await reports.file(case_id, 1, "wang") is None


async def test_an_owner_takes_back_a_case_that_support_has_taken_and_is_told(reports: ReportService) -> None:
    case_id = (await reported(reports)).case_id
    await CaseService(reports.database, reports.clock).assign(case_id, "mei", "key:desk", None)
    taken_back = await reports.withdraw("li", case_id, "page")

    assert taken_back is not None
    assert (taken_back.state, taken_back.verdict) == ("resolved", "withdrawn")
    for act in (reports.withdraw("li", case_id, "page"), reports.appeal("li", case_id, "no", "page")):
        with pytest.raises(IllegalTransition):
            await act
    async with reports.database.read() as connection:
        told = list((await connection.execute(select(notices.c.template))).scalars())
    assert sorted(told) == ["case_closed", "case_received"]


async def test_an_appeal_begins_the_clocks_anew_and_goes_to_another_person(
    reports: ReportService, clock: Clock
) -> None:
    case_id = await decided(reports, "Mei Lin")
    clock.at += DAY_S
    appealed = await reports.appeal("li", case_id, "That is not so.", "page")
    desk = CaseService(reports.database, clock)

    assert appealed is not None
    assert (appealed.state, appealed.decided_by, appealed.first_answered_at) == ("open", "Mei Lin", None)
    assert appealed.first_response_due_at == clock.at + CLOCKS["advice"].first_answer_s
    for same in ("Mei Lin", " mei  LIN", "Ｍei Lin"):
        with pytest.raises(IllegalTransition, match="another person"):
            await desk.assign(case_id, same, "key:desk", None)
    assert (await desk.assign(case_id, "wang", "key:desk", None)) is not None
    await desk.answers.close(case_id, Answer(outcome="answered", message="Still so."), "key:desk", None)
    with pytest.raises(IllegalTransition, match="once"):
        await reports.appeal("li", case_id, "Again.", "page")


@pytest.mark.parametrize(("days", "may"), [(29.99, True), (30.0, False), (300.0, False)])
async def test_an_appeal_has_thirty_days(
    reports: ReportService, clock: Clock, days: float, may: bool
) -> None:
    case_id = await decided(reports)
    clock.at += days * DAY_S
    if may:
        assert await reports.appeal("li", case_id, "No.", "page") is not None
        return
    with pytest.raises(IllegalTransition):
        await reports.appeal("li", case_id, "No.", "page")


async def test_nothing_is_added_to_a_closed_case(reports: ReportService) -> None:
    case_id = await decided(reports)

    with pytest.raises(IllegalTransition):
        await reports.add_note("li", case_id, "x", "d")
    with pytest.raises(IllegalTransition):
        await reports.add_file("li", case_id, PDF, "x")


async def test_a_file_is_sealed_for_its_place_and_opens_nowhere_else(reports: ReportService) -> None:
    case_id = (await reported(reports)).case_id
    body = picture()
    assert [await reports.add_file("li", case_id, each, "x") for each in (PDF, body, PDF)] == [1, 2, 1]
    with pytest.raises(FileThere):
        await reports.add_file("li", case_id, picture(size=(9, 9)), "x", 2)
    async with reports.database.begin() as connection:
        rows = (await connection.execute(select(case_files).order_by(case_files.c.number))).all()
        swapped = {"sealed": rows[1].sealed, "secret": rows[1].secret}
        await connection.execute(case_files.update().where(case_files.c.number == 1).values(swapped))

    assert all(PDF not in row.sealed and b"IHDR" not in row.sealed for row in rows)
    assert (await reports.file(case_id, 2, "li")) is not None
    with pytest.raises(VaultClosed):
        await reports.file(case_id, 1, "li")


async def test_a_sixth_file_is_too_many(reports: ReportService) -> None:
    case_id = (await reported(reports)).case_id
    for number in range(5):
        await reports.add_file("li", case_id, PDF + bytes([number]), "x")

    with pytest.raises(TooMany):
        await reports.add_file("li", case_id, PDF + b"6", "x")


async def test_new_keys_open_old_files_without_sealing_them_anew(reports: ReportService) -> None:
    case_id = (await reported(reports)).case_id
    await reports.add_file("li", case_id, PDF, "x")
    both = Vault({1: OLD, 2: NEW}, 2)
    with pytest.raises(UnusableKeys, match="key version 1"):
        await sealed.require_keys(reports.database, Vault({2: NEW}, 2))
    (batch,) = [each async for each in sealed.reseal(reports.database, both, "cli:ops", NOW)]
    after = ReportService(reports.database, reports.clock, CLOCKS, Vault({2: NEW}, 2))

    assert (batch.resealed, await sealed.counts(reports.database)) == (1, {2: 1})
    found = await after.file(case_id, 1, "li")
    assert found is not None
    assert found.body == PDF


async def test_twenty_reports_a_day_are_enough(reports: ReportService, clock: Clock) -> None:
    for _ in range(20):
        await reports.withdraw("li", (await reported(reports)).case_id, "page")
    with pytest.raises(TooMany):
        await reported(reports)
    clock.at += DAY_S + 1.0

    assert (await reported(reports)).state == "open"


async def test_a_report_of_unknown_fields_leaves_nothing(reports: ReportService) -> None:
    with pytest.raises(Malformed):
        await reported(reports, answers={"why": "x"})
    assert await entries(reports) == []
