"""A case that support opens by hand: with its kind's questions, once a form, and held by whoever opened it."""

from __future__ import annotations

import pytest
from msgspec import json

from services.cases.report_tables import case_reports
from services.cases.tables import case_entries, cases
from tests.services.api.world import World
from tests.services.cases.acts_world import CASE
from tests.services.desk.browser import Browser, DeskClients
from tests.services.desk.test_act_pages import rows, trouble
from tests.services.portal.reading import Page, read

OPEN = "/desk/open"


@pytest.fixture
def world(desk_client: DeskClients) -> World:
    return desk_client.world


@pytest.fixture
async def mei(desk_client: DeskClients) -> Browser:
    return await desk_client("agent", "mei")


async def form_of(browser: Browser, kind: str, account: str = "li") -> Page:
    return await browser.page(f"{OPEN}?account={account}&kind={kind}")


async def test_a_report_asks_what_its_kind_asks_and_stands_held_by_whoever_opened_it(
    world: World, mei: Browser
) -> None:
    page = await form_of(mei, "dispute")

    answer = await mei.send(
        page, OPEN, text="She rang: never arrived.", **{"f-why": "not_arrived", "f-wish": "all_back"}
    )

    (case,), (report,) = await rows(world, cases), await rows(world, case_reports)
    assert "What is wrong with it?" in page.text
    assert answer.headers["location"] == f"/desk/cases/{case['case_id']}"
    assert (case["kind"], case["state"], case["assignee"]) == ("dispute", "in_review", "mei")
    assert (report["text"], report["through"]) == ("She rang: never arrived.", "desk")
    assert json.decode(report["answers"]) == {"why": "not_arrived", "wish": "all_back"}
    assert [each["kind"] for each in await rows(world, case_entries)] == ["opened", "assigned"]
    assert "She rang: never arrived." in (await mei.page(answer.headers["location"])).text


async def test_one_of_risk_has_a_severity_and_its_words_are_support_s_own(world: World, mei: Browser) -> None:
    await mei.send(await form_of(mei, "risk"), OPEN, severity="high", text="a colleague saw it")

    (case,), entries = await rows(world, cases), await rows(world, case_entries)
    assert (case["kind"], case["severity"], case["assignee"]) == ("risk", "high", "mei")
    assert entries[0]["note"] == "a colleague saw it"
    assert await rows(world, case_reports) == []


async def test_a_second_of_risk_leads_to_the_first(world: World, mei: Browser) -> None:
    await trouble(world)

    refused = await mei.send(await form_of(mei, "risk"), OPEN, severity="low", text="again")

    assert refused.status_code == 409
    assert f"/desk/cases/{CASE}" in read(refused).links
    assert len(await rows(world, cases)) == 1


async def test_a_form_sent_twice_opens_one_case(world: World, mei: Browser) -> None:
    page = await form_of(mei, "advice")

    answers = [await mei.send(page, OPEN, text="How do I add a card?") for _ in range(2)]

    assert answers[0].headers["location"] == answers[1].headers["location"]
    assert len(await rows(world, cases)) == 1


async def test_what_is_missing_opens_nothing_and_keeps_what_was_typed(world: World, mei: Browser) -> None:
    page = await form_of(mei, "dispute")

    refused = await mei.send(
        page, OPEN, text="She rang.", **{"f-why": "no such answer", "f-wish": "all_back"}
    )

    assert refused.status_code == 422
    assert "She rang." in read(refused).text
    assert await rows(world, cases) == []


async def test_an_account_that_nobody_has_heard_of_is_said_to_be_that(world: World, mei: Browser) -> None:
    await trouble(world)

    known, unknown = await form_of(mei, "advice"), await form_of(mei, "advice", "nobody")

    assert "Nothing is known of this account" not in known.text
    assert "Nothing is known of this account" in unknown.text


async def test_what_is_no_account_asks_again(mei: Browser) -> None:
    page = await mei.page(f"{OPEN}?account=..&kind=advice")

    assert "That is no account" in page.text


async def test_the_queue_leads_there_by_a_key(mei: Browser) -> None:
    page = await mei.page("/desk")

    assert [found.get("href") for _, found in page.tags if found.get("data-key") == "c"] == [OPEN]
