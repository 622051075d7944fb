from __future__ import annotations

import re

import pytest

from services.desk.frame import own_path
from tests.services.desk.browser import Browser, DeskClients
from tests.services.portal.reading import read


async def test_a_page_has_the_frame_in_the_language_of_its_member(desk_client: DeskClients) -> None:
    english, chinese = await desk_client("agent"), await desk_client("senior", locale="zh-CN")

    first, second = await english.page("/desk"), await chinese.page("/desk")

    assert (first.language, first.title) == ("en", "Queue · Support desk")
    assert (second.language, second.title) == ("zh-CN", "队列 · 客服工作台")
    assert "agent agent" in first.text


async def test_the_report_is_reached_by_a_key_that_no_other_section_has(desk_client: DeskClients) -> None:
    text = (await (await desk_client()).get("/desk/report")).text

    keys = re.findall(r'href="([^"]+)" data-key="(g \w)"', text)
    assert ("/desk/report", "g r") in keys
    assert len({key for _, key in keys}) == len(keys)


async def test_a_page_is_strict_about_what_a_browser_may_do(desk_client: DeskClients) -> None:
    headers = (await (await desk_client()).get("/desk")).headers

    policy = headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'; trusted-types 'none'" in policy
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "same-origin"


async def test_without_a_session_a_page_leads_to_the_sign_in_and_comes_back(stranger: Browser) -> None:
    answer = await stranger.get("/desk/me?x=1")

    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/desk/sign-in?next=%2Fdesk%2Fme%3Fx%3D1",
    )


async def test_without_a_session_an_act_says_that_nothing_was_done(stranger: Browser) -> None:
    answer = await stranger.client.post("/desk/me/keys", data={"keys": "off"})

    assert answer.status_code == 401
    assert "Nothing was done" in read(answer).text


async def test_a_form_without_the_token_of_its_session_does_nothing(desk_client: DeskClients) -> None:
    browser = await desk_client()

    answer = await browser.client.post("/desk/me/language", data={"csrf": "0" * 32, "locale": "zh-CN"})

    assert answer.status_code == 403
    assert (await browser.page("/desk")).language == "en"


@pytest.mark.parametrize(
    "headers", [{"origin": "https://other.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}]
)
async def test_a_form_that_another_site_sent_does_nothing(
    desk_client: DeskClients, headers: dict[str, str]
) -> None:
    browser = await desk_client()
    form = (await browser.page("/desk/me")).form("/desk/me/language").fields

    answer = await browser.client.post("/desk/me/language", data=form, headers=headers)

    assert answer.status_code == 403
    assert (await browser.page("/desk")).language == "en"


async def test_what_is_missing_is_a_page_and_a_form_too_large_is_refused(desk_client: DeskClients) -> None:
    browser = await desk_client(locale="zh-CN")
    missing = await browser.get("/desk/nothing")
    large = await browser.client.post("/desk/me/keys", content=b"x" * 70_000)

    assert (missing.status_code, large.status_code) == (404, 413)
    assert "没有这个页面" in missing.text or "There is no such page" in missing.text


async def test_an_asset_is_kept_for_ever_under_its_digest_alone(
    stranger: Browser, desk_client: DeskClients
) -> None:
    page = await (await desk_client()).page("/desk")
    path = next(given["href"] for tag, given in page.tags if tag == "link" and given["rel"] == "stylesheet")

    kept, other = await stranger.get(path), await stranger.get("/desk/assets/0/desk.css")

    assert "immutable" in kept.headers["cache-control"]
    assert other.status_code == 404


@pytest.mark.parametrize(
    ("asked", "leads"),
    [
        ("/desk/cases/1?a=b", "/desk/cases/1?a=b"),
        ("https://other.example/desk", "/desk"),
        ("//other.example/desk", "/desk"),
        ("/desk/../my", "/desk"),
        ("/deskother", "/desk"),
        ("/desk/sign-out", "/desk"),
        ("/desk\\@other", "/desk"),
        ("javascript:alert(1)", "/desk"),
        (None, "/desk"),
    ],
)
def test_a_form_leads_to_pages_of_the_desk_alone(asked: str | None, leads: str) -> None:
    assert own_path(asked) == leads
