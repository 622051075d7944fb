"""Acts as pages: said before, done by a form, taken back, refused with a reason; the draft of a case that moved on is kept."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from contracts.decisions import AnyEffect
from services.cases.acts.registry import ACTS
from services.cases.acts.tables import desk_acts
from services.cases.repository import keep
from services.cases.tables import cases
from tests.services.api.world import World
from tests.services.cases.acts_world import CASE
from tests.services.cases.decided import alert, freeze, hold, no_challenges, open_case, recorded
from tests.services.desk.browser import Browser, DeskClients
from tests.services.portal.reading import read

PAGE = f"/desk/cases/{CASE}/acts"


@pytest.fixture
def world(desk_client: DeskClients) -> World:
    return desk_client.world


async def trouble(world: World, *more: AnyEffect, event_id: str = "e1") -> None:
    record = recorded(event_id, effects=(alert(event_id), open_case(event_id), *more), at=world.clock())
    async with world.database.begin() as connection:
        await keep(connection, [record], no_challenges)


async def rows(world: World, table: Any = desk_acts) -> list[Any]:
    async with world.database.read() as connection:
        return list((await connection.execute(select(table))).mappings())


async def send(browser: Browser, act: str, **typed: str) -> Any:
    return await browser.send(await browser.page(f"{PAGE}/{act}"), f"{PAGE}/{act}", **typed)


async def carry(desk_client: DeskClients, world: World, seconds: float = 31.0) -> None:
    desk_client.desk.clock.at += seconds  # type: ignore[attr-defined]
    await desk_client.desk.acts.carry_out()


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
async def test_every_act_says_what_it_will_do_or_why_it_cannot(
    world: World, desk_client: DeskClients, locale: str
) -> None:
    await trouble(world, hold("e1"))
    browser = await desk_client("agent", locale=locale)

    for name in ACTS:
        page = await browser.page(f"{PAGE}/{name}")
        forms = [form for form in page.forms if form.action == f"{PAGE}/{name}"]
        assert len(forms) == 1, name


async def test_a_verdict_is_staged_and_taken_back(world: World, desk_client: DeskClients) -> None:
    await trouble(world, hold("e1"))
    browser = await desk_client("agent", "mei")

    done = await send(browser, "fraud")
    (row,) = await rows(world)
    undone = await browser.post(f"/desk/acts/{row['act_id']}/undo")
    await carry(desk_client, world)

    assert (done.status_code, done.headers["location"]) == (303, f"/desk/cases/{CASE}")
    assert undone.status_code == 303
    assert [each["state"] for each in await rows(world, cases)] == ["open"]


async def test_a_form_sent_twice_is_one_act(world: World, desk_client: DeskClients) -> None:
    await trouble(world)
    browser = await desk_client("agent", "mei")
    page = await browser.page(f"{PAGE}/note")

    for _ in range(2):
        await browser.send(page, f"{PAGE}/note", text="rang her")

    assert len(await rows(world)) == 1


async def test_a_case_that_moved_on_keeps_the_draft_and_says_what_changed(
    world: World, desk_client: DeskClients
) -> None:
    await trouble(world)
    browser = await desk_client("agent", "mei")
    page = await browser.page(f"{PAGE}/escalate")
    await trouble(world, event_id="e2")

    refused = await browser.send(page, f"{PAGE}/escalate", why="over my head")
    shown = read(refused)
    again = await browser.send(shown, f"{PAGE}/escalate", why="over my head")

    assert refused.status_code == 409
    assert "an event joined" in shown.text
    assert shown.form(f"{PAGE}/escalate").fields["why"] == "over my head"
    assert again.status_code == 303


async def test_what_is_off_is_refused_with_its_reason(world: World, desk_client: DeskClients) -> None:
    await trouble(world)
    browser = await desk_client("agent", "mei")

    page = await browser.page(f"{PAGE}/let_go")
    refused = await browser.send(page, f"{PAGE}/let_go")

    assert "No payment is held" in page.text
    assert refused.status_code == 409
    assert await rows(world) == []


async def test_an_auditor_looks_and_does_not_act(world: World, desk_client: DeskClients) -> None:
    await trouble(world)
    browser = await desk_client("auditor")

    page = await browser.page(f"{PAGE}/freeze")
    refused = await browser.send(page, f"{PAGE}/freeze")

    assert "Your role looks and does not act" in page.text
    assert refused.status_code == 403


async def test_one_asks_to_unfreeze_and_another_approves(world: World, desk_client: DeskClients) -> None:
    await trouble(world, freeze("e1"))
    mei, bo = await desk_client("agent", "mei"), await desk_client("agent", "bo")
    await send(mei, "ask_unfreeze", why="she rang from the known number")
    await carry(desk_client, world)

    own, others = await mei.page("/desk/approvals"), await bo.page("/desk/approvals")
    approve = next(form.action for form in others.forms if form.action.endswith("/approve"))
    same = await mei.post(approve)
    done = await bo.send(others, approve)

    assert not [form for form in own.forms if form.action.endswith("/approve")]
    assert "she rang from the known number" in others.text
    assert (same.status_code, done.status_code) == (409, 303)


async def test_a_message_is_one_of_ours_and_a_sentence_without_links(
    world: World, desk_client: DeskClients
) -> None:
    await trouble(world)
    browser = await desk_client("agent", "mei")
    page = await browser.page(f"{PAGE}/message?template=reset")

    wrong = await browser.send(page, f"{PAGE}/message", own="see www.upay.example")
    right = await browser.send(page, f"{PAGE}/message", own="We are sorry for the wait.")
    (row,) = await rows(world)

    assert (wrong.status_code, right.status_code) == (422, 303)
    assert "We are sorry for the wait." in row["body"]
    assert "重新绑定验证器" in row["body"]


async def test_a_note_that_names_a_colleague_stands_on_their_page_until_seen(
    world: World, desk_client: DeskClients
) -> None:
    await trouble(world)
    mei, bo = await desk_client("agent", "mei"), await desk_client("agent", "bo")
    await send(mei, "note", text="@bo please ring her")
    await carry(desk_client, world)

    page = await bo.page("/desk/approvals")
    seen = next(form.action for form in page.forms if form.action.startswith("/desk/mentions/"))
    await bo.send(page, seen)

    assert "mei named you" in page.text
    assert "mei named you" not in (await bo.page("/desk/approvals")).text


async def test_an_act_that_came_back_is_told_to_its_agent(world: World, desk_client: DeskClients) -> None:
    await trouble(world)
    browser = await desk_client("agent", "mei")
    await send(browser, "legitimate")
    await trouble(world, event_id="e2")
    await carry(desk_client, world)

    page = await browser.page("/desk/approvals")

    assert "the case changed meanwhile" in page.text
