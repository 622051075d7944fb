"""The live page: what stands on it, and the picture made of it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from contracts.actions import Action
from contracts.decisions import Decision
from services.cli.live_page import render
from services.cli.terminal import Page, plain_lines
from services.lab.demo.board import Board, Meter
from services.lab.summarise.summary import StoryStep
from tests.services.cases import decided


def decision(action: Action = "challenge", account_id: str = "u-1", score: int = 52) -> Decision:
    return decided.decision(f"e-{account_id}-{score}", account_id, action=action, score=score, findings=())


ADDRESS = "http://127.0.0.1:8765/demo"
REASONS = [
    "Neither the place nor the device is usual here: about 2,981 times likelier from a stranger.",
    "12,047 km from this account's other place in 40 min: 18,070 km/h; limit 900.",
    "A device not used here before; 0.9% of this account's visits were on a new one.",
]


def text_of(board: Board, width: int = 120, height: int = 40, terminal: bool = False) -> str:
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=terminal)
    with console.capture() as captured:
        console.print(render(board, width, height))
    return captured.get()


@pytest.fixture
def board() -> Board:
    board = Board()
    board.go_live()
    return board


@pytest.fixture
def full(board: Board) -> Board:
    """A board after a while: every story told, more decisions than fit, a note, every link."""
    board.address = ADDRESS
    board.links = [("API", "http://127.0.0.1:51234/openapi.json"), ("mails", ".payguard/demo/outbox")]
    board.notes.append("worker ended; starting it again, see its log in .payguard/demo/logs/worker.log")
    board.steps = [
        StoryStep(f"insider changes, then money {number:02d}", "e", "challenge or stricter", "deny", 99, True)
        for number in range(14)
    ]
    for number in range(40):
        board.note(decision(account_id=f"u-{number:07d}"), ["Login waits for a code", *REASONS], now=0.0)
    return board


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (60, 20), (200, 60)])
def test_the_page_fits_with_its_address_and_how_to_end_it_and_nothing_is_cut_off(
    full: Board, width: int, height: int
) -> None:
    lines = text_of(full, width, height).splitlines()

    assert lines[0].rstrip() == f"Open {ADDRESS}"
    assert lines[-1].rstrip() == "Ctrl-C stops everything"
    assert len(lines) < height
    assert max(map(len, lines)) <= width
    assert not [line for line in lines if "…" in line]
    assert sum("u-00" in line for line in lines) >= 2


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40)])
def test_the_newest_decision_comes_first_in_whole_sentences(full: Board, width: int, height: int) -> None:
    text = " ".join(text_of(full, width, height).split())

    assert text.index("u-0000039") < text.index("u-0000038")
    assert "Login waits for a code" in text
    if width == 120:
        assert "insider changes, then money 13" in text


def test_a_terminal_opens_the_address(full: Board) -> None:
    drawn = text_of(full, 80, 24, terminal=True)

    assert "\x1b]8;" in drawn
    assert f";{ADDRESS}\x1b\\" in drawn


def test_without_a_demonstration_the_page_begins_with_what_runs(board: Board) -> None:
    board.links = [("API", "http://127.0.0.1:51234/openapi.json")]
    lines = text_of(board, 80, 24).splitlines()

    assert lines[0].startswith("PayGuard")
    assert any(line.startswith("API http://127.0.0.1:51234/openapi.json") for line in lines)


def test_what_people_did_before_live_play_is_counted_and_takes_no_line() -> None:
    board = Board()
    board.note(decision(), ["Login waits for a code"], now=0.0)

    assert not board.recent
    assert board.actions["challenge"] == 1


def test_a_decision_stands_on_the_page_with_its_reason_in_words(board: Board) -> None:
    board.note(decision(), ["Login waits for a code", "A device not used here before."], now=0.0)

    assert "Login waits for a code: A device not used here before." in text_of(board)


def test_a_burst_on_one_account_is_one_line_with_its_latest_score(board: Board) -> None:
    for score in (52, 60, 70):
        board.note(decision(score=score), ["Login waits for a code"], now=0.0)

    assert [line.score for line in board.recent] == [70]
    assert board.actions["challenge"] == 3


def test_what_is_simply_allowed_is_counted_and_takes_no_line(board: Board) -> None:
    board.note(decision("allow"), [], now=10.0)

    assert not board.recent
    assert board.actions["allow"] == 1


def test_a_story_that_went_wrong_is_the_step_that_is_shown(board: Board) -> None:
    board.steps = [
        StoryStep("SIM swap", "e1", "any", "deny", 99, True),
        StoryStep("SIM swap", "e2", "challenge or stricter", "allow", 3, False),
    ]

    assert [step.event_id for step in board.telling_steps()] == ["e2"]
    assert "NOT met" in text_of(board)


def test_a_rate_is_counted_over_the_last_three_seconds() -> None:
    meter = Meter()
    for tenth in range(100):
        meter.add(10, tenth / 10)

    assert 90 <= meter.rate(9.9) <= 110
    assert meter.rate(60.0) == 0.0
    assert meter.total == 1000


def test_the_picture_stands_alone(board: Board, tmp_path: Path) -> None:
    board.links = [("API", "http://127.0.0.1:1/openapi.json")]
    file = tmp_path / "page.svg"
    Page(board, plain=True, quiet=True).save(file)
    drawn = file.read_text()

    assert drawn.startswith("<svg")
    assert "@font-face" not in drawn
    assert "url(https" not in drawn


def test_no_latency_is_said_before_one_was_measured(board: Board) -> None:
    before = next(plain_lines(board, 0.0, ()))
    board.p50_ms, board.p99_ms = 12.34, 56.78
    after = next(plain_lines(board, 0.0, ()))

    assert "p50 not measured yet, p99 not measured yet" in before
    assert "p50 12.3 ms, p99 56.8 ms" in after


def test_a_decision_is_a_plain_line_once(board: Board) -> None:
    board.note(decision(account_id="u-1"), ["Login waits for a code"], now=0.0)
    shown = list(board.recent)
    board.note(decision(account_id="u-2"), ["Login waits for a code"], now=1.0)

    _, *lines = plain_lines(board, 1.0, shown)

    assert [line.split()[0] for line in lines] == ["u-2"]
