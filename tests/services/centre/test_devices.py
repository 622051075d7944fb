"""Devices and sessions: what is listed, what a press asks of the wallet, and what the stream learns of it."""

from __future__ import annotations

import pytest
from msgspec import json

from contracts.events import OwnerAct
from contracts.ports import Shard
from contracts.profile import Profile
from services.activity.repository import ActivityStore
from services.cases.tables import outbox
from services.memory.codec import pack
from services.wallet.actions import Result, WalletAction
from services.wallet.feed import publish
from tests.services.cases.databases import database_url  # noqa: F401  SQLite, and PostgreSQL too
from tests.services.centre.lived import DAY_S, LAPTOP, PHONE, STRANGER, live, row
from tests.services.centre.made import NAMES
from tests.services.portal.reading import Page, read
from tests.services.portal.site import Site

LIST = "/my/centre/devices"


def key(device: str) -> str:
    return NAMES.key_of("device", device).hex()


async def opened(site: Site, **more: str) -> Page:
    await live(site.world.database, site.world.clock.at)
    await site.open("centre", **more)
    return read(await site.browser.get(LIST))


async def remember(site: Site, *names: str) -> None:
    """The stream knows these devices as li's, seen now."""
    profile = Profile()
    for name in names:
        profile.devices.see(NAMES.key_of("device", name), site.world.clock.at, 10)
    await site.app.state.centre.known._store.save([(Shard(1, 0), [("li", 1, pack(profile))])], None)


async def press(site: Site, page: Page, do: str, device: str = "") -> Page:
    token = page.forms[0].fields["token"]
    data = {"token": token, "do": do, "device": key(device) if device else ""}
    return read(await site.browser.post(LIST, data=data, follow_redirects=True))


async def asked(site: Site) -> list[str]:
    rows = sorted(await site.world.rows(outbox), key=lambda each: each["id"])
    return [each["payload"].split('"kind":"')[1].split('"')[0] for each in rows if each["kind"] == "action"]


async def test_each_device_says_when_where_and_since(site: Site) -> None:
    page = await opened(site, device_id=LAPTOP)

    assert page.text.count("This device") == 1
    assert "Android device, Chrome" in page.text
    assert "Near Kuala Lumpur, Malaysia" in page.text
    assert page.text.count("Not mine") == 2
    assert "/my/centre/not-mine?about=l2" in page.links


async def test_trust_is_what_the_stream_knows_and_its_end_is_said(site: Site) -> None:
    await remember(site, PHONE)
    page = await opened(site)

    assert page.text.count("Trusted until") == 1
    assert page.text.count("Not trusted") == 2


async def test_signing_one_out_asks_the_wallet_once(site: Site) -> None:
    page = await opened(site)
    await press(site, page, "out", STRANGER)
    after = await press(site, page, "out", STRANGER)

    assert await asked(site) == ["revoke_device"]
    assert after.headings == ["Devices", "Not signed out", "Sign out everywhere", "Signed out"]


async def test_a_device_given_up_is_gone_from_the_list_and_the_stream_learns_of_it(site: Site) -> None:
    page = await opened(site)
    after = await press(site, page, "forget", STRANGER)
    [event] = await site.world.sent()

    assert await asked(site) == ["revoke_device", "forget_device"]
    assert isinstance(event, OwnerAct)
    assert (event.act, event.gone_device) == ("forget_device", key(STRANGER))
    assert after.headings[-1] == "Removed"
    assert "Android" not in after.text.split("Removed Android")[0]


async def heard(site: Site, result: Result) -> None:
    """The wallet reads every action that waits for it, and answers each."""
    waiting = [
        json.decode(row["payload"], type=WalletAction)
        for row in await site.world.rows(outbox)
        if row["kind"] == "action"
    ]
    async with site.world.database.begin() as connection:
        await publish(connection, waiting, site.world.clock.at)
    for action in waiting:
        await site.app.state.actions.acknowledge(action.action_id, result, "key:wallet")


@pytest.mark.parametrize(
    ("result", "said", "again"),
    [
        (None, "It has not confirmed yet", True),
        ("done", "Your wallet has signed it out and trusts it no more", False),
        ("already", "Your wallet has signed it out and trusts it no more", False),
        ("failed", "could not do this", False),
    ],
)
async def test_what_the_wallet_says_of_a_device_that_was_removed_is_told(
    site: Site, result: Result | None, said: str, again: bool
) -> None:
    await press(site, await opened(site), "forget", STRANGER)
    if result is not None:
        await heard(site, result)
    answer = await site.browser.get(LIST)
    listed = (await site.wallet.get("/v1/accounts/li/devices")).json()

    assert said in read(answer).text
    assert ("refresh" in answer.headers) == again
    assert [(each["key"], each["failed"]) for each in listed["given_up"]] == [
        (key(STRANGER), result == "failed")
    ]
    assert (listed["given_up"][0]["confirmed_at"] is not None) == (result in ("done", "already"))


async def test_a_sign_out_is_told_until_and_after_the_wallet_confirms_it(site: Site) -> None:
    asked_for = await press(site, await opened(site), "out", STRANGER)
    await heard(site, "done")

    assert "We asked your wallet to sign it out" in asked_for.text
    assert "Your wallet has signed it out" in read(await site.browser.get(LIST)).text


async def test_a_removed_device_is_shown_for_14_days(site: Site) -> None:
    await press(site, await opened(site), "forget", STRANGER)
    site.world.clock.at += 14.1 * DAY_S
    await site.open("centre")

    assert "Removed" not in read(await site.browser.get(LIST)).headings


async def test_a_device_given_up_and_used_again_is_listed_again(site: Site) -> None:
    page = await opened(site)
    await press(site, page, "forget", STRANGER)
    store = ActivityStore(site.world.database, {"money": 400, "access": 400}, site.world.clock)
    await store.write([row("again", site.world.clock.at, "login", STRANGER, outcome="success")])

    assert "Android" in read(await site.browser.get(LIST)).text


async def test_signing_out_everywhere_is_one_act_of_the_account(site: Site) -> None:
    page = await opened(site)
    after = await press(site, page, "everywhere")

    assert await asked(site) == ["revoke_sessions"]
    assert after.headings == ["Devices", "Signed out"]


@pytest.mark.parametrize("do", ["out", "forget", "nonsense"])
async def test_a_device_of_another_account_is_nobodys_here(site: Site, do: str) -> None:
    await live(site.world.database, site.world.clock.at)
    await site.open("centre", account_id="wang")
    token = read(await site.browser.get("/my/centre/lock")).forms[0].fields["token"]
    await site.browser.post(LIST, data={"token": token, "do": do, "device": key(PHONE)})

    assert await asked(site) == []
    assert "No device yet" in read(await site.browser.get(LIST)).headings
