"""The first page of the centre: one sentence, one thing to do, and what was answered stays in sight."""

from __future__ import annotations

import pytest

from contracts.decisions import effect_id
from contracts.events import OwnerAct, Settlement, UserReport
from services.cases import holds
from services.cases.hold_tables import account_holds, held_payments
from services.cases.tables import notices
from services.wallet.actions import WalletAction
from services.wallet.feed import publish
from tests.services.centre.lived import DAY_S, LAPTOP, STRANGER, held, live
from tests.services.portal.reading import Page, read
from tests.services.portal.site import Site

HOME = "/my/centre"


async def home(site: Site) -> Page:
    return read(await site.browser.get(HOME))


async def acknowledged(site: Site) -> None:
    """The wallet does what it was told."""
    [hold] = await site.world.rows(account_holds)
    action = WalletAction(
        action_id=hold["hold_id"], kind="freeze", account_id="li", event_id=hold["event_id"], at=1.0
    )
    async with site.world.database.begin() as connection:
        await publish(connection, [action], site.world.clock.at)
    await site.app.state.actions.acknowledge(hold["hold_id"], "done", "key:wallet")


async def test_a_quiet_account_is_well_and_says_what_was_looked_at(site: Site) -> None:
    await live(site.world.database, site.world.clock.at)
    page = await site.open("centre")

    assert page.headings[0] == "Your wallet is safe"
    assert "We looked at 7 events in the last 30 days" in page.text
    assert "Signed in on iPhone or iPad, Safari" in page.text
    assert "3 devices in 90 days" in page.text


async def test_one_press_locks_the_wallet_and_tells_wallet_stream_and_owner(site: Site) -> None:
    page = await site.open("centre")
    shut = read(await site.send(read(await site.browser.get(f"{HOME}/lock")), f"{HOME}/lock"))
    [hold] = await site.world.rows(account_holds)
    [event] = await site.world.sent()

    assert f"{HOME}/lock" in page.links
    assert shut.headings[0] == "We are stopping outgoing money"
    assert isinstance(event, OwnerAct)
    assert (event.act, hold["hold_id"]) == ("lock", effect_id("li", event.event_id, "freeze"))
    assert [each["template"] for each in await site.world.rows(notices)] == ["account_locked"]


async def test_what_the_wallet_confirmed_is_said_with_its_time(site: Site) -> None:
    await site.open("centre")
    waiting = await site.send(read(await site.browser.get(f"{HOME}/lock")), f"{HOME}/lock")
    await acknowledged(site)
    locked = await site.browser.get(HOME)

    assert waiting.headers["refresh"] == "5"
    assert "has not confirmed it yet" in read(waiting).text
    assert "refresh" not in locked.headers
    assert read(locked).headings[0] == "Your wallet is locked"
    assert "Confirmed by your wallet at" in read(locked).text


async def test_locking_twice_is_one_lock(site: Site) -> None:
    await site.open("centre")
    page = read(await site.browser.get(f"{HOME}/lock"))
    await site.send(page, f"{HOME}/lock")
    await site.send(page, f"{HOME}/lock")

    assert len(await site.world.rows(account_holds)) == 1
    assert len(await site.world.sent()) == 1


async def test_a_code_unlocks_it_and_the_owner_is_told(site: Site) -> None:
    secret = await site.world.enrolled()
    before = len(await site.world.sent())
    await site.open("centre")
    await site.send(read(await site.browser.get(f"{HOME}/lock")), f"{HOME}/lock")
    open_again = read(await site.send(await home(site), f"{HOME}/unlock", code=site.world.code(secret)))
    lock, end = (await site.world.sent())[before:]

    assert open_again.headings[0] == "Your wallet is safe"
    assert isinstance(end, Settlement)
    assert (end.settles, end.outcome, end.about_event_id) == ("account", "released", lock.event_id)
    templates = [each["template"] for each in await site.world.rows(notices)]
    assert templates[-2:] == ["account_locked", "account_unfrozen"] or set(templates) >= {
        "account_locked",
        "account_unfrozen",
    }


