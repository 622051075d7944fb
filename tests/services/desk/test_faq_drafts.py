"""What support typed as an answer becomes a draft of the help; a senior takes it in, and the next such question is answered."""

from __future__ import annotations

import pytest

from services.desk.advice_answers import picked
from services.help.articles import Article, Facts, shipped
from services.help.drafts import waiting
from services.platform.database import Database
from tests.services.desk.browser import Browser, DeskClients
from tests.services.desk.reported import reported

QUESTION = (
    "Can my daughter Anna pay with my wallet from her tablet? Call me at 13812345678 or anna@example.com."
)
ANSWER = "Yes: open a family wallet for her.\n\nWallet li, 李, room 5. Ask again by mei@upay.example."
FACTS = Facts(
    service="UPay",
    hold_hours=6,
    undo_minutes=15,
    code_minutes=5,
    reset_hours=24,
    money_days=400,
    access_days=180,
)


async def advised(database: Database, text: str = QUESTION) -> str:
    return f"/desk/cases/{await reported(database, 'advice', text=text)}"


async def close(browser: Browser, case: str, query: str = "choice=answered", **typed: str) -> int:
    page = await browser.page(f"{case}/acts/close?{query}")
    return (await browser.send(page, f"{case}/acts/close", **typed)).status_code


async def drafts(desk_client: DeskClients) -> list[tuple[str, str, str]]:
    async with desk_client.desk.database.read() as connection:
        return [(each.draft_id, each.title, each.body) for each in await waiting(connection)]


async def test_a_typed_answer_is_offered_without_numbers_addresses_and_the_account(
    desk_client: DeskClients,
) -> None:
    agent, case = await desk_client("agent"), await advised(desk_client.desk.database)

    assert await close(agent, case, text=ANSWER, draft="yes") == 303

    [(_, title, body)] = await drafts(desk_client)
    assert title.startswith("Can my daughter Anna pay with my wallet")
    for gone in ("138", "anna@", "mei@", "5", "Wallet li"):
        assert gone not in title + body, gone
    assert body.startswith("Yes: open a family wallet for her.\n\n")


@pytest.mark.parametrize("typed", [{"draft": ""}, {"draft": "no"}])
async def test_nothing_is_offered_unless_it_is_ticked(
    desk_client: DeskClients, typed: dict[str, str]
) -> None:
    agent, case = await desk_client("agent"), await advised(desk_client.desk.database)

    assert await close(agent, case, text=ANSWER, **typed) == 303

    assert await drafts(desk_client) == []


async def test_an_ending_that_is_taken_back_takes_its_draft_back(desk_client: DeskClients) -> None:
    agent, case = await desk_client("agent"), await advised(desk_client.desk.database)
    await close(agent, case, text=ANSWER, draft="yes")
    page = await agent.page(case)
    undo = next(form.action for form in page.forms if form.action.endswith("/undo"))

    assert (await agent.send(page, undo)).status_code == 303

    assert await drafts(desk_client) == []


async def test_a_senior_takes_a_draft_in_and_the_next_such_question_is_answered_by_picking_it(
    desk_client: DeskClients,
) -> None:
    agent, senior = await desk_client("agent", "wang.min"), await desk_client("senior", "li.na")
    await close(agent, await advised(desk_client.desk.database), text=ANSWER, draft="yes")
    [(draft_id, _, _)] = await drafts(desk_client)
    path = f"/desk/faq-drafts/{draft_id}"
    said = {
        "title": "Can my daughter pay with my wallet?",
        "body": "Yes: open a **family wallet** for her.",
        "asked": "daughter tablet\nchild pays",
        "team": "Support",
        "topic": "account",
    }

    assert (await agent.get("/desk/faq-drafts")).status_code == 403
    assert "Answers offered for the help: 1" in (await senior.page("/desk/approvals")).text
    assert "Answers offered" not in (await agent.page("/desk/approvals")).text
    page = await senior.page(path)
    assert (await senior.send(page, f"{path}/accept", **{**said, "body": "…"})).status_code == 422
    assert (await senior.send(page, f"{path}/accept", **said)).status_code == 303
    assert (await senior.send(page, f"{path}/accept", **said)).status_code == 404

    case = await advised(desk_client.desk.database, "May my daughter pay from a tablet with my wallet?")
    page = await agent.page(case)
    assert "Can my daughter pay with my wallet?" in page.text
    slug = f"asked-{draft_id[:12]}"
    query = f"choice=answered&answer={slug}"
    assert query.replace("&", "&amp;").partition("answer=")[2] in (await agent.get(case)).text
    ready = await agent.page(f"{case}/acts/close?{query}")
    assert "Yes: open a family wallet for her." in ready.text
    assert "Offer question and answer" not in ready.text
    assert await close(agent, case, query, text="Yes: open a family wallet for her.") == 303


async def test_a_draft_is_dropped_once_and_is_not_in_the_help(desk_client: DeskClients) -> None:
    agent, senior = await desk_client("agent", "wang.min"), await desk_client("senior", "li.na")
    await close(agent, await advised(desk_client.desk.database), text=ANSWER, draft="yes")
    [(draft_id, _, _)] = await drafts(desk_client)
    path = f"/desk/faq-drafts/{draft_id}"
    page = await senior.page(path)

    assert (await senior.send(page, f"{path}/drop")).status_code == 303
    assert (await senior.send(page, f"{path}/drop")).status_code == 404
    assert await drafts(desk_client) == []


@pytest.mark.parametrize("key", sorted(shipped(), key=str), ids=lambda key: f"{key[0]}-{key[1]}")
def test_every_answer_of_the_help_is_plain_text_in_a_message(key: tuple[str, str]) -> None:
    text = shipped()[key]  # type: ignore[index]
    said = picked(
        Article(slug=key[0], locale=key[1], version=1, text=text, written_by="payguard", written_at=0.0),
        FACTS,
    )

    assert len(said) < 4000
    assert not [mark for mark in ("**", "](", "`", "{service}") if mark in said]
