"""What the host of a virtual machine took, as the bench tells it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from benchmarks.instruments.stolen import Stolen, StolenTime, stolen_s


async def _watched(*looks: float | None) -> Stolen | None:
    """What is told when each look sees the next of these, and those after them the last."""
    left, all_seen = list(looks), asyncio.Event()

    def read() -> float | None:
        if len(left) > 1:
            return left.pop(0)
        all_seen.set()
        return left[0]

    time = StolenTime(read, second_s=0.0)
    time.begin()
    await all_seen.wait()
    return time.end()


async def test_the_second_that_lost_most_is_told_beside_the_whole() -> None:
    assert await _watched(5.0, 5.01, 5.15, 5.15, 5.16) == Stolen(160.0, 140.0)


async def test_what_was_stolen_before_the_beginning_does_not_count() -> None:
    assert await _watched(400.0, 400.0, 400.0) == Stolen(0.0, 0.0)


async def test_a_system_that_does_not_tell_has_no_figure() -> None:
    assert await _watched(None, None, None) is None


def test_nothing_is_told_of_what_did_not_begin() -> None:
    assert StolenTime().end() is None


def test_stolen_time_is_the_eighth_figure_of_the_first_line(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text("cpu  1 2 3 4 5 6 7 250 9 10\ncpu0 1 2 3 4 5 6 7 8 9 10\n")

    assert stolen_s(stat) == 2.5


def test_a_machine_without_the_file_tells_nothing(tmp_path: Path) -> None:
    assert stolen_s(tmp_path / "none") is None
