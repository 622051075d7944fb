"""A device that is trusted with a "yes": with a code alone, once, and only one that is known and can be recognised."""

from __future__ import annotations

import pytest

from contracts.events import OwnerAct
from services.activity.repository import ActivityStore
from tests.services.answers.asking import ACCOUNT, asks
from tests.services.answers.test_yes_pages import press_yes
from tests.services.centre.lived import STRANGER, held, live, row, told_of
from tests.services.centre.made import NAMES
from tests.services.portal.reading import read
from tests.services.portal.site import Site

KEY = NAMES.key_of("device", STRANGER).hex()


async def happened(site: Site, event_id: str = "e1", device: str | None = STRANGER) -> None:
    """The event's row of activity."""
    store = ActivityStore(site.world.database, {"money": 400, "access": 400}, site.world.clock)
    one = row(event_id, site.world.clock.at, "transaction", device, kind="payment", outcome="requested")
    await store.write([one._replace(account_id=ACCOUNT)])


async def trusted(site: Site) -> list[str | None]:
    return [each.trusted_device for each in await site.world.sent() if isinstance(each, OwnerAct)]


@pytest.mark.parametrize(("typed", "wanted"), [({"trust": "yes"}, [KEY]), ({}, []), ({"trust": "no"}, [])])
async def test_a_yes_with_a_code_trusts_the_device_where_its_owner_ticks_so(
    site: Site, typed: dict[str, str], wanted: list[str]
) -> None:
    secret = await site.world.enrolled(ACCOUNT)
    path = await asks(site)
    await happened(site)
    asked = read(await site.browser.get(f"{path}/yes"))
    await press_yes(site, path, code=site.world.code(secret), **typed)

    assert "Trust this device for 90 days Android device, Chrome" in asked.text
    assert "trust" not in asked.forms[0].fields
    assert await trusted(site) == wanted


async def test_a_wrong_code_trusts_nothing_and_the_link_alone_cannot(site: Site) -> None:
    secret = await site.world.enrolled(ACCOUNT)
    path = await asks(site)
    await happened(site)
    await press_yes(site, path, code=site.world.wrong(secret), trust="yes")
    await press_yes(site, path, sure="yes", trust="yes")

    assert await trusted(site) == []


@pytest.mark.parametrize("device", [None, "one that says nothing of itself"])
async def test_a_device_that_nobody_can_recognise_is_not_offered(site: Site, device: str | None) -> None:
    await site.world.enrolled(ACCOUNT)
    path = await asks(site)
    await happened(site, device=device)

    assert "Trust this device" not in read(await site.browser.get(f"{path}/yes")).text


async def test_in_the_centre_a_code_trusts_it_too_and_giving_it_up_ends_that(site: Site) -> None:
    secret = await site.world.enrolled()
    await held(site.world.database, site.world.clock.at)
    await site.open("centre")
    asked = read(await site.browser.get("/my/centre/confirm?about=held"))
    await site.send(asked, "/my/centre/confirm", code=site.world.code(secret), trust="yes")
    devices = read(await site.browser.get("/my/centre/devices"))
    data = {"token": devices.forms[0].fields["token"], "do": "forget", "device": KEY}
    await site.browser.post("/my/centre/devices", data=data)
    acts = [each for each in await site.world.sent() if isinstance(each, OwnerAct)]

    assert [each.act for each in acts] == ["trust_device", "forget_device"]
    assert acts[0].trusted_device == acts[1].gone_device == KEY


@pytest.mark.parametrize(("device", "wanted"), [("li-laptop", [KEY]), (STRANGER, [])])
async def test_a_session_trusts_only_where_it_may_say_yes(site: Site, device: str, wanted: list[str]) -> None:
    await told_of(site.world.database, "l2", site.world.clock.at)
    await live(site.world.database, site.world.clock.at)
    await site.open("centre", device_id=device)
    token = read(await site.browser.get("/my/centre/lock")).forms[0].fields["token"]
    await site.browser.post("/my/centre/confirm", data={"token": token, "about": "l2", "trust": "yes"})

    assert await trusted(site) == wanted
