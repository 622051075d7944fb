"""Replay: bad lines are told apart by number, and the answers do not depend on where the stream is cut."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contracts.errors import Malformed
from services.bootstrap.pipelines import offline_core
from services.cli.main import app
from services.lab.simulate.simulate import Simulation, simulate
from services.lab.simulate.stories import stories_named
from services.lab.summarise.replayed import ReplayOptions, replay_file
from services.platform.settings import Settings
from services.replay import replay as replay_module
from services.replay.digests import Digests, digests_of
from services.replay.lines import read_events, read_lines

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


async def digests(file: Path) -> Digests:
    return await digests_of(
        read_events(read_lines(file), lambda number, error: None), offline_core(Settings())
    )


async def test_decisions_and_memory_are_the_same_bytes_however_the_stream_is_cut(
    events_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await digests(events_file)
    monkeypatch.setattr(replay_module, "BATCH", 7)

    assert await digests(events_file) == whole
    assert whole.decided == whole.events > 0


async def test_one_event_less_changes_the_digest_of_the_memory(events_file: Path, tmp_path: Path) -> None:
    shorter = tmp_path / "shorter.jsonl"
    shorter.write_bytes(b"".join(events_file.read_bytes().splitlines(keepends=True)[:-1]))

    assert (await digests(shorter)).memory_sha256 != (await digests(events_file)).memory_sha256


def test_the_digest_printed_is_of_the_very_lines_that_replay_prints(events_file: Path) -> None:
    printed = CliRunner().invoke(app, ["replay", str(events_file)]).stdout_bytes
    figures = json.loads(CliRunner().invoke(app, ["replay", str(events_file), "--digest", "--json"]).stdout)

    assert figures["decisions_sha256"] == hashlib.sha256(printed).hexdigest()


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


async def test_every_label_is_counted_and_every_expected_answer_held_against_the_decision(
    tmp_path: Path,
) -> None:
    file = tmp_path / "events.jsonl"
    played = list(simulate(Simulation(12, 4, 5, MONDAY_S, stories_named("brute_force,holiday"))))
    file.write_bytes(b"\n".join(each.wire() for each in played))
    options = ReplayOptions(explain=None, actions=frozenset(), summarise=True)

    summary = await replay_file(
        Settings(), file, None, options, lambda number, error: None, lambda count: None
    )

    assert summary.labels.total() == len(played)
    assert [step.event_id for step in summary.steps] == [
        each.event.event_id for each in played if each.expected is not None
    ]


async def test_the_summary_says_what_honest_people_were_troubled_with_by_kind_of_person(
    tmp_path: Path,
) -> None:
    file, out = tmp_path / "events.jsonl", tmp_path / "decisions.jsonl"
    played = list(simulate(Simulation(60, 12, 5, MONDAY_S, stories_named("brute_force,holiday"))))
    file.write_bytes(b"\n".join(each.wire() for each in played))
    options = ReplayOptions(explain=None, actions=frozenset(), summarise=True)

    with out.open("wb") as target:
        summary = await replay_file(
            Settings(), file, target, options, lambda number, error: None, lambda count: None
        )

    honest = {each.event.event_id for each in played if not each.fraud}
    decided = [json.loads(line) for line in out.read_text().splitlines()]
    tags = [
        effect["kind"] for each in decided if each["event_id"] in honest for effect in each.get("effects", ())
    ]
    figures = summary.figures()["honest_per_1000"]
    wanted = {"alerts": "raise_alert", "letters": "notify", "challenges": "issue_challenge"}
    assert {name: figures["all honest"][name] for name in wanted} == {
        name: round(1000 * tags.count(tag) / len(honest), 2) for name, tag in wanted.items()
    }
    assert tags
    assert sum(found["events"] for found in figures.values()) == 2 * len(honest)
    assert {"holiday", "vpn_user"} <= figures.keys()


async def test_the_summary_says_how_many_payments_were_held_for_support_where_nobody_has_a_factor(
    tmp_path: Path,
) -> None:
    file, out = tmp_path / "events.jsonl", tmp_path / "decisions.jsonl"
    played = list(simulate(Simulation(60, 20, 5, MONDAY_S, enrolled=0.0)))
    file.write_bytes(b"\n".join(each.wire() for each in played))
    options = ReplayOptions(explain=None, actions=frozenset(), summarise=True)

    with out.open("wb") as target:
        summary = await replay_file(
            Settings(), file, target, options, lambda number, error: None, lambda count: None
        )

    decided = [json.loads(line) for line in out.read_text().splitlines()]
    paid = [each for each in decided if each["type"] == "transaction"]
    asked = [each for each in paid if each.get("waits_for") == "owner"]
    held = [each for each in paid if each.get("waits_for") == "support"]
    figures = summary.figures()["honest_payments"]["all honest"]
    assert figures == {
        "held_for_support_per_5000_payments": round(5000 * len(held) / len(paid), 2),
        "freezes": sum(each["action"] == "deny" for each in decided),
    }
    assert len(asked) > 5 * len(held)
    assert not any(b"totp_enrolled" in each.wire() for each in played)
