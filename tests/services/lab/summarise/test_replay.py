"""Replay: bad lines are told apart by number, and the answers do not depend on where the stream is cut."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from contracts.decisions import Decision
from contracts.errors import Malformed
from services.bootstrap.pipelines import offline_core
from services.lab.simulate.simulate import Simulation, simulate
from services.lab.summarise.replayed import ReplayOptions, replay_file
from services.platform.settings import Settings
from services.replay import replay as replay_module
from services.replay.lines import EventLine, read_events, read_lines
from services.replay.replay import Line, replay

MONDAY_S = 1_767_571_200


@pytest.fixture
def events_file(tmp_path: Path) -> Path:
    file = tmp_path / "events.jsonl"
    played = simulate(Simulation(12, 4, 5, MONDAY_S))
    file.write_bytes(b"\n".join(each.wire() for each in played) + b"\n")
    return file


def test_lines_that_are_no_events_are_reported_by_their_number_and_the_rest_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    good = next(simulate(Simulation(1, 1, 5, MONDAY_S))).wire()
    file.write_bytes(good + b"\n\n{broken\n" + b'{"type":"nonsense"}\n\xff\n' + good + b"\n")
    bad: list[tuple[int, str]] = []

    def note(number: int, error: Malformed) -> None:
        bad.append((number, error.reason))

    numbers = [line.number for line in read_events(read_lines(file), note)]

    assert numbers == [1, 6]
    assert [number for number, _ in bad] == [3, 4, 5]


async def answers(file: Path) -> list[bytes]:
    kept: list[bytes] = []

    def keep(_lines: Sequence[Line], _decisions: Sequence[Decision], encoded: Sequence[bytes]) -> None:
        kept.extend(encoded)

    lines: list[EventLine] = list(read_events(read_lines(file), lambda number, error: None))
    await replay(iter(lines), offline_core(Settings()), keep)
    return kept


async def test_the_answers_are_the_same_bytes_however_the_stream_is_cut(
    events_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await answers(events_file)
    monkeypatch.setattr(replay_module, "BATCH", 7)

    assert await answers(events_file) == whole
    assert whole


async def test_a_repeated_event_has_one_decision_and_the_summary_still_pairs(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    lines = [played.wire() for played in simulate(Simulation(2, 2, 5, MONDAY_S))]
    file.write_bytes(b"\n".join([lines[0], lines[0], *lines[1:]]))
    out = tmp_path / "decisions.jsonl"
    options = ReplayOptions(explain="zh-CN", actions=frozenset(), summarise=True)

    with out.open("wb") as target:
        summary = await replay_file(
            Settings(), file, target, options, lambda number, error: None, lambda count: None
        )

    written = out.read_text().splitlines()
    assert summary.events == len(lines) == len(written)
    assert all('"words":[' in line for line in written)
