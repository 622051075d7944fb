"""A "no" by the link of a letter: nothing by looking, all of it by one press, undone by a code."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.decisions import effect_id
from contracts.events import UserReport
from services.cases.answer_tables import answer_links
from services.cases.hold_tables import account_holds, owner_words
from services.cases.tables import notices
from services.platform.database import metadata
from tests.services.answers.asking import ACCOUNT, LOGIN, asks, challenged, held, tell_wallet
from tests.services.portal.reading import Page, read
from tests.services.portal.site import Site


async def everything(site: Site) -> dict[str, Any]:
    """What every table holds."""
    return {name: await site.world.rows(table) for name, table in metadata.tables.items()}


async def report(site: Site) -> UserReport:
    (found,) = [each for each in await site.world.sent() if isinstance(each, UserReport)]
    return found


async def acts(site: Site) -> list[str]:
    """The kinds of action for the wallet, in order."""
    return await tell_wallet(site)


async def press_no(site: Site, path: str, **typed: str) -> Page:
    page = read(await site.browser.get(f"{path}/no"))
    return read(await site.send(page, f"{path}/no", **{"sure": "yes", **typed}))


async def test_looking_as_often_as_anybody_likes_changes_no_table(site: Site) -> None:
    path = await asks(site, effects=(held("e1"),))
    before = await everything(site)
    for way in ("", "/no", "/yes"):
        for method in ("GET", "HEAD", "GET"):
            answer = await site.browser.request(method, path + way)
            assert answer.status_code == 200

    assert await everything(site) == before


async def test_the_page_repeats_the_letter_and_names_nobody_in_full(site: Site) -> None:
    page = read(await site.browser.get(await asks(site, effects=(held("e1"),))))

    assert page.headings[0] == "Was this payment you?"
    for said in ("CNY 18,000.00", "chen-wei-4471", "never paid before", "Near Kuala Lumpur, Malaysia"):
        assert said in page.text
    assert "Compared with usual" in page.text
    assert "lin•••yu" in page.text
    assert ACCOUNT not in page.text
    assert [link.rpartition("/")[2] for link in page.links if "/my/answer/" in link] == ["no", "yes"]
    assert page.forms == []


async def test_no_says_first_what_it_stops_and_then_stops_it_once(site: Site) -> None:
    path = await asks(site, effects=(held("e1"),))
    asked = read(await site.browser.get(f"{path}/no"))
    page = await press_no(site, path)
    said = await report(site)

    assert asked.headings[0] == "Stop all money going out?"
    for text in ("Payments, transfers and withdrawals", "Receiving money", "Automatic payments wait too"):
        assert text in asked.text
    assert page.headings[0] == "We are stopping outgoing money"
    assert (said.verdict, said.proof, said.about_event_id) == ("not_me", "link", "e1")
    assert await acts(site) == ["freeze", "revoke_sessions", "forget_device"]
    assert [row["placed_by"] for row in await site.world.rows(account_holds)] == ["owner"]
    assert "account_frozen" in [row["template"] for row in await site.world.rows(notices)]


async def test_it_is_stopped_once_the_wallet_says_so_and_with_its_time(site: Site) -> None:
    path = await asks(site)
    waiting = await press_no(site, path)
    (where,) = {link for link in waiting.links if "/done/" in link}
    first = await site.browser.get(where)
    await tell_wallet(site)
    site.world.clock.at += 31.0
    called = read(await site.browser.get(where))
    said = await report(site)
    await site.app.state.actions.acknowledge(effect_id(ACCOUNT, said.event_id, "freeze"), "done", "key:w")
    done_answer = await site.browser.get(where)
    done = read(done_answer)

    assert first.headers["refresh"] == "5"
    assert "our support has been called" not in waiting.text
    assert "our support has been called" in called.text
    assert done.headings[0] == "Outgoing money is stopped"
    assert "31 seconds after you pressed" in done.text
    assert "refresh" not in done_answer.headers
    assert "Change your password in UPay" in done.text


@pytest.mark.parametrize("left_out", ["token", "sure"])
async def test_a_form_that_the_page_did_not_make_or_nobody_agreed_to_stops_nothing(
    site: Site, left_out: str
) -> None:
    path = await asks(site)
    form = read(await site.browser.get(f"{path}/no")).form(f"{path}/no")
    fields = {**form.fields, "sure": "yes"}
    del fields[left_out]
    answer = await site.browser.post(form.action, data=fields)

    assert answer.status_code == (410 if left_out == "token" else 200)
    assert await acts(site) == []
    assert await site.world.rows(answer_links) == []


async def test_the_token_of_another_page_or_link_is_none(site: Site) -> None:
    path, other = await asks(site), await asks(site, "e2")
    yes = read(await site.browser.get(f"{path}/yes")).forms[0].fields["token"]
    theirs = read(await site.browser.get(f"{other}/no")).forms[0].fields["token"]
    for token in (yes, theirs, "", "é"):
        answer = await site.browser.post(f"{path}/no", data={"token": token, "sure": "yes"})
        assert answer.status_code == 410

    assert await acts(site) == []


async def test_an_answered_link_answers_no_more_and_looks_like_any_other_that_is_over(site: Site) -> None:
    path = await asks(site)
    form = read(await site.browser.get(f"{path}/no")).form(f"{path}/no")
    sent = {**form.fields, "sure": "yes"}
    first = await site.browser.post(form.action, data=sent)
    again = await site.browser.post(form.action, data=sent)
    looked = await site.browser.get(path)
    unknown = await site.browser.get("/my/answer/" + "A" * 64)

    assert first.status_code == 303
    assert again.status_code == looked.status_code == unknown.status_code == 410
    assert read(again).headings == read(looked).headings
    assert looked.text == unknown.text
    assert len(await site.world.rows(owner_words)) == 1


async def test_a_link_is_over_after_seven_days_on_every_page(site: Site) -> None:
    path = await asks(site)
    waiting = await press_no(site, path)
    (done,) = {link for link in waiting.links if "/done/" in link}
    fresh = await asks(site, "e2")
    site.world.clock.at += 7 * 86_400.0

    pages = [path, f"{path}/no", f"{path}/yes", done, fresh, f"{fresh}/no"]
    assert [(await site.browser.get(each)).status_code for each in pages] == [410] * len(pages)


async def test_a_no_refuses_the_challenge_that_the_letter_tells_of(site: Site) -> None:
    path = await asks(site, template="challenge_notice", effects=(challenged("e1"),))
    await press_no(site, path)
    challenge = await site.world.service.challenge(challenged("e1").challenge_id)

    assert challenge is not None
    assert challenge.state == "failed"


async def test_a_code_takes_it_back_on_the_same_page(site: Site) -> None:
    secret = await site.world.enrolled(ACCOUNT)
    path = await asks(site)
    page = await press_no(site, path)
    refused = read(await site.send(page, f"{path}/undo", code=site.world.wrong(secret)))
    undone = read(await site.send(page, f"{path}/undo", code=site.world.code(secret)))

    assert "You can undo this until" in page.text
    assert "That code was not accepted" in refused.text
    assert undone.headings[0] == "Your report is taken back"
    assert (await site.app.state.holds.of(ACCOUNT)).frozen is None


async def test_after_three_that_were_taken_back_the_next_asks_for_a_code_first(site: Site) -> None:
    secret = await site.world.enrolled(ACCOUNT)
    for number in range(3):
        path = await asks(site, f"e{number}")
        page = await press_no(site, path)
        await site.send(page, f"{path}/undo", code=site.world.code(secret))
        site.world.clock.at += 60.0
    path = await asks(site, "e9")
    asked = read(await site.browser.get(f"{path}/no"))
    without = await site.browser.post(
        f"{path}/no", data={**asked.form(f"{path}/no").fields, "code": "", "sure": "yes"}
    )
    none = await site.browser.post(
        f"{path}/no", data={"token": asked.form(f"{path}/no").fields["token"], "sure": "yes"}
    )
    frozen = (await site.app.state.holds.of(ACCOUNT)).frozen
    page = await press_no(site, path, code=site.world.code(secret))

    assert "taken back several times lately" in asked.text
    assert without.status_code == none.status_code == 200
    assert frozen is None
    assert page.headings[0] == "We are stopping outgoing money"
    assert [row["proof"] for row in await site.world.rows(answer_links)][-1] == "code"


async def test_a_letter_of_a_frozen_account_says_that_it_stays_so(site: Site) -> None:
    from services.cases import holds

    path = await asks(site, template="deny_notice", type="login", shown=LOGIN, action="deny")
    async with site.world.database.begin() as connection:
        await holds.freeze(connection, ACCOUNT, "e1", holds.DECISION, 1.0, site.world.clock.at)
    asked = read(await site.browser.get(f"{path}/no"))
    page = await press_no(site, path)

    assert asked.headings[0] == "Tell us that it wasn’t you?"
    assert "Outgoing money is stopped already" in asked.text
    assert page.headings[0] == "We are stopping outgoing money"
