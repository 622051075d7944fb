"""What every page carries and refuses: headers, cookies, form tokens, nothing in addresses, nothing kept."""

from __future__ import annotations

import re

import httpx
import pytest

from contracts.errors import Overloaded, Unavailable
from services.portal.pages import ASSETS
from tests.services.mfa.world import World
from tests.services.portal.reading import read
from tests.services.portal.site import Site, client, site_app


async def every_page(site: Site) -> list[httpx.Response]:
    """Answers of every kind: landing, pages, results, refusals."""
    await site.world.issue("c1")
    link = await site.link(challenge_id="c1")
    landing = await site.browser.get(link)
    await site.follow(link)
    answers = [landing]
    for path in (
        link,
        "/my/open/nothing",
        "/my/approve",
        "/my/approve/stop",
        "/my/factor",
        "/my/approve/stopped",
    ):
        answers.append(await site.browser.get(path))
    answers.append(await site.browser.post("/my/approve", data={}))
    await site.enrolling()
    answers.append(await site.browser.get("/my/factor"))
    answers.append(await site.browser.get("/my/factor/done"))
    return answers


async def test_every_page_forbids_frames_inline_scripts_referrers_and_keeping(site: Site) -> None:
    answers = await every_page(site)

    assert len(answers) == 10
    for answer in answers:
        policy = dict(
            part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";")
        )
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["strict-transport-security"].startswith("max-age=")


async def test_no_page_holds_an_inline_script_style_or_handler(site: Site) -> None:
    for answer in await every_page(site):
        if answer.is_redirect:
            continue
        for tag, given in read(answer).tags:
            assert tag != "style"
            assert "style" not in given
            assert tag != "script" or given["src"].startswith("/my/assets/")
            assert not any(name.startswith("on") for name in given)


async def test_addresses_and_titles_name_no_account_challenge_or_device(site: Site) -> None:
    wanted = {"account_id": "an-account", "challenge_id": "a-challenge", "device_id": "a-device"}
    await site.world.issue(wanted["challenge_id"], wanted["account_id"])
    link = await site.link(**wanted)
    page = await site.follow(link)
    addresses = [link, *page.links, *(form.action for form in page.forms)]

    assert not any(name in text for text in [*addresses, page.title] for name in wanted.values())


async def test_looking_at_a_link_does_not_use_it_up(site: Site) -> None:
    await site.world.issue("c1")
    link = await site.link(challenge_id="c1")
    looks = [await site.browser.get(link) for _ in range(3)]
    page = await site.follow(link)

    assert [look.status_code for look in looks] == [200] * 3
    assert not any("set-cookie" in look.headers for look in looks)
    assert page.headings == ["Approve this payment?"]


async def test_a_link_used_up_is_said_calmly(site: Site) -> None:
    await site.world.issue("c1")
    link = await site.link(challenge_id="c1")
    landing = read(await site.browser.get(link))
    await site.send(landing, "/my/open")
    again = await site.browser.get(link)
    sent_again = await site.send(landing, "/my/open")

    assert (again.status_code, sent_again.status_code) == (410, 410)
    assert read(again).headings[0] == read(sent_again).headings[0] == "This link is used up"


async def test_the_cookie_is_for_this_host_and_site_and_no_script(site: Site) -> None:
    await site.world.issue("c1")
    landing = read(await site.browser.get(await site.link(challenge_id="c1")))
    answer = await site.browser.post("/my/open", data=landing.forms[0].fields)
    cookie = answer.headers["set-cookie"]

    assert cookie.startswith("__Host-payguard=")
    for part in ("HttpOnly", "Secure", "SameSite=strict", "Path=/", "Max-Age=600"):
        assert part in cookie.split("; ")
    assert "Domain" not in cookie
    assert (answer.status_code, answer.headers["location"]) == (303, "/my/approve")


async def test_without_https_the_cookie_is_not_secure_and_nothing_claims_it(world: World) -> None:
    app = site_app(world, "http://127.0.0.1:8080")
    key, _ = await app.state.keys.create("wallet", ["verify"])
    async with client(app) as browser:
        headers = {"authorization": f"Bearer {key}"}
        made = await browser.post(
            "/v1/links", json={"account_id": "li", "purpose": "factor"}, headers=headers
        )
        path = made.json()["url"].removeprefix("http://127.0.0.1:8080")
        landing = await browser.get(path)
        answer = await browser.post("/my/open", data=read(landing).forms[0].fields)
    await app.state.keys.close()

    assert "secure" not in answer.headers["set-cookie"].lower()
    assert "strict-transport-security" not in landing.headers


