"""A step of the pipeline whose store is away is tried again."""

from __future__ import annotations

import asyncio

import pytest

from contracts.errors import Unavailable
from services.platform.retry import Backoff
from services.stream.pipeline import retry_while_unavailable


async def test_a_step_is_repeated_while_its_store_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.stream.pipeline.BACKOFF", Backoff(0.0, 0.0))
    left = 3

    async def step() -> str:
        nonlocal left
        left -= 1
        if left:
            raise Unavailable("away")
        return "here"

    assert await retry_while_unavailable(step, "store") == "here"


async def test_pauses_grow_twofold_to_the_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    async def noted(pause_s: float) -> None:
        pauses.append(pause_s)

    monkeypatch.setattr(asyncio, "sleep", noted)

    async def step() -> str:
        if len(pauses) < 9:
            raise Unavailable("away")
        return "here"

    assert await retry_while_unavailable(step, "store") == "here"
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
