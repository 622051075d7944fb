"""What is refused under /my is told to the person who looks at it, in their language; programs get problem details."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from services.api.application import create_app
from services.http.guard import MAX_FORM_BYTES
from services.http.problems import MEDIA_TYPE
from tests.services.api.world import World, resources
from tests.services.portal.reading import read

FORM = {"content-type": "application/x-www-form-urlencoded"}
UNREAD = {"en": "We could not read that", "zh-CN": "未能读取您发送的内容"}
MISSING = {"en": "There is no such page", "zh-CN": "没有这个页面"}
ENDED = {"en": "This page has closed", "zh-CN": "此页面已关闭"}


def shows(answer: httpx.Response, status: int, language: str, title: dict[str, str]) -> None:
    """The answer is a page of the portal's own, with its headers, in the language."""
    assert (status, "text/html; charset=utf-8") == (answer.status_code, answer.headers["content-type"])
    page = read(answer)
    assert (language, title[language]) == (page.language, page.headings[0])
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "no-store" == answer.headers["cache-control"]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("path", ["/my/open", "/my/approve", "/my/factor/confirm", "/my/nothing"])
async def test_a_form_that_is_too_large_is_a_page(world: World, path: str, language: str) -> None:
    headers = {**FORM, "accept-language": language}
    for body in (b"x" * (MAX_FORM_BYTES + 1), b"secret=123456&" * 2_000):
        answer = await world.client.post(path, content=body, headers=headers)

        shows(answer, 413, language, UNREAD)
        assert "close" == answer.headers["connection"]
        assert "123456" not in answer.text


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_a_form_that_does_not_arrive_is_a_page(world: World, language: str) -> None:
    async def stalls() -> AsyncIterator[bytes]:
        yield b"link="
        await asyncio.Event().wait()

    impatient = create_app(
        resources(world.database, world.topic, world.stored_replies, world.keys, http_body_timeout_s=0.05)
    )
    transport = httpx.ASGITransport(impatient)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        answer = await client.post(
            "/my/open", content=stalls(), headers={**FORM, "accept-language": language}
        )

    shows(answer, 408, language, UNREAD)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/my", 404),
        ("GET", "/my/", 404),
        ("GET", "/my/nothing", 404),
        ("GET", "/my/open/a/b/c", 404),
        ("PUT", "/my/approve", 405),
        ("DELETE", "/my/open", 405),
        ("GET", "/my/assets/0/none.css", 404),
    ],
)
async def test_an_address_that_is_none_is_a_page(
    world: World, method: str, path: str, status: int, language: str
) -> None:
    answer = await world.client.request(method, path, headers={"accept-language": language})

    shows(answer, status, language, MISSING)


async def test_the_language_that_the_reader_chose_stays(world: World) -> None:
    headers = {**FORM, "accept-language": "en", "cookie": "payguard_language=zh-CN"}
    large = await world.client.post("/my/open", content=b"x" * 10_000, headers=headers)
    closed = await world.client.get("/my/approve", headers=headers)

    shows(large, 413, "zh-CN", UNREAD)
    shows(closed, 403, "zh-CN", ENDED)


@pytest.mark.parametrize("path", ["/v1/links", "/v1/nothing", "/mything", "/my-wallet", "/nothing"])
async def test_everywhere_else_it_is_problem_details(world: World, path: str) -> None:
    headers = {**FORM, "accept": "text/html", "accept-language": "zh-CN"}
    large = await world.client.post(path, content=b"x" * 100_000, headers=headers)
    missing = await world.client.get(path, headers=headers)

    assert [MEDIA_TYPE] * 2 == [answer.headers["content-type"] for answer in (large, missing)]
