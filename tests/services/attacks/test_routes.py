"""Attacks over HTTP: a list in pages, and one with who gave way."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from services.attacks.listing import Attacks
from services.attacks.routes import router
from services.http import problems
from services.http.api_keys import ApiKeys
from services.platform.database import Database
from tests.services.activity.test_routes import asked
from tests.services.attacks.made import HOUR_S, NOW
from tests.services.attacks.rows_made import happened, look, wave


@pytest.fixture
async def app(database: Database) -> AsyncIterator[FastAPI]:
    app = FastAPI()
    problems.install(app)
    app.include_router(router)
    app.state.attacks = Attacks(database)
    app.state.keys = ApiKeys(database)
    for number in (0, 3):
        rows, _ = wave(f"w{number}", 60, 6, NOW + number * HOUR_S, 600.0, gives_way=0.1)
        await happened(database, rows, NOW + number * HOUR_S + 700.0)
        await look(database, NOW + number * HOUR_S + 700.0)
    yield app
    await app.state.keys.close()


async def test_attacks_come_in_pages_last_begun_first(app: FastAPI) -> None:
    first = (await asked(app, "/v1/attacks?limit=1")).json()
    second = (await asked(app, f"/v1/attacks?limit=1&cursor={first['next_cursor']}")).json()

    assert [each["attack_id"] for each in first["attacks"] + second["attacks"]] == ["W-2", "W-1"]
    assert second["next_cursor"] is None
    under_way = (await asked(app, "/v1/attacks?state=open&kind=credential_stuffing")).json()
    assert [each["attack_id"] for each in under_way["attacks"]] == ["W-2"]


async def test_one_attack_names_who_gave_way_and_no_address(app: FastAPI) -> None:
    answer = await asked(app, "/v1/attacks/W-2")

    shown = answer.json()
    assert shown["gave_way"] == len(shown["accounts_that_gave_way"]) > 0
    assert shown["networks"] == {"hosting": 6}
    assert shown["done"][0]["what"] == "recognised"
    assert "key" not in answer.text


async def test_an_attack_that_is_not_there_is_404_and_other_scopes_are_403(app: FastAPI) -> None:
    assert (await asked(app, "/v1/attacks/W-99")).status_code == 404
    assert (await asked(app, "/v1/attacks/W-1", scope="ingest")).status_code == 403