async def test_a_session_ends_after_ten_minutes(site: Site) -> None:
    await site.approving()
    site.world.clock.at += 600
    answer = await site.browser.get("/my/approve")

    assert (answer.status_code, read(answer).headings[0]) == (403, "This page has closed")


@pytest.mark.parametrize("token", [None, "", "0" * 32, "é"])
async def test_a_form_without_the_token_of_its_session_does_nothing(site: Site, token: str | None) -> None:
    secret = await site.world.enrolled()
    await site.approving()
    fields = {"code": site.world.code(secret)} | ({} if token is None else {"token": token})
    answers = [
        await site.browser.post("/my/approve", data=fields),
        await site.browser.post("/my/approve/stop", data=fields),
    ]
    found = await site.world.service.challenge("c1")

    assert [answer.status_code for answer in answers] == [403, 403]
    assert found is not None
    assert (found.state, found.attempts_left) == ("open", 5)


async def test_a_session_opens_only_the_pages_of_its_purpose(site: Site) -> None:
    await site.approving()
    answers = [
        await site.browser.get(path) for path in ("/my/factor", "/my/authenticator", "/my/factor/done")
    ]

    assert [answer.status_code for answer in answers] == [403] * 3


@pytest.mark.parametrize("body", [b"a" * 5000, b"code=1&code=2", b"&" * 20, b"\xff=1", b"code"])
async def test_any_other_body_is_refused_without_repeating_it(site: Site, body: bytes) -> None:
    await site.approving()
    answer = await site.browser.post("/my/approve", content=body)

    assert answer.status_code in (400, 403)
    assert read(answer).headings[0] == "This page has closed"


@pytest.mark.parametrize(
    ("error", "status", "heading"),
    [
        (Overloaded("slow"), 429, "A short pause"),
        (Unavailable("secret place"), 503, "We cannot check right now"),
        (KeyError("secret"), 500, "Something went wrong on our side"),
    ],
)
async def test_trouble_is_a_page_too_and_never_a_pass(
    site: Site, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, heading: str
) -> None:
    page = await site.approving()

    async def troubled(*_: object) -> None:
        raise error

    monkeypatch.setattr(type(site.world.service), "verify", troubled)
    answer = await site.browser.post("/my/approve", data={**page.forms[0].fields, "code": "123456"})

    assert (answer.status_code, read(answer).headings[0]) == (status, heading)
    assert "secret" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_too_many_codes_from_one_network_are_slowed_down(site: Site) -> None:
    page = await site.approving(ip="203.0.113.9")
    fields = {**page.forms[0].fields, "code": "nonsense"}
    statuses = [(await site.browser.post("/my/approve", data=fields)).status_code for _ in range(70)]

    assert (statuses[0], statuses[-1]) == (200, 429)


async def test_assets_are_kept_for_ever_under_their_digest_and_no_other(site: Site) -> None:
    kept = await site.browser.get(ASSETS.path("portal.css"))
    wrong = [
        await site.browser.get(path)
        for path in ("/my/assets/0/portal.css", re.sub("[0-9a-f]{12}", "0" * 12, ASSETS.path("portal.js")))
    ]

    assert (kept.status_code, kept.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert "immutable" in kept.headers["cache-control"]
    assert [answer.status_code for answer in wrong] == [404, 404]


async def test_the_language_is_the_browsers_until_the_reader_switches(site: Site) -> None:
    await site.approving()
    chinese = {"accept-language": "zh-CN,zh;q=0.9"}
    by_header = read(await site.browser.get("/my/approve", headers=chinese))
    switched = await site.browser.get("/my/approve?lang=en", headers=chinese)
    after = read(await site.browser.get("/my/approve", headers=chinese))

    assert (by_header.language, read(switched).language, after.language) == ("zh-CN", "en", "en")
    assert by_header.headings == ["是否批准这笔付款？"]
    assert "HttpOnly" in switched.headers["set-cookie"]


async def test_the_wallets_language_comes_before_the_browsers(site: Site) -> None:
    page = await site.approving(locale="zh-CN")
    unknown = read(await site.browser.get("/my/approve?lang=xx"))

    assert (page.language, unknown.language) == ("zh-CN", "zh-CN")
