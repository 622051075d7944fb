"""Freezes in a replay: they stand as in a worker, are settled by a simulated support, or are ignored."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from contracts.decisions import Decision, Freeze, HoldPayment, effect_id
from contracts.events import Login, Transaction, UserReport, to_wire
from services.bootstrap.pipelines import offline_core
from services.cli.main import app
from services.lab.backtest.comparison import backtest
from services.lab.people.support import (
    HONEST_AFTER_S,
    PAYMENT_AFTER_S,
    ROBBED_AFTER_S,
    Support,
    replay_with_support,
)
from services.lab.simulate.simulate import Simulation, simulate
from services.lab.simulate.stories import stories_named
from services.platform.settings import Settings
from services.replay.lines import read_events, read_lines
from services.replay.replay import replay

MONDAY_S = 1_767_571_200
HOUR_S = 3600


def lines() -> list[bytes]:
    """A login, the owner's word that it was not him, and a payment each six hours for two days."""

    def common(name: str, at_s: int) -> dict[str, Any]:
        return {"event_id": name, "account_id": "li", "occurred_at": (MONDAY_S + at_s) * 1000}

    paid: dict[str, Any] = {"amount": "20.00", "currency": "CNY", "payee_id": "shop"}
    return [
        to_wire(Login(**common("in", 0), outcome="success")),
        to_wire(UserReport(**common("said", 60), about_event_id="in", verdict="not_me")),
        *(
            to_wire(Transaction(**common(f"p{hour}", 120 + hour * HOUR_S), **paid))
            for hour in range(0, 48, 6)
        ),
    ]


@pytest.fixture
def frozen_file(tmp_path: Path) -> Path:
    file = tmp_path / "frozen.jsonl"
    file.write_bytes(b"\n".join(lines()) + b"\n")
    return file


def denied(file: Path, *flags: str) -> list[str]:
    """Events that a replay denies."""
    result = CliRunner().invoke(app, ["replay", str(file), "--only", "deny", *flags])
    assert result.exit_code == 0, result.output
    return [json.loads(line)["event_id"] for line in result.stdout.splitlines()]


def test_a_freeze_stands_in_a_replay_until_the_file_ends_it(frozen_file: Path) -> None:
    everything = [f"p{hour}" for hour in range(0, 48, 6)]

    assert denied(frozen_file) == denied(frozen_file, "--freezes", "stand") == everything


def test_a_simulated_support_lets_the_owner_in_again_after_his_story(frozen_file: Path) -> None:
    assert denied(frozen_file, "--freezes", "settled") == ["p0", "p6", "p12", "p18"]


def test_where_freezes_are_ignored_each_event_is_judged_on_its_own(frozen_file: Path) -> None:
    assert denied(frozen_file, "--freezes", "ignored") == []


def test_a_digest_is_of_what_the_file_says(frozen_file: Path) -> None:
    def digest(*flags: str) -> Any:
        return CliRunner().invoke(app, ["replay", str(frozen_file), "--digest", *flags])

    assert digest().output == digest("--freezes", "stand").output != digest("--freezes", "ignored").output
    refused = digest("--freezes", "settled")
    assert refused.exit_code == 2
    assert "--freezes stand or ignored" in " ".join(refused.output.replace("│", " ").split())


async def test_a_backtest_judges_each_event_on_its_own(frozen_file: Path) -> None:
    same = Settings(), Settings()
    comparison = await backtest(
        same, ("a", "b"), frozen_file, "silent", lambda number, error: None, lambda read: None
    )

    assert comparison.pairs["deny", "deny"] == 0


def decision(kind: str, *effects: Any, at: float = MONDAY_S) -> Decision:
    return Decision(
        event_id="e", account_id="li", type=kind, at=at, risk=1.0, score=100, action="deny",
        policy_version="p", effects=effects,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "fraud", "after_s"),
    [
        ("transaction", False, HONEST_AFTER_S),
        ("transaction", True, ROBBED_AFTER_S),
        ("user_report", False, ROBBED_AFTER_S),
    ],
)
def test_support_unfreezes_who_is_honest_soon_and_who_was_robbed_after_his_story(
    kind: str, fraud: bool, after_s: float
) -> None:
    support = Support()
    support.hears(decision(kind, Freeze(effect_id=effect_id("li", "e", "freeze"))), fraud)

    assert list(support.done(MONDAY_S + after_s - 1.0)) == []
    (end,) = support.done(MONDAY_S + after_s)
    assert (end.settles, end.outcome, end.about_event_id) == ("account", "released", "e")
    assert list(support.done(2.0 * MONDAY_S)) == []


@pytest.mark.parametrize(("fraud", "outcome"), [(True, "cancelled"), (False, "released")])
def test_support_lets_an_honest_payment_go_and_gives_a_thiefs_up(fraud: bool, outcome: str) -> None:
    support = Support()
    held = HoldPayment(effect_id="h", due_s=60, amount="9", currency="CNY")
    support.hears(decision("transaction", held), fraud)

    (end,) = support.done(MONDAY_S + PAYMENT_AFTER_S)
    assert (end.settles, end.outcome, end.at) == ("payment", outcome, MONDAY_S + PAYMENT_AFTER_S)


async def test_a_replay_with_support_ends_every_freeze_once_and_locks_no_honest_person_out(
    tmp_path: Path,
) -> None:
    file = tmp_path / "events.jsonl"
    played = simulate(Simulation(120, 20, 5, MONDAY_S, stories_named("attacks")))
    file.write_bytes(b"\n".join(each.wire() for each in played) + b"\n")
    decided: list[Decision] = []

    def keep(_lines: Any, decisions: Any, _encoded: Any) -> None:
        decided.extend(decisions)

    ours = await replay_with_support(events_of(file), offline_core(Settings()), keep)
    frozen = [each for each in decided if any(isinstance(effect, Freeze) for effect in each.effects)]
    ends = Counter(each.account_id for each in decided if each.type == "settlement")
    in_time = [each for each in frozen if each.at + ROBBED_AFTER_S < decided[-1].at]
    assert len(in_time) >= 4
    assert all(ends[each.account_id] for each in in_time)
    without: list[Decision] = []
    stands = await replay(
        events_of(file), offline_core(Settings()), lambda _lines, found, _bytes: without.extend(found)
    )
    assert ours == stands + ends.total()
    assert sum(each.action == "deny" for each in decided) < sum(each.action == "deny" for each in without)


def events_of(file: Path) -> Any:
    return read_events(read_lines(file), lambda number, error: None)