@pytest.mark.parametrize("typed", ["", "nonsense", "000000"])
async def test_without_a_right_code_it_stays_locked(site: Site, typed: str) -> None:
    secret = await site.world.enrolled()
    await site.open("centre")
    await site.send(read(await site.browser.get(f"{HOME}/lock")), f"{HOME}/lock")
    typed = site.world.wrong(secret) if typed == "000000" else typed
    refused = read(await site.send(await home(site), f"{HOME}/unlock", code=typed))

    assert refused.title.startswith("That code was not accepted")
    assert (await site.world.rows(account_holds))[0]["released_at"] is None


async def test_without_a_factor_support_unlocks(site: Site) -> None:
    await site.open("centre")
    page = read(await site.send(read(await site.browser.get(f"{HOME}/lock")), f"{HOME}/lock"))

    assert "How it opens again" in page.headings
    assert [form.action for form in page.forms] == []


async def test_a_freeze_of_payguards_own_is_not_the_owners_to_end(site: Site) -> None:
    secret = await site.world.enrolled()
    async with site.world.database.begin() as connection:
        await holds.freeze(connection, "li", "e1", holds.DECISION, 1.0, site.world.clock.at)
    page = await site.open("centre")
    token = read(await site.browser.get(f"{HOME}/lock")).form(f"{HOME}/lock").fields["token"]
    code = {"token": token, "code": site.world.code(secret)}
    await site.browser.post(f"{HOME}/unlock", data=code)

    assert "How it opens again" in page.headings
    assert (await site.world.rows(account_holds))[0]["released_at"] is None


async def test_a_not_me_said_while_locked_leaves_the_end_to_support(site: Site) -> None:
    secret = await site.world.enrolled()
    await live(site.world.database, site.world.clock.at)
    await site.open("centre")
    await site.send(read(await site.browser.get(f"{HOME}/lock")), f"{HOME}/lock")
    wrong = read(await site.browser.get(f"{HOME}/not-mine?about=l2"))
    page = read(await site.send(wrong, f"{HOME}/not-mine"))
    token = wrong.form(f"{HOME}/not-mine").fields["token"]
    await site.browser.post(f"{HOME}/unlock", data={"token": token, "code": site.world.code(secret)})

    assert "Unlock" not in page.headings
    assert (await site.world.rows(account_holds))[0]["released_at"] is None


async def test_a_payment_that_waits_is_the_one_thing_to_do(site: Site) -> None:
    await site.world.enrolled()
    await held(site.world.database, site.world.clock.at)
    page = await site.open("centre")

    assert page.headings[0] == "A payment waits for your answer"
    assert all(
        each in page.text for each in ("CNY 18,000.00", "chen-wei-4471", "never paid before", "Kuala Lumpur")
    )
    assert [link for link in page.links if "held" in link] == [
        f"{HOME}/not-mine?about=held",
        f"{HOME}/confirm?about=held",
    ]


async def test_yes_with_a_code_lets_it_go(site: Site) -> None:
    secret = await site.world.enrolled()
    await held(site.world.database, site.world.clock.at)
    await site.open("centre")
    asked = read(await site.browser.get(f"{HOME}/confirm?about=held"))
    page = read(await site.send(asked, f"{HOME}/confirm", code=site.world.code(secret)))
    [payment] = await site.world.rows(held_payments)

    assert (payment["state"], payment["settled_by"]) == ("released", "owner")
    assert [each.proof for each in await site.world.sent() if isinstance(each, UserReport)] == ["code"]
    assert page.headings[0] == "Your wallet is safe"
    assert "“It was me”" in page.text


async def test_yes_with_a_wrong_code_changes_nothing(site: Site) -> None:
    secret = await site.world.enrolled()
    await held(site.world.database, site.world.clock.at)
    await site.open("centre")
    asked = read(await site.browser.get(f"{HOME}/confirm?about=held"))
    refused = read(await site.send(asked, f"{HOME}/confirm", code=site.world.wrong(secret)))

    assert refused.title.startswith("That code was not accepted")
    assert (await site.world.rows(held_payments))[0]["state"] == "held"


