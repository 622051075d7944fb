"""Alerts, cases and contacts over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from contracts.decisions import effect_id
from services.cases.case_service import CaseService
from services.cases.repository import keep
from services.cases.routes import router
from services.cases.tables import contact_points
from services.http import problems
from services.http.api_keys import ApiKeys
from services.platform.database import Database
from tests.services.cases.decided import alert, no_challenges, open_case, recorded

CASE = effect_id("li", "e1", "open_case")
CONTACT = {"email": "li@upay.example", "locale": "en", "time_zone": "Europe/Berlin"}


@pytest.fixture
async def app(database: Database) -> AsyncIterator[FastAPI]:
    app = FastAPI()
    problems.install(app)
    app.include_router(router)
    app.state.cases = CaseService(database, lambda: 1_790_000_100.0)
    app.state.keys = ApiKeys(database)
    async with database.begin() as connection:
        records = [
            recorded("e1", effects=(alert("e1"), open_case("e1"))),
            recorded("e2", effects=(alert("e2"),)),
        ]
        await keep(connection, records, no_challenges)
    yield app
    await app.state.keys.close()


async def client(app: FastAPI, *scopes: str) -> httpx.AsyncClient:
    headers = {}
    if scopes:
        text, _ = await app.state.keys.create("desk", scopes)
        headers = {"Authorization": f"Bearer {text}"}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://payguard.test", headers=headers)


async def test_alerts_come_in_pages_with_their_decisions(app: FastAPI) -> None:
    async with await client(app, "support") as support:
        first = (await support.get("/v1/alerts", params={"limit": 1})).json()
        second = (await support.get("/v1/alerts", params={"cursor": first["next_cursor"]})).json()

    assert {row["decision"]["event_id"] for row in first["alerts"] + second["alerts"]} == {"e1", "e2"}
    assert second["next_cursor"] is None


async def test_a_case_is_found_taken_and_resolved(app: FastAPI) -> None:
    async with await client(app, "support") as support:
        found = (await support.get("/v1/cases", params={"state": "open"})).json()["cases"][0]
        taken = (
            await support.post(f"/v1/cases/{CASE}/assign", json={"assignee": "mei", "version": 1})
        ).json()
        closed = await support.post(
            f"/v1/cases/{CASE}/resolve", json={"verdict": "fraud", "note": "card testing"}
        )
    _, history = await app.state.cases.case(CASE)

    assert (found["case_id"], taken["state"], closed.json()["state"]) == (CASE, "in_review", "resolved")
    assert [entry.kind for entry in history] == ["opened", "assigned", "resolved"]
    assert history[2].actor == "key:desk"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"verdict": "fraud"}, 409, "illegal_transition"),
        ({"verdict": "perhaps"}, 400, "invalid_request"),
        ({"verdict": "fraud", "version": 9}, 409, "conflict"),
        ({"verdict": "fraud", "note": "a\x00b"}, 400, "invalid_request"),
        ({"verdict": "fraud", "extra": 1}, 400, "invalid_request"),
    ],
)
async def test_a_wrong_verdict_is_refused_with_its_reason(
    app: FastAPI, body: dict[str, Any], status: int, code: str
) -> None:
    async with await client(app, "support") as support:
        answer = await support.post(f"/v1/cases/{CASE}/resolve", json=body)

    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:payguard:problem:{code}")


async def test_unknown_cases_are_not_found(app: FastAPI) -> None:
    async with await client(app, "support") as support:
        answers = [
            await support.get("/v1/cases/none"),
            await support.post("/v1/cases/none/assign", json={"assignee": "mei"}),
            await support.post("/v1/cases/none/resolve", json={"verdict": "fraud"}),
        ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]


@pytest.mark.parametrize(
    "query", [{"cursor": "zz"}, {"limit": 0}, {"limit": 201}, {"severity": "awful"}, {"account_id": "a\x00"}]
)
async def test_a_wrong_question_is_a_bad_request(app: FastAPI, query: dict[str, Any]) -> None:
    async with await client(app, "support") as support:
        assert (await support.get("/v1/alerts", params=query)).status_code == 400


@pytest.mark.parametrize(("scopes", "status"), [((), 401), (("ingest",), 403), (("admin",), 200)])
async def test_only_support_sees_alerts(app: FastAPI, scopes: tuple[str, ...], status: int) -> None:
    async with await client(app, *scopes) as caller:
        assert (await caller.get("/v1/alerts")).status_code == status


async def test_the_wallet_sets_a_contact(app: FastAPI, database: Database) -> None:
    async with await client(app, "contacts") as wallet:
        answer = await wallet.put("/v1/accounts/li/contact", json=CONTACT)
    async with database.read() as connection:
        kept = (await connection.execute(select(contact_points.c.address, contact_points.c.time_zone))).one()

    assert (answer.status_code, answer.content, tuple(kept)) == (
        204,
        b"",
        ("li@upay.example", "Europe/Berlin"),
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "no address"},
        {"email": "a@b\r\nBcc: x@y"},
        {"email": "李@upay.example"},
        {"locale": "fr"},
        {"time_zone": "Mars/Base"},
        {"time_zone": "../../etc/passwd"},
    ],
)
async def test_a_contact_that_could_not_be_used_is_refused(app: FastAPI, wrong: dict[str, str]) -> None:
    async with await client(app, "contacts") as wallet:
        answer = await wallet.put("/v1/accounts/li/contact", json=CONTACT | wrong)

    assert answer.status_code == 400
    assert not any(value in answer.text for value in wrong.values() if "@" in value)


async def test_support_does_not_set_contacts(app: FastAPI) -> None:
    async with await client(app, "support") as support:
        assert (await support.put("/v1/accounts/li/contact", json=CONTACT)).status_code == 403
