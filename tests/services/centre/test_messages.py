"""What became of messages, in activity and on the page of messages: from the log, with the reason, and the way to an answer."""

from __future__ import annotations

import pytest

from services.cases.message_tables import messages
from services.cases.owners import MessageState
from services.cases.tables import notices
from tests.services.cases.databases import database_url  # noqa: F401  SQLite, and PostgreSQL too
from tests.services.centre.lived import live, told_of
from tests.services.portal.reading import Page, read
from tests.services.portal.site import Site

ACTIVITY, MESSAGES = "/my/centre/activity", "/my/centre/messages"


async def sent(
    site: Site, notice_id: str, state: MessageState, why: str | None = None, channel: str = "mail"
) -> None:
    """One message of the notice in the log, as a channel left it."""
    now = site.world.clock.at
    row = {
        "message_id": f"{notice_id}-{channel}", "notice_id": notice_id, "account_id": "li", "channel": channel,
        "address_key": "k", "message_class": "security", "template": "login_notice", "locale": "en",
        "time_zone": "UTC", "state": state, "why": why, "planned_at": now, "next_at": now,
    }  # fmt: skip
    async with site.world.database.begin() as connection:
        await connection.execute(messages.insert().values(row))
        await connection.execute(notices.update().values(state="planned"))


async def opened(site: Site, address: str) -> Page:
    await live(site.world.database, site.world.clock.at)
    await site.open("centre")
    return read(await site.browser.get(address))


@pytest.mark.parametrize(
    ("state", "why", "said"),
    [
        ("waiting", None, "on its way"),
        ("handed_over", None, "sent"),
        ("delivered", None, "delivered"),
        ("failed", "bounced", "came back"),
        ("failed", "gave_up", "given up after many tries"),
        ("suppressed", "preferences", "not sent, as you chose"),
    ],
)
@pytest.mark.parametrize("address", [f"{ACTIVITY}?show=messages", MESSAGES])
async def test_each_state_of_the_log_is_said_with_its_reason(
    site: Site, address: str, state: MessageState, why: str | None, said: str
) -> None:
    await sent(site, await told_of(site.world.database, "l2", site.world.clock.at), state, why)
    page = await opened(site, address)

    assert said in page.text
    assert "PG-" in page.text


async def test_every_way_is_listed_by_itself(site: Site) -> None:
    notice_id = await told_of(site.world.database, "l2", site.world.clock.at)
    await sent(site, notice_id, "failed", "address_refused")
    await sent(site, notice_id, "delivered", channel="sms")
    page = await opened(site, MESSAGES)

    assert "Mail: the address takes no messages" in page.text
    assert "Text message: delivered" in page.text


async def test_a_notice_that_another_message_told_of_is_no_line_of_activity(site: Site) -> None:
    now = site.world.clock.at
    await told_of(site.world.database, "l2", now - 60.0)
    await told_of(site.world.database, "l0", now)
    page = await opened(site, f"{ACTIVITY}?show=messages")

    assert page.text.count("PG-") == 1
    assert "another message told you of the same matter" in read(await site.browser.get(MESSAGES)).text


async def test_what_was_asked_about_leads_to_its_answer_from_every_list(site: Site) -> None:
    await sent(site, await told_of(site.world.database, "l2", site.world.clock.at), "delivered")
    rows = await opened(site, ACTIVITY)
    listed = read(await site.browser.get(MESSAGES))
    reference = next(link for link in listed.links if "ref=" in link)

    assert {link for link in rows.links if "/answer?" in link} == {"/my/centre/answer?about=l2"}
    assert "Waits for your answer" in listed.text
    assert "/my/centre/answer?about=l2" in read(await site.browser.get(reference)).links


async def test_what_was_answered_leads_there_no_more(site: Site) -> None:
    await sent(site, await told_of(site.world.database, "l2", site.world.clock.at), "delivered")
    await opened(site, ACTIVITY)
    wrong = read(await site.browser.get("/my/centre/not-mine?about=l2"))
    await site.send(wrong, "/my/centre/not-mine")

    assert [link for link in read(await site.browser.get(ACTIVITY)).links if "/answer?" in link] == []
    assert "You: it wasn’t me" in read(await site.browser.get(MESSAGES)).text
