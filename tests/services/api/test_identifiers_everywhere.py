"""An identifier is the same in every route, or refused with the rule where it comes first."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from services.api.application import openapi_document
from tests.services.api.world import World, a_login

NASTY = [
    "a/b", "auth0|618", "{x}", "a b", " lead", "trail ", "a?b#c", "a%2Fb", "%2F", "%00", "%", "...", "../etc",
    "a//b", "/", "a\\b", "a:b;c,d=e&f+g", "SUB=m, ISS=https://id.example/realms/c", "😀用户", "é", "NULL", "x" * 128,
    "用" * 128, "'\"<script>", "[/]",
]  # fmt: skip
REFUSED = ["new\nline", "\x00", "\x1f", "tab\there", "\x7f", "\u2028", "\u202e", "x" * 129]


@pytest.mark.parametrize("account", NASTY)
async def test_an_account_of_any_printable_name_works_in_its_routes(world: World, account: str) -> None:
    key, _ = await world.keys.create("all", ["admin"])
    world.client.headers["Authorization"] = f"Bearer {key}"
    path = f"/v1/accounts/{quote(account, safe='')}"
    contact = {"email": "u@example.com", "locale": "en", "time_zone": "Asia/Shanghai"}

    event = await world.post(a_login(account, account_id=account), "?wait=decision")
    decision = await world.client.get(f"/v1/decisions/{quote(account, safe='')}")
    told = await world.client.put(f"{path}/contact", json=contact)
    factor = await world.client.get(f"{path}/totp")

    assert [200, 200, 204, 200] == [each.status_code for each in (event, decision, told, factor)]
    assert [account, account] == [decision.json()["account_id"], factor.json()["account_id"]]


@pytest.mark.parametrize("account", REFUSED)
async def test_what_cannot_be_kept_is_refused_at_the_first_event_and_in_every_path(
    world: World, account: str
) -> None:
    key, _ = await world.keys.create("all", ["admin"])
    world.client.headers["Authorization"] = f"Bearer {key}"
    event = await world.post(a_login(account_id=account))
    factor = await world.client.get(f"/v1/accounts/{quote(account, safe='')}/totp")
    assert [400, 400] == [event.status_code, factor.status_code]


@pytest.mark.parametrize("segment", ["%ff", "%c3%28", "%ed%a0%80"])
async def test_what_is_no_text_is_no_identifier(world: World, segment: str) -> None:
    key, _ = await world.keys.create("all", ["admin"])
    headers = {"Authorization": f"Bearer {key}"}
    for path in ("/v1/accounts/{}/totp", "/v1/cases/{}", "/v1/challenges/{}", "/v1/decisions/{}"):
        answer = await world.client.get(path.format(segment), headers=headers)
        assert (400, "urn:payguard:problem:identifier") == (answer.status_code, answer.json()["type"]), path


@pytest.mark.parametrize("name", NASTY)
async def test_every_route_takes_a_nasty_identifier_as_one_segment(world: World, name: str) -> None:
    """It answers about it, or that there is none; never that there is no such route."""
    key, _ = await world.keys.create("all", ["admin"])
    headers = {"Authorization": f"Bearer {key}"}
    for path, operations in openapi_document()["paths"].items():
        for method in operations if "{" in path and path.startswith("/v1/") else ():
            asked = "/".join(
                quote(name, safe="") if part.startswith("{") else part for part in path.split("/")
            )
            answer = await world.client.request(method, asked, headers=headers, json={})
            if answer.status_code == 404:
                assert "urn:payguard:problem:not_found" != answer.json()["type"], (method, path)
            assert answer.status_code not in (405, 500), (method, path)


@pytest.mark.parametrize("account", [".", ".."])
async def test_a_name_that_clients_and_proxies_take_out_of_paths_is_refused_at_the_first_event(
    world: World, account: str
) -> None:
    answer = await world.post(a_login(account_id=account))
    assert 400 == answer.status_code
    assert "is not . or .." in answer.json()["results"][0]["detail"]