@pytest.mark.parametrize(("device", "state"), [(LAPTOP, "released"), (STRANGER, "held"), (None, "held")])
async def test_without_a_factor_a_session_vouches_only_for_another_device(
    site: Site, device: str | None, state: str
) -> None:
    await held(site.world.database, site.world.clock.at)
    await site.open("centre", **({} if device is None else {"device_id": device}))
    asked = read(await site.browser.get(f"{HOME}/confirm?about=held"))
    token = read(await site.browser.get(f"{HOME}/lock")).form(f"{HOME}/lock").fields["token"]
    await site.browser.post(f"{HOME}/confirm", data={"token": token, "about": "held"})

    assert (await site.world.rows(held_payments))[0]["state"] == state
    assert (f"{HOME}/confirm" in [form.action for form in asked.forms]) == (state == "released")


async def test_no_stops_money_at_once_and_can_be_taken_back(site: Site) -> None:
    secret = await site.world.enrolled()
    await held(site.world.database, site.world.clock.at)
    await site.open("centre")
    page = read(
        await site.send(read(await site.browser.get(f"{HOME}/not-mine?about=held")), f"{HOME}/not-mine")
    )
    [hold] = await site.world.rows(account_holds)
    back = read(await site.send(page, f"{HOME}/undo", code=site.world.code(secret)))

    assert page.headings[0] == "We are stopping outgoing money"
    assert "It was you after all?" in page.headings
    assert "“It wasn’t me”" in page.text
    assert hold["placed_by"] == "owner"
    assert (await site.world.rows(account_holds))[0]["released_at"] is not None
    assert back.headings[0] == "A payment waits for your answer"


async def test_no_may_be_said_again_after_it_was_taken_back(site: Site) -> None:
    secret = await site.world.enrolled()
    await held(site.world.database, site.world.clock.at)
    await site.open("centre")
    page = read(
        await site.send(read(await site.browser.get(f"{HOME}/not-mine?about=held")), f"{HOME}/not-mine")
    )
    await site.send(page, f"{HOME}/undo", code=site.world.code(secret))
    await site.send(read(await site.browser.get(f"{HOME}/not-mine?about=held")), f"{HOME}/not-mine")

    assert [hold["released_at"] is None for hold in await site.world.rows(account_holds)].count(True) == 1


async def test_a_challenge_can_be_passed_here(site: Site) -> None:
    secret = await site.world.enrolled()
    await site.world.issue("c1")
    page = await site.open("centre")
    asked = read(await site.browser.get(f"{HOME}/confirm?about=event-c1"))
    await site.send(asked, f"{HOME}/confirm", code=site.world.code(secret))
    found = await site.world.service.challenge("c1")

    assert "CNY 412.00" in page.text
    assert found is not None
    assert found.state == "passed"


async def test_an_answer_stays_in_sight_for_14_days(site: Site) -> None:
    await held(site.world.database, site.world.clock.at)
    await site.open("centre")
    await site.send(read(await site.browser.get(f"{HOME}/not-mine?about=held")), f"{HOME}/not-mine")
    site.world.clock.at += 13.9 * DAY_S
    shown = await site.open("centre")
    site.world.clock.at += 0.2 * DAY_S

    assert "CNY 18,000.00 to chen-wei-4471" in shown.text
    assert "You answered" not in (await site.open("centre")).headings


@pytest.mark.parametrize("path", ["not-mine", "confirm"])
async def test_an_event_of_another_account_is_not_known_here(site: Site, path: str) -> None:
    await held(site.world.database, site.world.clock.at)
    await site.open("centre", account_id="wang")

    assert (await site.browser.get(f"{HOME}/{path}?about=held")).status_code == 404
    assert (await site.browser.get(f"{HOME}/{path}?about=nothing")).status_code == 404


@pytest.mark.parametrize("path", ["lock", "unlock", "undo", "not-mine", "confirm"])
async def test_a_form_of_another_site_does_nothing(site: Site, path: str) -> None:
    await held(site.world.database, site.world.clock.at)
    await site.open("centre")
    answer = await site.browser.post(
        f"{HOME}/{path}", data={"token": "0" * 32, "about": "held", "code": "123456"}
    )

    assert answer.status_code == 403
    assert await site.world.rows(account_holds) == []
