"""How `payguard up --demo --for` ends: a table and the ledger as the last line, or one JSON object, and the exit code."""

from __future__ import annotations

import io
import json

import pytest
from msgspec.structs import replace
from rich.console import Console

from services.cli.options import EXIT_BAD
from services.cli.up import report
from services.lab.demo.ledger import Figures
from services.lab.summarise.summary import StoryStep

CLEAN = Figures(
    accepted=9,
    decided=9,
    undecided=0,
    lost=0,
    duplicate_effects=0,
    effects_missing=0,
    p50_ms=1.5,
    p99_ms=12.5,
)
STEPS = [
    StoryStep("takeover", "e1", "freeze", "freeze", 97, True),
    StoryStep("travel", "e2", "challenge", "allow", 3, False),
]


def test_with_json_all_figures_and_stories_are_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    code = report(CLEAN, STEPS, None)
    told = json.loads(capsys.readouterr().out)

    assert code == 0
    assert told["accepted"] == told["decided"] == 9
    assert told["undecided"] == told["lost"] == told["duplicate_effects"] == told["effects_missing"] == 0
    assert (told["p50_ms"], told["p99_ms"]) == (1.5, 12.5)
    assert [(step["story"], step["action"], step["met"]) for step in told["stories"]] == [
        ("takeover", "freeze", True),
        ("travel", "allow", False),
    ]


def test_without_json_the_stories_are_a_table_and_the_ledger_is_the_last_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console = Console(file=io.StringIO(), width=120)
    with console.capture() as table:
        code = report(CLEAN, STEPS, console)
    met, not_met = (line for line in table.get().splitlines() if line.startswith(("takeover", "travel")))

    assert code == 0
    assert met.split() == ["takeover", "freeze", "freeze", "97", "met"]
    assert not_met.split() == ["travel", "challenge", "allow", "3", "NOT", "met"]
    assert capsys.readouterr().out == CLEAN.line() + "\n"


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("what", ["undecided", "lost", "duplicate_effects", "effects_missing"])
def test_what_is_not_clean_is_a_bad_exit(what: str, as_json: bool) -> None:
    spoilt = replace(CLEAN, **{what: 1})

    assert report(spoilt, STEPS, None if as_json else Console(file=io.StringIO())) == EXIT_BAD
