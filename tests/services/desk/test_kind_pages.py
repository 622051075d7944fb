"""The pages of every kind of case besides risk: what is filled in, the steps, the message that is ready, and who may what."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.report_kinds import REPORTS
from services.cases.kind_files import kinds
from services.desk.frame import words
from services.platform.database import Database
from tests.services.desk.browser import Browser, DeskClients
from tests.services.desk.reported import disputed, failing, happened, money, reported, stuck
from tests.services.portal.reading import read


@pytest.fixture
async def agent(desk_client: DeskClients) -> Browser:
    return await desk_client("agent", "wang.min")


@pytest.fixture
def database(desk_client: DeskClients) -> Database:
    return desk_client.desk.database


@pytest.mark.parametrize("rule", REPORTS, ids=lambda rule: rule.name)
async def test_every_kind_has_a_page_with_its_steps_evidence_fields_and_ends(
    desk_client: DeskClients, database: Database, rule: Any
) -> None:
    await happened(database, money("t1", kind="payment", payee_id="shop", status="failed"))
    case_id = await reported(database, rule.name, None if rule.subject == "none" else "t1")
    kind = kinds()[rule.name]
    for locale in ("en", "zh-CN"):
        page = await (await desk_client("agent", f"a.{locale[:2]}", locale)).page(f"/desk/cases/{case_id}")
        for part in (kind.steps, kind.closings, kind.fields):
            assert [each.said.in_(locale) for each in part if each.said.in_(locale) not in page.text] == []
        assert "It never came." in page.text


async def test_a_top_up_is_traced_by_its_number_to_what_is_stuck_and_since_when(
    agent: Browser, database: Database
) -> None:
    case_id = await stuck(database)

    text = (await agent.page(f"/desk/cases/{case_id}")).text
    for said in (
        "Top-up of CNY 2,000.00: the bank has debited it, the channel has not confirmed for 2 h 10 min",
        "Trace of TU-66",
        "nobody has asked the channel yet",
        "top-ups waiting 3",
        "2 others wait",
        "单号 TU-66",
    ):
        assert said in text, said

    await happened(database, money("t1-done", reference="TU-66", status="completed", ago_s=60))
    assert "it arrived" in (await agent.page(f"/desk/cases/{case_id}")).text


async def test_a_payment_that_fails_again_and_again_says_its_cause_and_has_the_answer_ready(
    agent: Browser, database: Database
) -> None:
    case_id = await failing(database)

    text = (await agent.page(f"/desk/cases/{case_id}")).text
    for said in (
        "4 payments failed in 7 days: A limit was reached",
        "5 of 6 clear",
        "Opened by itself:",
        "超出银行或钱包的限额。",
        "Send the answer",
    ):
        assert said in text, said


async def test_a_dispute_is_worked_by_forms_and_an_auditor_reads_it_alone(
    desk_client: DeskClients, agent: Browser, database: Database
) -> None:
    case_id = await disputed(database)
    path = f"/desk/cases/{case_id}"
    page = await agent.page(path)
    assert "It never arrived: CNY 2,000.00 to haiyue" in page.text

    answer = await agent.send(page, f"{path}/steps/evidence")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{path}#steps")
    page = await agent.page(path)
    sent = await agent.send(page, f"{path}/fields", counterparty_asked="by mail", offer_amount="1299.00")
    assert sent.status_code == 303
    assert (await agent.send(page, f"{path}/fields", offer="half")).status_code == 409
    page = await agent.page(path)
    assert page.form(f"{path}/fields").fields["counterparty_asked"] == "by mail"
    assert page.text.count("you") >= 2
    work = await desk_client.desk.cases.work.of(case_id)
    assert {*work.steps} == {"evidence", "contacted"}
    assert {each.done_by for each in work.steps.values()} == {"staff:wang.min"}

    auditor = await desk_client("auditor", "zhao.qi")
    assert not [form for form in (await auditor.page(path)).forms if "/fields" in form.action]
    assert (await auditor.post(f"{path}/steps/evidence", done="no", version="9")).status_code == 403


async def test_the_refund_of_what_was_not_authorised_is_for_seniors(
    agent: Browser, desk_client: DeskClients, database: Database
) -> None:
    case_id = await reported(database, "unauthorised")
    path = f"/desk/cases/{case_id}"
    refused = await agent.send(await agent.page(path), f"{path}/fields", refund="refund")
    assert refused.status_code == 403
    senior = await desk_client("senior", "li.na")
    assert (await senior.send(await senior.page(path), f"{path}/fields", refund="refund")).status_code == 303


async def test_the_answer_that_is_ready_is_sent_as_it_was_read_once_half_a_minute_is_over(
    agent: Browser, desk_client: DeskClients, database: Database
) -> None:
    case_id = await failing(database)
    path = f"/desk/cases/{case_id}/acts/message"
    case = await agent.page(f"/desk/cases/{case_id}")
    page = await agent.page(next(link for link in case.links if "template=kind.explained" in link))
    sent = [(await agent.send(page, path)).status_code for _ in range(2)]
    early = await messages(desk_client, case_id)

    desk_client.desk.clock.at += 31.0  # type: ignore[attr-defined]
    await desk_client.desk.acts.carry_out()

    [(actor, text)] = await messages(desk_client, case_id)
    assert "超出银行或钱包的限额。" in page.text
    assert (sent, early) == ([303, 303], [])
    assert (actor, text in page.text) == ("staff:wang.min", True)
    assert "Send the answer" not in (await agent.page(f"/desk/cases/{case_id}")).text


async def test_an_answer_that_was_taken_back_is_never_read(
    agent: Browser, desk_client: DeskClients, database: Database
) -> None:
    case_id = await failing(database)
    path = f"/desk/cases/{case_id}/acts/message"
    page = await agent.page(path)
    await agent.send(page, path)

    await agent.post(f"/desk/acts/{page.form(path).fields['act_id']}/undo")
    desk_client.desk.clock.at += 31.0  # type: ignore[attr-defined]
    await desk_client.desk.acts.carry_out()

    assert await messages(desk_client, case_id) == []


async def test_a_message_that_was_shown_long_ago_is_not_sent(agent: Browser, database: Database) -> None:
    path = f"/desk/cases/{await failing(database)}/acts/message"

    assert (await agent.send(await agent.page(path), path, at="1.0")).status_code == 409


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
async def test_every_message_of_a_kind_has_a_key_in_the_composer_before_those_of_any_case(
    desk_client: DeskClients, database: Database, locale: str
) -> None:
    case_id, browser = await disputed(database), await desk_client("agent", "li.na", locale=locale)

    page = await browser.page(f"/desk/cases/{case_id}/acts/message")

    keys = [
        found["data-key"]
        for _, found in page.tags
        if "template=" in found.get("href", "") and "data-key" in found
    ]
    own = [macro.said.in_(locale) for macro in kinds()["dispute"].macros]
    assert keys == [str(place) for place in range(1, 10)]
    assert all(said in page.text for said in own)


async def messages(desk_client: DeskClients, case_id: str) -> list[tuple[str | None, str]]:
    """What was written to the owner, and by whom."""
    found = await desk_client.desk.cases.case(case_id)
    assert found is not None
    return [(entry.actor, entry.note or "") for entry in found[1] if entry.kind == "message"]


def test_every_evidence_has_words_in_both_languages() -> None:
    for locale in ("en", "zh-CN"):
        t = words(locale)
        assert all(f"failed.check_{cause.name}" in t for cause in kinds()["payment_failed"].causes)


async def test_a_case_closes_by_whom_its_kind_lets_and_once_what_that_needs_is_filled_in(
    desk_client: DeskClients, agent: Browser, database: Database
) -> None:
    case_id = await disputed(database)
    path, said = f"/desk/cases/{case_id}", {"text": "We have decided."}
    senior = await desk_client("senior", "zhou.lei")

    async def closed(browser: Browser, outcome: str) -> Any:
        page = await browser.page(f"{path}/acts/close?choice={outcome}")
        return await browser.send(page, f"{path}/acts/close", choice=outcome, **said)

    refused, open_still = await closed(agent, "referred"), await closed(agent, "settled")
    await agent.send(await agent.page(path), f"{path}/fields", offer_answer="accepted")
    settled = await closed(senior, "settled")

    assert (refused.status_code, open_still.status_code, settled.status_code) == (409, 409, 303)
    assert "Your role does not close a case so" in refused.text
    assert "First fill in: Answer to the offer" in open_still.text


async def test_an_ending_comes_with_its_message_in_the_owners_language_and_a_draft_stays_as_typed(
    agent: Browser, database: Database
) -> None:
    case_id = await disputed(database)
    path = f"/desk/cases/{case_id}/acts/close"

    said = "我们支持您的诉求"
    await agent.send(
        await agent.page(f"/desk/cases/{case_id}"), f"/desk/cases/{case_id}/fields", offer_answer="accepted"
    )
    ready = await agent.page(f"{path}?choice=for_owner")
    without = await agent.page(f"{path}?choice=settled")
    refused = await agent.send(ready, path, text="   ")

    assert (said in ready.text, said in without.text) == (True, False)
    assert [page.form(path).fields["choice"] for page in (ready, without)] == ["for_owner", "settled"]
    assert (refused.status_code, said in refused.text) == (422, False)
    assert read(refused).form(path).fields["choice"] == "for_owner"
