"""The queue over HTTP, for support's tools."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from services.cases import queue_routes, routes, states
from services.cases.case_service import CaseService
from services.http import problems
from services.http.api_keys import ApiKeys
from services.platform.database import Database
from tests.services.cases.queued import NOW, due, put, report, risk


@pytest.fixture
async def support(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    problems.install(app)
    app.include_router(routes.router)
    app.include_router(queue_routes.router)
    app.state.cases = CaseService(database, lambda: NOW)
    app.state.keys = ApiKeys(database)
    held = states.assigned(due(report("held", "a3"), 7200.0), "bo", NOW)
    await put(database, due(risk("second", "a1"), 1200.0), due(report("first", "a2"), 600.0), held)
    text, _ = await app.state.keys.create("desk", ["support"])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url="http://payguard.test",
        headers={"Authorization": f"Bearer {text}"},
    ) as client:
        yield client
    await app.state.keys.close()


async def names(support: httpx.AsyncClient, **query: str) -> list[str]:
    answer = (await support.get("/v1/cases", params=query)).json()
    return [case["case_id"] for case in answer["cases"]]


async def test_the_queue_is_looked_at_by_views_holders_times_and_what_was_read_out(
    support: httpx.AsyncClient,
) -> None:
    assert await names(support, view="unassigned") == ["first", "second"]
    assert await names(support, view="mine", assignee="bo") == ["held"]
    assert await names(support, assignee="") == ["first", "second"]
    assert await names(support, view="open", due_before="2026-09-21T14:33:21Z") == ["first", "second"]
    assert await names(support, q="a3") == ["held"]
    assert await names(support, q="nothing of that name") == []
    assert await names(support, q="a3", account_id="a1") == []


async def test_a_page_of_the_queue_leads_to_the_next(support: httpx.AsyncClient) -> None:
    first = (await support.get("/v1/cases", params={"view": "open", "limit": 2})).json()
    rest = await names(support, view="open", cursor=first["next_cursor"])

    assert [case["case_id"] for case in first["cases"]] + rest == ["first", "second", "held"]


async def test_the_next_case_is_claimed_until_none_waits(support: httpx.AsyncClient) -> None:
    answers = [await support.post("/v1/cases/next", json={"assignee": "mei"}) for _ in range(3)]

    assert [(each.status_code, each.json().get("case_id")) for each in answers] == [
        (200, "first"),
        (200, "second"),
        (404, None),
    ]


async def test_a_case_that_somebody_has_is_not_claimed_and_the_answer_says_who(
    support: httpx.AsyncClient,
) -> None:
    refused = await support.post("/v1/cases/held/claim", json={"assignee": "mei"})
    taken = await support.post("/v1/cases/first/claim", json={"assignee": "mei"})
    again = await support.post("/v1/cases/first/claim", json={"assignee": "mei"})

    assert (refused.status_code, refused.json()["holder"]) == (409, "bo")
    assert (taken.status_code, taken.json()["assignee"]) == (200, "mei")
    assert again.json()["version"] == taken.json()["version"]
    assert (await support.post("/v1/cases/none/claim", json={"assignee": "mei"})).status_code == 404
