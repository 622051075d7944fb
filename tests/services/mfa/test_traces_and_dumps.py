"""Two ways out that nobody looks at: spans for a tracing service, and the memory of a process that crashed."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from opentelemetry import trace

from tests.services.api.conftest import database, world  # noqa: F401  found here by the tests
from tests.services.api.world import World
from tests.services.mfa.api_pair import Pair
from tests.services.mfa.test_two_processes import kind, pair, store  # noqa: F401  found here by the tests


class Spans(trace.TracerProvider, trace.Tracer):
    """A tracing service that writes down the name of every span."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def get_tracer(self, *_about: Any, **_more: Any) -> trace.Tracer:
        return self

    def start_span(self, name: str, *_about: Any, **_more: Any) -> trace.Span:
        self.names.append(name)
        return trace.INVALID_SPAN

    @contextmanager
    def start_as_current_span(self, name: str, *_about: Any, **_more: Any) -> Iterator[trace.Span]:  # type: ignore[override]
        yield self.start_span(name)


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Spans:
    """Where whoever makes spans makes them."""
    made = Spans()
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: made)
    return made


async def test_a_verification_leaves_no_span(spans: Spans, world: World) -> None:  # noqa: F811
    world.client.headers["Authorization"] = f"Bearer {(await world.keys.create('wallet', ['verify']))[0]}"
    answer = await world.client.post("/v1/challenges/c1/verify", json={"code": "123456"})

    assert answer.json()["result"] == "refused"
    assert spans.names == []


async def test_a_span_would_be_seen(spans: Spans) -> None:
    app = FastAPI()
    app.add_api_route("/", lambda: None)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        await client.get("/")

    assert spans.names != []


@pytest.mark.e2e
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
async def test_a_crash_of_the_api_writes_no_memory_to_disk(pair: Pair) -> None:  # noqa: F811
    for process in pair.processes:
        limits = Path(f"/proc/{process.pid}/limits").read_text()
        assert re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE)
