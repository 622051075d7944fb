"""A "yes" by the link of a letter: alone it counts as little as a link can, with a code it counts."""

from __future__ import annotations

import pytest

from contracts.events import UserReport
from contracts.shown import Shown
from services.cases.answer_tables import answer_links
from services.cases.hold_tables import held_payments
from tests.services.answers.asking import ACCOUNT, LOGIN, asks, challenged, held
from tests.services.answers.test_no_pages import acts, press_no
from tests.services.portal.reading import Page, read
from tests.services.portal.site import Site


async def press_yes(site: Site, path: str, **typed: str) -> Page:
    """With a code by the first form, without one by the last."""
    page = read(await site.browser.get(f"{path}/yes"))
    form = page.forms[0 if "code" in typed else -1]
    sent = {**form.fields, **(typed or {"sure": "yes"})}
    return read(await site.browser.post(form.action, data=sent, follow_redirects=True))


async def proofs(site: Site) -> list[tuple[str, str | None]]:
    return [(each.verdict, each.proof) for each in await site.world.sent() if isinstance(each, UserReport)]


async def test_a_yes_by_the_link_alone_lets_nothing_go(site: Site) -> None:
    path = await asks(site, effects=(held("e1"),))
    page = await press_yes(site, path)

    assert page.headings[0] == "Thank you, noted"
    assert "Without a code nothing else follows from it" in page.text
    assert await proofs(site) == [("was_me", "link")]
    assert await acts(site) == []
    assert [row["state"] for row in await site.world.rows(held_payments)] == ["held"]


async def test_whoever_reads_the_mail_cannot_answer_the_no_away(site: Site) -> None:
    path = await asks(site, effects=(held("e1"),))
    await press_yes(site, path)
    looked = read(await site.browser.get(path))
    again = await site.browser.get(f"{path}/yes")
    page = await press_no(site, path)

    assert "Somebody answered “Yes” by this link" in looked.text
    assert again.status_code == 410
    assert page.headings[0] == "We are stopping outgoing money"
    assert [row["answer"] for row in await site.world.rows(answer_links)] == ["not_me"]
    assert (await site.browser.get(path)).status_code == 410


async def test_a_yes_with_a_code_lets_the_held_payment_go_and_ends_the_link(site: Site) -> None:
    secret = await site.world.enrolled(ACCOUNT)
    path = await asks(site, effects=(held("e1"),))
    asked = read(await site.browser.get(f"{path}/yes"))
    refused = await press_yes(site, path, code=site.world.wrong(secret))
    malformed = await press_yes(site, path, code="12")
    page = await press_yes(site, path, code=site.world.code(secret))

    assert "The held payment then goes on by itself" in asked.text
    assert "A code changes every 30 seconds" in refused.text
    assert "A code is six digits" in malformed.text
    assert "You have confirmed with a code" in page.text
    assert await proofs(site) == [("was_me", "code")]
    assert await acts(site) == ["release_payment"]
    assert (await site.browser.get(path)).status_code == 410


async def test_a_yes_with_a_code_passes_the_challenge_that_the_letter_tells_of(site: Site) -> None:
    secret = await site.world.enrolled(ACCOUNT)
    path = await asks(site, template="challenge_notice", effects=(challenged("e1"),))
    page = await press_yes(site, path, code=site.world.code(secret))
    challenge = await site.world.service.challenge(challenged("e1").challenge_id)

    assert "You have confirmed with a code" in page.text
    assert challenge is not None
    assert challenge.state == "passed"


@pytest.mark.parametrize(
    ("template", "type", "shown"),
    [
        ("deny_notice", "transaction", None),
        ("change_notice", "account_change", Shown(kind="email_change")),
        ("hold_notice", "account_change", Shown(kind="phone_change")),
        ("change_notice", "account_change", Shown(kind="totp_replaced")),
        ("change_notice", "account_change", Shown()),
    ],
)
async def test_where_only_a_code_counts_a_yes_is_not_offered_without_one(
    site: Site, template: str, type: str, shown: Shown | None
) -> None:
    path = await asks(site, template=template, type=type, shown=shown or LOGIN)
    without = read(await site.browser.get(path))
    closed = await site.browser.get(f"{path}/yes")
    await site.world.enrolled(ACCOUNT)
    asked = read(await site.browser.get(f"{path}/yes"))
    token = asked.forms[0].fields["token"]
    by_hand = await site.browser.post(f"{path}/yes", data={"token": token, "sure": "yes"})

    assert not any(link.endswith("/yes") for link in without.links)
    assert closed.status_code == 410
    assert ["code" in form.fields for form in asked.forms] == [True]
    assert by_hand.status_code == 410
    assert await site.world.rows(answer_links) == []


async def test_a_password_change_may_be_answered_by_the_link(site: Site) -> None:
    path = await asks(
        site, template="change_notice", type="account_change", shown=Shown(kind="password_change")
    )

    assert (await press_yes(site, path)).headings[0] == "Thank you, noted"
