"""After "this wasn't me" the page says what truly happened, and a code takes it back."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from contracts.decisions import effect_id
from contracts.events import UserReport
from services.cases import holds
from services.cases.hold_service import HoldService
from services.cases.owner_words import Following, OwnerWords
from services.cases.tables import outbox as rows
from services.platform.database import Database
from services.wallet.actions import read_action
from services.wallet.feed import publish
from tests.services.portal.reading import Page, read
from tests.services.portal.site import Site


async def said(site: Site) -> Page:
    """The page after the owner has said that the challenge was not theirs."""
    await site.approving()
    return read(await site.send(read(await site.browser.get("/my/approve/stop")), "/my/approve/stop"))


async def report(site: Site) -> UserReport:
    return next(event for event in await site.world.sent() if isinstance(event, UserReport))


async def told(database: Database) -> None:
    """Tell the wallet what waits for it."""
    async with database.begin() as connection:
        query = select(rows.c.payload).where(rows.c.kind == "action").order_by(rows.c.id)
        payloads = (await connection.execute(query)).scalars().all()
        await publish(connection, [read_action(payload) for payload in payloads], 1.0)


async def again(site: Site) -> Page:
    return read(await site.browser.get("/my/approve/stopped"))


async def frozen(site: Site) -> bool:
    return (await HoldService(site.world.database, site.world.clock).of("li")).frozen is not None


async def test_the_page_says_stopped_once_the_wallet_has_confirmed_it_and_not_before(site: Site) -> None:
    before = await said(site)
    await told(site.world.database)
    known = await again(site)
    event = await report(site)
    feed = site.app.state.actions
    await feed.acknowledge(effect_id("li", event.event_id, "freeze"), "done", "key:wallet")
    half = await again(site)
    await feed.acknowledge(effect_id("li", event.event_id, "revoke_sessions"), "already", "key:wallet")
    after = await again(site)

    assert before.headings[0] == known.headings[0] == "We are stopping outgoing money"
    assert "has not confirmed it yet" in known.text
    assert half.headings[0] == after.headings[0] == "Outgoing money is stopped"
    assert "It has not confirmed that yet" in half.text
    assert "Every device was logged out" in after.text
    assert "not confirmed" not in after.text
    assert event.proof == "session"


async def test_what_the_wallet_could_not_do_is_not_said_to_be_done(site: Site) -> None:
    await said(site)
    await told(site.world.database)
    event = await report(site)
    await site.app.state.actions.acknowledge(
        effect_id("li", event.event_id, "freeze"), "failed", "key:wallet"
    )

    assert (await again(site)).headings[0] == "We are stopping outgoing money"


@pytest.mark.parametrize("acts", [[], ["case"], ["revoke_sessions"]])
async def test_a_policy_that_does_not_freeze_has_pages_that_do_not_say_so(
    site: Site, acts: list[str]
) -> None:
    site.app.state.words = OwnerWords(site.world.database, site.world.clock, Following(frozenset(acts)))
    await site.approving()
    asked = read(await site.browser.get("/my/approve/stop"))
    page = read(await site.send(asked, "/my/approve/stop"))

    assert "No money goes out" not in asked.text
    assert page.headings[0] == "Your report is with us"
    assert ("log out" in page.text) == ("revoke_sessions" in acts)
    assert ("Our support looks at your report" in page.text) == ("case" in acts)


async def test_a_request_that_somebody_approved_first_is_not_said_to_be_refused(site: Site) -> None:
    secret = await site.world.enrolled()
    await site.approving()
    asked = read(await site.browser.get("/my/approve/stop"))
    await site.world.service.verify("c1", site.world.code(secret))
    page = read(await site.send(asked, "/my/approve/stop"))

    assert "Somebody approved this request with a code before you pressed" in page.text
    assert "is refused" not in page.text


async def test_a_code_takes_it_back_and_the_page_says_what_stays(site: Site) -> None:
    secret = await site.world.enrolled()
    page = await said(site)
    assert await frozen(site)
    undone = read(await site.send(page, "/my/approve/undo", code=site.world.code(secret)))

    assert undone.headings[0] == "Your report is taken back"
    assert "Devices stay logged out" in undone.text
    assert not await frozen(site)
    assert (await again(site)).headings[0] == "Your report is taken back"


async def test_a_wrong_code_takes_nothing_back(site: Site) -> None:
    secret = await site.world.enrolled()
    page = await said(site)
    refused = read(await site.send(page, "/my/approve/undo", code=site.world.wrong(secret)))
    malformed = read(await site.send(page, "/my/approve/undo", code="12"))

    assert "That code was not accepted" in refused.text
    assert "A code is six digits" in malformed.text
    assert await frozen(site)


async def test_nobody_is_offered_the_way_back_without_a_factor_or_after_its_time(site: Site) -> None:
    without = await said(site)
    secret = await site.world.enrolled()
    with_one = await again(site)
    site.world.report_undo.undo_s = 30.0
    late = await again(site)
    await site.send(with_one, "/my/approve/undo", code=site.world.code(secret))

    assert [form.action for form in without.forms] == []
    assert [form.action for form in with_one.forms] == ["/my/approve/undo"]
    assert [form.action for form in late.forms] == []
    assert await frozen(site)


async def test_another_freeze_is_told_when_the_report_is_taken_back(site: Site) -> None:

    secret = await site.world.enrolled()
    async with site.world.database.begin() as connection:
        await holds.freeze(connection, "li", "e0", holds.DECISION, 1.0, site.world.clock.at)
    page = await said(site)
    undone = read(await site.send(page, "/my/approve/undo", code=site.world.code(secret)))

    assert "still stopped for another reason" in undone.text
