"""`POST /v1/links`, for the wallet's backend."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.portal.tables import visits
from tests.services.portal.reading import read
from tests.services.portal.site import URL, Site


async def test_a_link_is_short_lived_kept_by_nobody_and_names_nobody(site: Site) -> None:
    await site.world.issue("challenge-77")
    wanted = {
        "account_id": "li",
        "purpose": "challenge",
        "challenge_id": "challenge-77",
        "device_id": "phone",
    }
    answer = await site.wallet.post("/v1/links", json=wanted)

    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert answer.json()["expires_at"] == "2027-01-15T08:05:00Z"
    url = answer.json()["url"]
    assert url.startswith(f"{URL}/my/open/")
    assert not any(name in url for name in ("li/", "challenge-77", "phone"))


async def test_a_link_to_a_challenge_of_somebody_else_is_not_made(site: Site) -> None:
    await site.world.issue("c1", "wang")
    answers = [
        await site.wallet.post(
            "/v1/links", json={"account_id": "li", "purpose": "challenge", "challenge_id": challenge_id}
        )
        for challenge_id in ("c1", "nobody-issued-it")
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert len({answer.text for answer in answers}) == 1
    assert await site.world.rows(visits) == []


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"account_id": "li"},
        {"account_id": "", "purpose": "factor"},
        {"account_id": "l\x00i", "purpose": "factor"},
        {"account_id": "x" * 129, "purpose": "factor"},
        {"account_id": "\ud800", "purpose": "factor"},
        {"account_id": "li", "purpose": "pay"},
        {"account_id": "li", "purpose": "challenge"},
        {"account_id": "li", "purpose": "factor", "challenge_id": "c1"},
        {"account_id": "li", "purpose": "enrol"},
        {"account_id": "li", "purpose": "enrol", "proved_at": "now"},
        {"account_id": "li", "purpose": "enrol", "proved_at": 1e400},
        {"account_id": "li", "purpose": "factor", "ip": "<script>"},
        {"account_id": "li", "purpose": "factor", "ip": "::::"},
        {"account_id": "li", "purpose": "factor", "ip": "1.2.3"},
        {"account_id": "li", "purpose": "factor", "device_id": "x" * 129},
        {"account_id": "li", "purpose": "factor", "locale": "fr"},
        {"account_id": "li", "purpose": "factor", "amount": "1.00"},
    ],
)
async def test_any_other_request_is_malformed(site: Site, wanted: dict[str, Any]) -> None:
    answer = await site.wallet.post("/v1/links", content=json.dumps(wanted))

    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


async def test_a_password_proved_in_seconds_is_taken_and_warned_of(site: Site) -> None:
    at = site.world.clock.at
    answers = [
        await site.wallet.post("/v1/links", json={"account_id": "li", "purpose": "enrol", "proved_at": given})
        for given in (at, at * 1000, "2027-01-15T08:00:00Z")
    ]

    assert [answer.status_code for answer in answers] == [201, 201, 201]
    told = [[warning["code"] for warning in answer.json()["warnings"]] for answer in answers]
    assert told == [["time_in_seconds"], [], []]
    assert {row["proved_at"] for row in await site.world.rows(visits)} == {at}


async def test_a_link_needs_a_key_of_scope_verify(site: Site) -> None:
    other, _ = await site.app.state.keys.create("events", ["ingest"])
    wanted = {"account_id": "li", "purpose": "factor"}

    assert (await site.browser.post("/v1/links", json=wanted)).status_code == 401
    headers = {"authorization": f"Bearer {other}"}
    assert (await site.browser.post("/v1/links", json=wanted, headers=headers)).status_code == 403


@pytest.mark.parametrize(
    ("wanted", "path"),
    [
        ({"purpose": "centre"}, "/my/centre"),
        ({"purpose": "centre", "page": "overview"}, "/my/centre"),
        ({"purpose": "centre", "page": "cases"}, "/my/centre/cases"),
        ({"purpose": "centre", "page": "activity"}, "/my/centre/activity"),
        ({"purpose": "centre", "page": "report", "kind": "dispute"}, "/my/centre/report/dispute"),
        (
            {"purpose": "centre", "page": "answer", "about_event_id": "a/b?c#d &e"},
            "/my/centre/answer?about=a%2Fb%3Fc%23d%20%26e",
        ),
        ({"purpose": "report", "kind": "top_up_missing"}, "/my/centre/report/top_up_missing"),
        ({"purpose": "report", "about_event_id": "e1"}, "/my/centre/report?about=e1"),
        ({"purpose": "case"}, "/my/centre/cases"),
    ],
)
async def test_a_link_leads_to_the_page_that_the_wallet_named(
    site: Site, wanted: dict[str, Any], path: str
) -> None:
    link = await site.link(**wanted)
    shown = read(await site.browser.get(link))
    opened = await site.browser.post("/my/open", data=shown.form("/my/open").fields)

    assert (opened.status_code, opened.headers["location"]) == (303, path)


@pytest.mark.parametrize(
    "wanted",
    [
        {"purpose": "centre", "page": "https://evil.example"},
        {"purpose": "centre", "page": "//evil.example"},
        {"purpose": "centre", "page": "../../open"},
        {"purpose": "centre", "page": ""},
        {"purpose": "centre", "page": "answer"},
        {"purpose": "centre", "page": "activity", "about_event_id": "e1"},
        {"purpose": "centre", "page": "activity", "kind": "dispute"},
        {"purpose": "centre", "page": "report", "kind": "risk"},
        {"purpose": "centre", "kind": "dispute"},
        {"purpose": "centre", "about_event_id": "e1"},
        {"purpose": "factor", "page": "activity"},
        {"purpose": "report", "page": "report"},
        {"purpose": "case", "kind": "dispute"},
        {"purpose": "factor", "kind": "dispute"},
    ],
)
async def test_a_link_leads_to_no_other_page_and_to_no_address(site: Site, wanted: dict[str, Any]) -> None:
    answer = await site.wallet.post("/v1/links", json={"account_id": "li", **wanted})

    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert await site.world.rows(visits) == []


async def test_where_a_link_leads_is_under_its_signature(site: Site) -> None:
    link = await site.link("centre", page="cases")
    async with site.world.database.begin() as connection:
        await connection.execute(visits.update().values(page="centre/lock"))

    assert (await site.browser.get(link)).status_code == 410
