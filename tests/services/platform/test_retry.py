"""What is away is tried again, ever more seldom, and a process that stops waits for nothing."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import Unavailable
from services.platform import retry
from services.platform.retry import Backoff, pause, repeat


class Away:
    """A step that fails so many times, and then finds `found`; `failed` are the reasons that were heard."""

    def __init__(self, times: int, found: object = "here", stopping: asyncio.Event | None = None) -> None:
        self.times = times
        self.found = found
        self.stopping = stopping
        self.failed: list[str] = []

    async def __call__(self) -> object:
        self.times -= 1
        if self.times >= 0:
            raise Unavailable("away", "store_away")
        if self.stopping is not None and self.times < -1:
            self.stopping.set()
        return self.found


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    noted: list[float] = []

    async def wait(_: asyncio.Event, wait_s: float) -> None:
        noted.append(wait_s)

    monkeypatch.setattr(retry, "pause", wait)
    return noted


async def test_work_in_the_background_says_why_it_waits_and_begins_anew_after_success(
    pauses: list[float],
) -> None:
    stopping = asyncio.Event()
    step = Away(8, "", stopping)

    await repeat(step, stopping, step.failed.append, 0.1)

    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0, 0.1, 0.1]
    assert step.failed == ["store_away"] * 8


async def test_work_that_found_something_goes_on_at_once(pauses: list[float]) -> None:
    stopping = asyncio.Event()

    await repeat(Away(0, 500, stopping), stopping, print, 0.1)

    assert pauses == []


async def test_work_is_not_begun_once_stopping() -> None:
    stopping = asyncio.Event()
    stopping.set()

    await repeat(Away(1), stopping, pytest.fail, 600.0)


async def test_a_pause_ends_when_stopping() -> None:
    stopping = asyncio.Event()
    waiting = asyncio.create_task(pause(stopping, 600.0))
    await asyncio.sleep(0)
    stopping.set()

    async with asyncio.timeout(60.0):
        await waiting


@given(st.floats(0.01, 10.0), st.floats(0.01, 1000.0), st.integers(1, 100_000))
def test_pauses_never_shrink_and_never_pass_the_ceiling(
    first_s: float, ceiling_s: float, failures: int
) -> None:
    backoff = Backoff(first_s, ceiling_s)
    before, after = backoff.pause_s(failures), backoff.pause_s(failures + 1)
    assert before <= after <= ceiling_s
    assert backoff.pause_s(1) == min(first_s, ceiling_s)


async def test_another_error_ends_the_work(pauses: list[float]) -> None:
    async def broken() -> None:
        raise KeyError("broken")

    with pytest.raises(KeyError):
        await repeat(broken, asyncio.Event(), pytest.fail, 0.1)
    assert pauses == []
