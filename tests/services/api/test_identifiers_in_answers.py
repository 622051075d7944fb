"""Where PayGuard answers an address or a label, it leads back to the identifier that it was made for."""

from __future__ import annotations

from urllib.parse import quote

import httpx
import pyotp
import pytest

from services.platform.metrics import REGISTRY
from tests.services.api.test_identifiers_everywhere import NASTY
from tests.services.api.world import World, a_login
from tests.services.portal.reading import read


@pytest.fixture
async def client(world: World) -> httpx.AsyncClient:
    key, _ = await world.keys.create("all", ["admin"])
    world.client.headers["Authorization"] = f"Bearer {key}"
    return world.client


@pytest.mark.parametrize("account", NASTY)
async def test_an_enrolment_leads_to_its_own_qr_code_and_label(
    client: httpx.AsyncClient, world: World, account: str
) -> None:
    path = f"/v1/accounts/{quote(account, safe='')}/totp"
    begun = await client.post(path, json={"proved_at": int(world.clock.at * 1000)})
    drawn = await client.get(begun.json()["qr_url"])
    code = pyotp.TOTP(begun.json()["secret"]).at(int(world.clock.at))
    confirmed = await client.post(f"{path}/confirm", json={"code": code})

    assert (201, account) == (begun.status_code, begun.json()["account_id"])
    assert account == pyotp.parse_uri(begun.json()["otpauth_uri"]).name
    assert (200, "image/svg+xml") == (drawn.status_code, drawn.headers["content-type"])
    assert (200, "confirmed") == (confirmed.status_code, confirmed.json()["result"])
    assert "active" == (await client.get(path)).json()["state"]


@pytest.mark.parametrize("account", NASTY)
async def test_a_link_opens_pages_for_the_account_whose_names_they_do_not_say(
    client: httpx.AsyncClient, world: World, account: str
) -> None:
    wanted = {"account_id": account, "purpose": "enrol", "proved_at": int(world.clock.at * 1000)}
    link = await client.post("/v1/links", json=wanted)
    assert 201 == link.status_code, link.text
    landing = read(await client.get(link.json()["url"]))
    form = landing.form("/my/open")
    opened = await client.post(form.action, data=form.fields, follow_redirects=True)

    assert (200, "/my/factor") == (opened.status_code, opened.url.path)
    assert account not in link.json()["url"] or len(account) < 3


@pytest.mark.parametrize("name", NASTY)
async def test_the_address_of_a_decision_leads_to_it(
    client: httpx.AsyncClient, world: World, name: str
) -> None:
    sent = await world.post(a_login(name, account_id=name))
    fetched = await client.get(sent.json()["results"][0]["decision_url"])
    of_account = await client.get(f"/v1/decisions/{quote(name, safe='')}", params={"account_id": name})

    assert [200, 200] == [fetched.status_code, of_account.status_code]
    assert (name, name) == (fetched.json()["event_id"], fetched.json()["account_id"])


async def test_no_identifier_is_in_the_metrics(client: httpx.AsyncClient, world: World) -> None:
    names = [f"nobody-else-{number}-{name}"[:128] for number, name in enumerate(NASTY)]
    for name in names:
        await world.post(a_login(name, account_id=name, device_id=name))
        await client.get(f"/v1/accounts/{quote(name, safe='')}/totp")
        await client.get(f"/v1/challenges/{quote(name, safe='')}/grant")
    told = (await client.get("/metrics")).text

    assert "payguard_http_events_total" in told
    assert "nobody-else" not in told
    assert not [
        sample for metric in REGISTRY.collect() for sample in metric.samples if "nobody-else" in str(sample)
    ]
