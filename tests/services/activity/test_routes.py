"""An account's activity over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from services.activity.repository import ActivityStore
from services.activity.routes import router
from services.http import problems
from services.http.api_keys import ApiKeys
from services.platform.database import Database
from tests.services.activity.test_repository import KEPT, NOW, login, payment

PATH = "/v1/accounts/li/activity"


@pytest.fixture
async def app(database: Database) -> AsyncIterator[FastAPI]:
    app = FastAPI()
    problems.install(app)
    app.include_router(router)
    app.state.activity = ActivityStore(database, KEPT, NOW.timestamp)
    app.state.keys = ApiKeys(database)
    await app.state.activity.write([payment(), login()])
    yield app
    await app.state.keys.close()


async def asked(app: FastAPI, path: str, scope: str = "support") -> httpx.Response:
    text, _ = await app.state.keys.create("desk", [scope])
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {text}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://payguard.test", headers=headers
    ) as client:
        return await client.get(path)


async def test_a_payment_is_shown_with_amount_and_payee_and_without_any_key(app: FastAPI) -> None:
    page = (await asked(app, f"{PATH}?type=transaction")).json()

    assert page["next_cursor"] is None
    (shown,) = page["activity"]
    assert (shown["amount"], shown["currency"], shown["payee_id"]) == ("412.00", "CNY", "chen-wei-4471")
    assert shown["at"] == "2026-11-30T12:00:00Z"
    assert not [name for name in shown if name.endswith("_key")]


async def test_one_page_leads_to_the_next(app: FastAPI) -> None:
    first = (await asked(app, f"{PATH}?limit=1")).json()
    second = (await asked(app, f"{PATH}?limit=1&cursor={first['next_cursor']}")).json()

    assert [row["event_id"] for row in first["activity"] + second["activity"]] == ["p", "e"]


async def test_another_account_has_nothing(app: FastAPI) -> None:
    assert (await asked(app, "/v1/accounts/wu/activity")).json() == {"activity": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("scope", "status"), [("support", 200), ("verify", 200), ("ingest", 403), ("contacts", 403)]
)
async def test_support_and_whoever_verifies_may_look(app: FastAPI, scope: str, status: int) -> None:
    assert (await asked(app, PATH, scope)).status_code == status


async def test_a_type_that_is_none_is_refused_with_its_field(app: FastAPI) -> None:
    answer = await asked(app, f"{PATH}?type=logins")

    assert answer.status_code == 400
    assert "type" in answer.text
