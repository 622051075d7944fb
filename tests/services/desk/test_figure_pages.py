"""The pages of the evidence pack, of today and of the report, as browsers without scripts show them."""

from __future__ import annotations

import pytest

from services.audit import audit_log
from services.desk.packs import MADE
from tests.services.desk.browser import DeskClients
from tests.services.desk.written_cases import ACCOUNT, NOW, Clock, a_dispute, put_case

MARKUP = "#strong[x] <script>alert(1)</script> {{ t }}"


async def disputed(desk_client: DeskClients) -> str:
    case = await a_dispute(desk_client.desk.database, Clock(), note=MARKUP)
    return f"/desk/cases/{case.case_id}/pack"


async def test_a_pack_is_looked_at_in_either_language_and_saved_with_its_hash_in_the_audit(
    desk_client: DeskClients,
) -> None:
    path, agent = await disputed(desk_client), await desk_client("agent")

    english, chinese = await agent.page(path), await agent.get(f"{path}?locale=zh-CN")
    pdf, json = await agent.get(f"{path}.pdf?locale=zh-CN"), await agent.get(f"{path}.json")

    assert "The account holder's statement" in english.text
    assert "用户陈述" in chinese.text
    assert ACCOUNT not in english.text
    assert "&lt;script&gt;" in chinese.text
    assert "<script>alert" not in chinese.text
    assert pdf.content.startswith(b"%PDF-1.7")
    assert json.json()["made_by"] == "agent"
    rows = await audit_log.rows(desk_client.desk.database, ACCOUNT, MADE)
    assert [row.entry.actor for row in rows] == ["staff:agent", "staff:agent"]


async def test_a_complete_copy_is_asked_for_on_the_page_and_shown_once_another_allowed_it(
    desk_client: DeskClients,
) -> None:
    path, agent, senior = await disputed(desk_client), await desk_client("agent"), await desk_client("senior")

    refused = await agent.get(f"{path}.pdf?masked=0")
    empty = await agent.send(await agent.page(path), f"{path}/unmasked", why=" ")
    asked = await agent.send(await agent.page(path), f"{path}/unmasked", why="the bank asks")
    [approval] = await desk_client.desk.holds.approvals()
    await desk_client.desk.holds.decide(approval.approval_id, senior.member, "approved")  # type: ignore[arg-type]
    whole = await agent.page(f"{path}?masked=0")

    assert (refused.status_code, empty.status_code, asked.status_code) == (403, 422, 303)
    assert ACCOUNT in whole.text
    assert ACCOUNT not in (await senior.page(f"{path}?masked=0")).text


async def test_an_auditor_looks_at_a_pack_and_makes_none(desk_client: DeskClients) -> None:
    path, auditor = await disputed(desk_client), await desk_client("auditor")

    assert "Save as PDF" not in (await auditor.page(path)).text
    assert (await auditor.get(f"{path}.pdf")).status_code == 403
    assert (await auditor.get("/desk/cases/nobody/pack")).status_code == 404


@pytest.mark.parametrize(
    ("locale", "question"), [("en", "Are we under attack?"), ("zh-CN", "是否正遭攻击？")]
)
async def test_today_answers_in_the_language_of_its_reader_and_as_csv(
    desk_client: DeskClients, locale: str, question: str
) -> None:
    await put_case(desk_client.desk.database, "c-1", opened_at=NOW)
    browser = await desk_client("agent", locale=locale)

    for days in (1, 7):
        answer = await browser.get(f"/desk/today?days={days}")
        assert question in answer.text
        assert answer.text.count("<figure>") == 8
        assert " style=" not in answer.text
    figures = await browser.get("/desk/today.csv")
    assert '"desk","all","unassigned","1"' in figures.text


async def test_the_report_shows_each_person_s_load_to_seniors_alone(desk_client: DeskClients) -> None:
    now = desk_client.desk.clock()
    await put_case(
        desk_client.desk.database, "c-1", opened_at=now - 60.0, assignee="li.na", state="in_review"
    )
    agent, senior = await desk_client("agent"), await desk_client("senior")

    assert "li.na" not in (await agent.page("/desk/report")).text
    assert "li.na" not in (await agent.get("/desk/report.csv")).text
    assert "li.na" in (await senior.page("/desk/report?since=2000-02-30")).text
    assert "Dispute of a payment" in (await agent.page("/desk/report")).text
    assert '"people","li.na","holds","1"' in (await senior.get("/desk/report.csv")).text
    assert (await agent.get("/desk/report/complaints.csv?year=2026")).status_code == 200
