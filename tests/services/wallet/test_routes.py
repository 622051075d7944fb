"""Actions over HTTP: read in order, acknowledged once, by a key of scope `actions`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.http import problems
from services.http.api_keys import ApiKeys
from services.platform.database import Database
from services.wallet.feed import ActionFeed, publish
from services.wallet.routes import router
from tests.services.wallet.test_feed import NOW, freeze


@pytest.fixture
async def app(database: Database) -> AsyncIterator[FastAPI]:
    app = FastAPI()
    problems.install(app)
    app.include_router(router)
    app.state.actions = ActionFeed(database, lambda: NOW + 3)
    app.state.keys = ApiKeys(database)
    async with database.begin() as connection:
        await publish(connection, [freeze(1), freeze(2)], NOW)
    yield app
    await app.state.keys.close()


async def ask(app: FastAPI, method: str, path: str, scope: str = "actions", **given: Any) -> httpx.Response:
    text, _ = await app.state.keys.create("wallet", [scope])
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {text}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://payguard.test", headers=headers
    ) as client:
        return await client.request(method, path, **given)


async def test_each_answer_says_what_to_ask_with_next(app: FastAPI) -> None:
    first = (await ask(app, "GET", "/v1/actions?limit=1")).json()
    second = (await ask(app, "GET", f"/v1/actions?limit=1&after={first['next']}")).json()
    none = (await ask(app, "GET", f"/v1/actions?after={second['next']}")).json()

    assert [each["action_id"] for each in first["actions"] + second["actions"]] == ["a1", "a2"]
    assert none == {"actions": [], "next": second["next"]}


async def test_an_acknowledgement_is_shown_with_its_time(app: FastAPI) -> None:
    told = await ask(app, "POST", "/v1/actions/a1/result", json={"result": "done"})

    assert told.status_code == 200
    assert (told.json()["result"], told.json()["result_at"]) == ("done", "2026-11-30T12:00:03Z")


async def test_an_action_that_is_none_is_404(app: FastAPI) -> None:
    told = await ask(app, "POST", "/v1/actions/b1/result", json={"result": "done"})

    assert (told.status_code, told.json()["type"]) == (404, "urn:payguard:problem:unknown_action")


@pytest.mark.parametrize("body", [{"result": "maybe"}, {}, {"result": "done", "who": "me"}])
async def test_what_is_no_result_is_refused(app: FastAPI, body: dict[str, str]) -> None:
    assert (await ask(app, "POST", "/v1/actions/a1/result", json=body)).status_code == 400


@pytest.mark.parametrize("after", ["-1", "x", "1e3", "9" * 19])
async def test_a_place_that_is_none_is_refused(app: FastAPI, after: str) -> None:
    assert (await ask(app, "GET", f"/v1/actions?after={after}")).status_code == 400


@pytest.mark.parametrize(("scope", "status"), [("actions", 200), ("support", 403), ("verify", 403)])
async def test_only_the_scope_actions_reads_them(app: FastAPI, scope: str, status: int) -> None:
    assert (await ask(app, "GET", "/v1/actions", scope)).status_code == status
