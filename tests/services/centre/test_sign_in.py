"""Entering by the wallet's own sign-in, with a provider on loopback: who gets in, and what keeps everybody else out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlparse

import httpx
import pytest
from joserfc.jwk import ECKey, OctKey

from services.api.application import server
from services.centre.sign_in import SignIn
from services.http.openid import PENDING_S, CodeFlow, Provider
from services.platform.embedded import free_port
from services.portal.tables import visits
from tests.services.centre.issuer import CLIENT, SECRET, Issuer
from tests.services.portal.reading import Page, read
from tests.services.portal.site import KEYS, URL, Site

BACK = "/my/signed-in"


@pytest.fixture
async def issuer(site: Site) -> AsyncIterator[Issuer]:
    """The provider, served, and the site that knows it."""
    port = free_port()
    made = Issuer(f"http://127.0.0.1:{port}", site.world.clock)
    web = server(made.app(), "127.0.0.1", port, own_signals=False)
    serving = asyncio.create_task(web.serve())
    while not web.started:  # noqa: ASYNC110 (it offers no event)
        await asyncio.sleep(0.01)
    async with httpx.AsyncClient(timeout=60.0) as client:
        provider = Provider(issuer=made.url, client_id=CLIENT, client_secret=SECRET)
        site.app.state.sign_in = SignIn(CodeFlow(provider, KEYS, f"{URL}{BACK}", site.world.clock, client))
        yield made
    web.should_exit = True
    await serving


async def begun(site: Site, issuer: Issuer, query: str = "") -> None:
    """The reader is at the provider, which knows what it was asked."""
    out = await site.browser.get(f"/my/sign-in{query}")
    assert out.status_code == 303
    issuer.asked = {
        name: values[0] for name, values in parse_qs(urlparse(out.headers["location"]).query).items()
    }


async def back(site: Site, issuer: Issuer, **more: str) -> httpx.Response:
    given = {"code": "good", "state": issuer.asked["state"]} | more
    return await site.browser.get(f"{BACK}?{urlencode(given)}")


async def home(site: Site) -> Page:
    return read(await site.browser.get("/my/centre"))


async def test_a_sign_in_at_the_wallet_opens_the_centre(site: Site, issuer: Issuer) -> None:
    await begun(site, issuer)
    arrived = await back(site, issuer)

    assert issuer.asked["code_challenge_method"] == "S256"
    assert arrived.headers["refresh"] == "0; url=/my/centre"
    assert (await home(site)).headings[0] == "Your wallet is safe"


async def test_when_the_owner_proved_who_they_are_is_kept(site: Site, issuer: Issuer) -> None:
    issuer.claims = {"auth_time": int(site.world.clock.at) - 7}
    await begun(site, issuer)
    await back(site, issuer)
    [visit] = await site.world.rows(visits)
    assert (visit["account_id"], visit["proved_at"]) == ("li", int(site.world.clock.at) - 7)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.example"},
        {"aud": "another"},
        {"aud": [CLIENT, "another"]},
        {"azp": "another"},
        {"nonce": "guessed"},
        {"nonce": None},
        {"exp": 1},
        {"exp": None},
        {"iat": 4_000_000_000},
        {"sub": None},
        {"sub": ""},
        {"sub": "."},
        {"sub": 7},
    ],
)
async def test_a_token_with_a_wrong_claim_lets_nobody_in(
    site: Site, issuer: Issuer, claims: dict[str, Any]
) -> None:
    issuer.claims = claims
    await begun(site, issuer)

    assert (await back(site, issuer)).status_code == 403
    assert (await site.browser.get("/my/centre")).status_code == 403


async def test_a_token_that_the_provider_did_not_sign_lets_nobody_in(site: Site, issuer: Issuer) -> None:
    issuer.published = ECKey.generate_key("P-256", {"kid": "one"})
    await begun(site, issuer)

    assert (await back(site, issuer)).status_code == 403


async def test_a_token_under_the_clients_own_secret_lets_nobody_in(site: Site, issuer: Issuer) -> None:
    issuer.published, issuer.key = issuer.key, OctKey.import_key(SECRET * 4)
    issuer.algorithm = "HS256"
    await begun(site, issuer)

    assert (await back(site, issuer)).status_code == 403


@pytest.mark.parametrize(
    "more",
    [
        {"state": "guessed"},
        {"state": ""},
        {"error": "access_denied"},
        {"code": ""},
        {"iss": "https://other.example"},
    ],
)
async def test_an_answer_that_was_not_asked_for_lets_nobody_in(
    site: Site, issuer: Issuer, more: dict[str, str]
) -> None:
    await begun(site, issuer)

    assert (await back(site, issuer, **more)).status_code == 403
    assert (await site.browser.get("/my/centre")).status_code == 403


@pytest.mark.parametrize("cookie", ["", "x", "00.00", "ä"])
async def test_without_its_cookie_an_answer_is_of_somebody_elses_sign_in(
    site: Site, issuer: Issuer, cookie: str
) -> None:
    await begun(site, issuer)
    site.browser.cookies.clear()
    headers = {b"cookie": f"payguard-sign-in={cookie}".encode()}
    answer = await site.browser.get(f"{BACK}?code=good&state={issuer.asked['state']}", headers=headers)

    assert answer.status_code == 403


async def test_a_sign_in_that_took_too_long_is_over(site: Site, issuer: Issuer) -> None:
    await begun(site, issuer)
    site.world.clock.at += PENDING_S + 1

    assert (await back(site, issuer)).status_code == 403


async def test_a_provider_that_is_away_is_said_to_be(site: Site) -> None:
    provider = Provider(issuer=f"http://127.0.0.1:{free_port()}", client_id=CLIENT, client_secret=SECRET)
    site.app.state.sign_in = SignIn(CodeFlow(provider, KEYS, f"{URL}{BACK}", site.world.clock))
    answer = await site.browser.get("/my/sign-in")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert "sign-in cannot be reached" in read(answer).text
    assert "/my/sign-in" in read(answer).links


async def test_without_a_provider_there_is_no_such_page(site: Site) -> None:
    assert (await site.browser.get("/my/sign-in")).status_code == 404
    assert (await site.browser.get(BACK)).status_code == 404


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("", "/my/centre"),
        ("?page=cases", "/my/centre/cases"),
        ("?page=report&kind=dispute&about=e1", "/my/centre/report/dispute?about=e1"),
        ("?page=https://evil.example", "/my/centre"),
        ("?page=//evil.example&kind=x", "/my/centre"),
        ("?page=../open", "/my/centre"),
        ("?page=answer", "/my/centre"),
    ],
)
async def test_a_sign_in_leads_on_to_a_page_of_the_centre_and_nowhere_else(
    site: Site, issuer: Issuer, query: str, path: str
) -> None:
    await begun(site, issuer, query)
    arrived = await back(site, issuer)

    assert arrived.headers["refresh"] == f"0; url={path}"
    assert path in read(arrived).links


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        ("access_denied", 403, "was not finished"),
        ("login_required", 403, "did not let you through"),
        ("something_new", 403, "did not let you through"),
        ("temporarily_unavailable", 503, "cannot be reached"),
        ("unauthorized_client", 403, "do not fit together"),
    ],
)
async def test_what_the_provider_says_is_told_in_words_with_a_way_on(
    site: Site, issuer: Issuer, error: str, status: int, said: str
) -> None:
    await begun(site, issuer)
    answer = await back(site, issuer, error=error, code="", error_description="<b>secret</b>")
    page = read(answer)

    assert (answer.status_code, said in page.text, "secret" in page.text) == (status, True, False)
    assert ("/my/sign-in" in page.links) == (error != "unauthorized_client")
    assert "Lock my wallet" in page.text


@pytest.mark.parametrize(
    ("error", "said"), [("invalid_client", "do not fit together"), ("invalid_grant", "was used before")]
)
async def test_a_code_that_is_not_taken_is_told_by_its_cause(
    site: Site, issuer: Issuer, error: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    issuer.refuses = error
    await begun(site, issuer)
    answer = await back(site, issuer)

    assert (answer.status_code, said in read(answer).text) == (403, True)
    assert (error in caplog.text) == (error == "invalid_client")
    assert "good" not in caplog.text
