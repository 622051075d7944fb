"""A request that nobody may make costs nothing, and no body is larger than its route takes."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from services.http.guard import MAX_BODY_BYTES, MAX_FORM_BYTES
from services.http.problems import MEDIA_TYPE
from tests.services.api.world import World, a_login

JSON = {"content-type": "application/json"}
CHALLENGE = "/v1/challenges/c1/verify"


@dataclass
class Exchange:
    """One request as a server hands it to the application, with how much of its body was asked for."""

    scope: dict[str, Any]
    chunks: list[dict[str, Any]]
    asked: int = 0
    sent: list[MutableMapping[str, Any]] = field(default_factory=list)

    async def receive(self) -> dict[str, Any]:
        self.asked += 1
        return self.chunks.pop(0) if self.chunks else {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int | None:
        return self.sent[0]["status"] if self.sent else None


def posted(path: str, *chunks: bytes, **headers: str) -> Exchange:
    given = [(b"content-type", b"application/json")]
    given += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": given, "client": ("192.0.2.1", 5), "server": ("x", 1), "scheme": "http", "root_path": "",
        "http_version": "1.1",
    }  # fmt: skip
    return Exchange(scope, [{"type": "http.request", "body": each, "more_body": True} for each in chunks])


@pytest.mark.parametrize(
    "path", ["/v1/events", CHALLENGE, "/v1/links", "/v1/accounts/a/contact", "/v1/nothing"]
)
@pytest.mark.parametrize("key", ["", "Bearer pg_000000000000_" + "x" * 43, "Basic eA=="])
async def test_without_a_key_no_byte_of_the_body_is_read(world: World, path: str, key: str) -> None:
    request = posted(path, b"x" * 1000, authorization=key)
    await world.app(request.scope, request.receive, request.send)

    assert (401, 0) == (request.status, request.asked)
    assert (b"connection", b"close") in request.sent[0]["headers"]


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/v1/events", 1_000_000),
        (CHALLENGE, MAX_BODY_BYTES),
        ("/v1/links", MAX_BODY_BYTES),
        ("/v1/accounts/a/contact", MAX_BODY_BYTES),
        ("/v1/accounts/a/totp", MAX_BODY_BYTES),
        ("/v1/cases/c/resolve", MAX_BODY_BYTES),
        ("/my/open", MAX_FORM_BYTES),
        ("/my/approve", MAX_FORM_BYTES),
        ("/nothing", MAX_BODY_BYTES),
    ],
)
async def test_no_route_takes_a_larger_body_whatever_its_headers_say(
    world: World, path: str, most: int
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(most // 10_000 + 2):
            yield b" " * 10_000

    key, _ = await world.keys.create("all", ["admin"])
    headers = {**JSON, "Authorization": f"Bearer {key}"}
    honest = await world.client.post(path, content=b" " * (most + 1), headers=headers)
    chunked = await world.client.post(path, content=pieces(), headers=headers)
    lying = await world.client.post(
        path, content=b" " * (most + 1), headers={**headers, "content-length": "5"}
    )

    assert [413, 413, 413] == [answer.status_code for answer in (honest, chunked, lying)]
    told = "text/html; charset=utf-8" if path.startswith("/my/") else MEDIA_TYPE
    assert [told] * 3 == [answer.headers["content-type"] for answer in (honest, chunked, lying)]


async def test_a_claimed_length_beyond_the_limit_is_refused_before_anything_is_read(world: World) -> None:
    for claimed in ("517000000", "9" * 30, "-1", "5x", "+5", " "):
        request = posted("/v1/events", b"x", content_length=claimed)
        await world.app(request.scope, request.receive, request.send)
        assert (413, 0) == (request.status, request.asked), claimed


async def test_a_body_as_large_as_may_be_reaches_its_route_whole(world: World) -> None:
    key, _ = await world.keys.create("desk", ["support"])
    body = b'{"assignee":"li","version":1' + b" " * (MAX_BODY_BYTES - 29) + b"}"
    headers = {**JSON, "Authorization": f"Bearer {key}"}
    answer = await world.client.post("/v1/cases/none/assign", content=body, headers=headers)
    assert (404, MAX_BODY_BYTES) == (answer.status_code, len(body))


async def test_a_client_that_hangs_up_is_one_debug_line(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    bearer = world.client.headers["Authorization"]
    for path in ("/v1/events", CHALLENGE, "/v1/links", "/my/open"):
        caplog.clear()
        request = posted(path, b"{", authorization=bearer)
        await world.app(request.scope, request.receive, request.send)
        lines = [record for record in caplog.records if "hung up" in record.getMessage()]
        assert [logging.DEBUG] == [record.levelno for record in lines], path
        assert not [record for record in caplog.records if record.levelno > logging.DEBUG], path
        assert request.status in (None, 499), path


async def test_the_key_is_looked_up_once_a_request(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up = 0
    check = world.keys.check

    async def counting(text: str) -> Any:
        nonlocal looked_up
        looked_up += 1
        return await check(text)

    monkeypatch.setattr(world.keys, "check", counting)
    await world.post(a_login())
    await world.client.get("/v1/decisions/e1")
    assert 2 == looked_up
