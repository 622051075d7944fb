"""Preferences over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from services.cases.case_service import CaseService
from services.cases.preference_routes import router
from services.http import problems
from services.http.api_keys import ApiKeys
from services.platform.database import Database

PATH = "/v1/accounts/li/preferences"
NIGHT = {
    "alerts": {"security": ["push", "mail"], "weekly": [], "top_up": ["inbox"]},
    "quiet_hours": {"start": "22:30", "end": "07:00"},
    "time_zone": "Europe/London",
    "phrase": "外婆家的石榴树",
}
DEFAULT = {
    "alerts": {"security": ["chat", "inbox", "mail", "push"], "weekly": ["inbox", "mail"], "top_up": []},
    "quiet_hours": None,
    "time_zone": None,
    "phrase": None,
    "changed_at": None,
}


@pytest.fixture
async def wallet(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    problems.install(app)
    app.include_router(router)
    app.state.cases = CaseService(database, lambda: 1_790_000_100.0)
    app.state.keys = ApiKeys(database)
    text, _ = await app.state.keys.create("wallet", ["verify"])
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {text}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://pg.test", headers=headers) as client:
        yield client
    await app.state.keys.close()


async def test_what_was_put_is_shown_and_an_empty_choice_brings_the_defaults_back(
    wallet: httpx.AsyncClient,
) -> None:
    assert (await wallet.get(PATH)).json() == DEFAULT

    put = (await wallet.put(PATH, json=NIGHT)).json()
    shown = (await wallet.get(PATH)).json()
    assert put == shown
    assert shown["quiet_hours"] == NIGHT["quiet_hours"]
    assert shown["alerts"] == {"security": ["mail", "push"], "weekly": [], "top_up": ["inbox"]}

    assert (await wallet.put(PATH, json={})).json() | {"changed_at": None} == DEFAULT


async def test_a_refused_phrase_says_why_and_is_not_repeated(wallet: httpx.AsyncClient) -> None:
    answer = await wallet.put(PATH, json={"phrase": "Qx7!pz20"})

    assert (answer.status_code, answer.json()["why"]) == (400, "password")
    assert "Qx7" not in answer.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"alerts": {"critical": []}},
        {"alerts": {"security": ["pigeon"]}},
        {"quiet_hours": {"start": "24:00", "end": "07:00"}},
        {"time_zone": "Moon/Base"},
        {"quiet": True},
    ],
)
async def test_what_there_is_not_is_refused(wallet: httpx.AsyncClient, wrong: dict[str, object]) -> None:
    assert (await wallet.put(PATH, json=wrong)).status_code in (400, 422)
