"""The assembled API: health, metrics, request ids, errors as problems, and its document."""

from __future__ import annotations

import asyncio
import gc
import re
import time

import pytest

from services.api.application import openapi_document, server
from services.api.producer import InProcessTopic
from services.bootstrap.rest import leave, open_server
from services.http.api_keys import ApiKeys
from services.memory.in_process import InProcessReplies
from services.platform.database import Database
from services.platform.embedded import free_port
from services.platform.metrics import REGISTRY
from tests.services.api.conftest import database, world  # noqa: F401  found here by the tests
from tests.services.api.world import Clock, World, a_login, resources


async def test_it_is_alive_whatever_is_away(world: World) -> None:  # noqa: F811
    world.topic.away = True
    answer = await world.client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"state": "alive"})


async def test_readiness_names_the_part_that_is_away(world: World) -> None:  # noqa: F811
    answer = await world.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "state": "unavailable",
        "parts": {"broker": "ready", "store": "unavailable", "database": "ready"},
    }


async def test_readiness_names_what_does_not_go_on_in_the_background(world: World) -> None:  # noqa: F811
    still = Clock()
    resources = world.app.state.resources
    resources.consumers.add("cases", still).failed("disk_full")
    still.at += 60.0
    parts = (await world.client.get("/readyz")).json()["parts"]

    assert parts == {
        "broker": "ready",
        "store": "unavailable",
        "database": "ready",
        "cases": "unavailable",
    }


async def test_a_request_keeps_its_id_or_gets_one(world: World) -> None:  # noqa: F811
    kept = await world.client.get("/healthz", headers={"x-request-id": "abc-1"})
    made = await world.client.get("/healthz")
    replaced = await world.client.get("/healthz", headers={"x-request-id": "x" * 65})

    assert kept.headers["x-request-id"] == "abc-1"
    assert re.fullmatch("[0-9a-f]{32}", made.headers["x-request-id"])
    assert re.fullmatch("[0-9a-f]{32}", replaced.headers["x-request-id"])


async def test_unknown_paths_and_methods_are_problems(world: World) -> None:  # noqa: F811
    missing = await world.client.get("/v1/nothing")
    wrong = await world.client.delete("/v1/events")

    assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")
    assert (wrong.status_code, wrong.json()["type"]) == (405, "urn:payguard:problem:method_not_allowed")


async def test_a_crash_is_a_500_that_says_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    def broken(_body: bytes, _format: str) -> None:
        raise KeyError("account-private")

    monkeypatch.setattr("services.api.event_routes.read_body", broken)
    answer = await world.post(a_login())

    assert answer.status_code == 500
    assert "private" not in answer.text
    assert answer.json()["request_id"]


def counted(route: str, status: str) -> float:
    labels = {"route": route, "status": status}
    return REGISTRY.get_sample_value("payguard_http_request_seconds_count", labels) or 0.0


async def test_requests_are_counted_by_route_template_never_by_path(world: World) -> None:  # noqa: F811
    before = counted("/v1/decisions/{event_id}", "404"), counted("unmatched", "404")
    await world.client.get("/v1/decisions/private-id")
    await world.client.get("/v1/private-path")
    metrics = (await world.client.get("/metrics")).text

    after = counted("/v1/decisions/{event_id}", "404"), counted("unmatched", "404")
    assert after == (before[0] + 1, before[1] + 1)
    assert "private" not in metrics
    assert "payguard_http_events_total" in metrics


async def test_every_route_but_health_and_public_keys_needs_a_key(world: World) -> None:  # noqa: F811
    del world.client.headers["Authorization"]
    document = (await world.client.get("/openapi.json")).json()
    operations = [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    for method, path, operation in operations:
        if path in ("/healthz", "/readyz", "/metrics", "/.well-known/jwks.json"):
            continue
        answer = await world.client.request(method, re.sub(r"\{\w+\}", "x", path))
        assert answer.status_code == 401, f"{method} {path}"
        if path == "/v1/connect/{name}":
            continue  # a help desk signs what it says
        assert operation["security"] == [{"ApiKey": []}], f"{method} {path}"
        assert "401" in operation["responses"], f"{method} {path}"
    assert len(operations) >= 12


def test_the_document_names_its_schemas() -> None:
    document = openapi_document()
    names = set(document["components"]["schemas"])
    assert {"Event", "Login", "Decision", "Problem", "Results"} <= names
    used = set(re.findall(r"#/components/schemas/(\w+)", repr(document)))
    assert used <= names


def test_the_document_keeps_the_422_of_files_that_are_refused_and_has_no_other() -> None:
    told = {
        f"{method} {path}"
        for path, operations in openapi_document()["paths"].items()
        for method, operation in operations.items()
        if "422" in operation["responses"]
    }
    assert told == {"put /v1/reports/{report_id}/files/{number}", "post /v1/cases/{case_id}/files"}


def test_the_server_logs_no_paths() -> None:
    config = server(None, "127.0.0.1", 0).config  # type: ignore[arg-type]
    assert (config.access_log, config.loop) == (False, "uvloop")


def test_the_server_believes_no_forwarded_header_by_itself() -> None:
    config = server(None, "127.0.0.1", 0).config  # type: ignore[arg-type]
    assert config.proxy_headers is False


async def test_the_server_that_the_processes_run_freezes_what_is_loaded(database: Database) -> None:  # noqa: F811
    sink, stored_replies = InProcessTopic(), InProcessReplies(Clock())
    made = resources(database, sink, stored_replies, ApiKeys(database), http_port=free_port())
    before = gc.get_freeze_count()
    web = open_server(made)
    serving = asyncio.create_task(web.serve())
    deadline_s = time.monotonic() + 60.0
    while not web.started:
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.01)
    leave(web)
    await serving

    assert gc.get_freeze_count() > before
