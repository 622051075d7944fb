"""What a browser keeps of a session of the desk, and what is left of it after the end."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from services.mfa.totp import code_of, step_at
from tests.services.desk.browser import COOKIE, Browser, DeskClients
from tests.services.desk.made import PASSWORD, SECRET, hired


async def entered(clients: DeskClients, browser: Browser) -> httpx.Response:
    """What is answered to a right sign-in as min."""
    page = await browser.page("/desk/sign-in")
    code = code_of(SECRET, step_at(clients.desk.clock()))
    return await browser.send(page, "/desk/sign-in", name="min", password=PASSWORD, code=code)


@pytest.mark.parametrize(
    ("url", "begins", "path"),
    [
        ("http://payguard", "payguard-desk=", "Path=/desk"),
        ("https://payguard", "__Host-payguard-desk=", "Path=/"),
    ],
)
async def test_the_cookie_of_a_session_is_for_this_host_and_no_script(
    desk_client: DeskClients, stranger: Browser, url: str, begins: str, path: str
) -> None:
    await hired(desk_client.desk.staff, "agent", "min")
    desk_client.world.app.state.desk = replace(desk_client.desk, url=url)
    kept = (await entered(desk_client, stranger)).headers.get_list("set-cookie")
    cookie = next(each for each in kept if each.startswith(begins))
    parts = [each.strip() for each in cookie.split(";")]

    assert len(parts[0].partition("=")[2]) == 43
    assert {"HttpOnly", "SameSite=lax", path} <= set(parts)
    assert ("Secure" in parts) == url.startswith("https")
    assert not [each for each in parts if each.startswith("Domain")]


async def test_signing_out_ends_the_session_and_what_the_browser_kept(desk_client: DeskClients) -> None:
    browser = await desk_client("agent", "min")
    text = browser.client.cookies[COOKIE]
    shown = await browser.get("/desk/me")
    answer = await browser.post("/desk/sign-out")

    assert shown.headers["cache-control"] == "no-store"
    assert answer.headers["clear-site-data"] == '"cache"'
    assert await desk_client.desk.staff.sessions.find(text) is None
    browser.client.cookies.set(COOKIE, text, domain="payguard.local", path="/desk")
    assert (await browser.get("/desk/me")).status_code == 303


async def test_nobody_ends_the_session_of_another_from_their_own_page(desk_client: DeskClients) -> None:
    mine, theirs = await desk_client("agent", "min"), await desk_client("agent", "bo")
    [session] = await desk_client.desk.staff.sessions.listed("bo")
    await mine.post("/desk/me/sessions/end", session=session.session_id)

    assert (await theirs.get("/desk/me")).status_code == 200


async def test_a_password_manager_may_fill_in_what_is_masked(stranger: Browser) -> None:
    page = await stranger.page("/desk/sign-in")
    fields = {given["name"]: given for tag, given in page.tags if tag == "input" and "name" in given}

    assert fields["password"]["type"] == "password"
    assert {name: fields[name]["autocomplete"] for name in ("name", "password", "code")} == {
        "name": "username",
        "password": "current-password",
        "code": "one-time-code",
    }
