"""A backtest counts what two policies would have done, by labels wherever they stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json
from msgspec.structs import replace

from contracts.actions import Action
from contracts.decisions import Decision
from contracts.events import Transaction
from services.bootstrap.pipelines import offline_core
from services.lab.backtest.comparison import Comparison, backtest
from services.lab.backtest.plots import wilson
from services.lab.backtest.side import Side, Weeks, is_judged
from services.lab.backtest.summary import rows, sentences
from services.lab.backtest.truth import Known, Marked, Truth
from services.platform.settings import Settings, load_settings
from services.replay.lines import read_events, read_lines
from services.replay.replay import Line, replay
from tests.services.lab.backtest.backtested import MONDAY_S, compared

DAY_MS = 86_400_000


def login(number: int, day: int, device: str, **extra: Any) -> bytes:
    fields = {
        "type": "login",
        "event_id": f"e{number}",
        "account_id": "acct",
        "occurred_at": MONDAY_S * 1000 + day * DAY_MS,
        "ip": "198.51.100.7",
        "device_id": device,
        "outcome": "success",
    }
    return json.encode({**fields, **extra})


def write(file: Path, lines: list[bytes]) -> Path:
    file.write_bytes(b"\n".join(lines) + b"\n")
    return file


def with_a_new_phone(file: Path) -> Path:
    """Ten days on one phone by an account with a second factor, then five on another."""
    enrolled = {"type": "account_change", "change": "totp_enrolled", "outcome": None}
    lines = [login(0, 0, "old", **enrolled)]
    lines += [login(day, day, "old" if day <= 10 else "new") for day in range(1, 16)]
    return write(file, lines)


def test_a_policy_against_itself_changes_nothing(life: Path, strict: Path) -> None:
    same = compared(life, strict, strict)

    assert same.changed == 0
    assert same.examples() == {}
    assert {row.difference for row in rows(same, "en")} <= {"0", "0.00", "0.0 points", "0.000 points", "–"}
    assert sentences(same, "en")[0].startswith("B decides all ")


def test_every_judged_event_is_in_the_matrix_once(comparison: Comparison, life: Path) -> None:
    judged = sum(
        b'"type":"challenge_outcome"' not in line and b'"type":"label"' not in line
        for _, line in read_lines(life)
    )

    assert comparison.events == judged
    figures = comparison.figures()
    assert sum(sum(row.values()) for row in figures["matrix"].values()) == judged
    assert sum(figures["sides"][0]["actions"].values()) == judged


async def test_left_silent_a_policy_decides_as_replay_does(life: Path, strict: Path) -> None:
    decided: Counter[str] = Counter()
    settings = load_settings(policy=strict)
    events = list(read_events(read_lines(life), lambda number, error: None))
    judged = {line.event.event_id for line in events if is_judged(line.event)}

    def keep(_lines: Sequence[Line], decisions: Sequence[Decision], _encoded: Sequence[bytes]) -> None:
        decided.update(each.action for each in decisions if each.event_id in judged)

    await replay(iter(events), offline_core(settings), keep)
    ignore = lambda *_: None  # noqa: E731
    silent = await backtest((Settings(), settings), ("one", "two"), life, "silent", ignore, ignore)

    assert decided == silent.sides[1].actions


def test_a_stricter_policy_asks_more_and_its_examples_say_why(comparison: Comparison) -> None:
    first, second = comparison.figures()["sides"]

    assert second["per_day"]["challenges"] > first["per_day"]["challenges"]
    assert second["never_bothered"] < first["never_bothered"]
    for (a, b), kept in comparison.examples().items():
        assert a != b
        assert 1 <= len(kept) <= 3
        assert all((each.decisions[0].action, each.decisions[1].action) == (a, b) for each in kept)


def test_a_challenge_that_nobody_answered_counts_as_passed_and_teaches_the_phone(tmp_path: Path) -> None:
    file = with_a_new_phone(tmp_path / "events.jsonl")

    passed = compared(file, unanswered="passed").sides[0].actions["challenge"]
    silent = compared(file, unanswered="silent").sides[0].actions["challenge"]

    assert (passed, silent) == (1, 5)


def test_fraud_never_answers_its_challenge(tmp_path: Path) -> None:
    file = with_a_new_phone(tmp_path / "events.jsonl")
    label = b',"label":{"fraud":true,"scenario":"takeover"}}'
    taken = [line[:-1] + label if b'"new"' in line else line for _, line in read_lines(file)]

    side = compared(write(file, taken)).sides[0]

    assert side.actions["challenge"] == 5
    assert side.scenarios == {"takeover": [5, 5]}
    assert side.recall() == 1.0


def test_a_recorded_answer_is_not_given_twice(tmp_path: Path) -> None:
    known = Known()
    outcome = {
        "type": "challenge_outcome",
        "challenge_id": "c",
        "challenged_event_id": "e11",
        "purpose": "login",
        "outcome": "failed",
    }
    file = write(tmp_path / "events.jsonl", [login(11, 11, "new"), login(12, 12, "new", **outcome)])

    known.gather(read_lines(file))

    assert known.answered("e11")
    assert not known.answered("e12")


@pytest.mark.parametrize(
    ("words", "truth"),
    [
        ([{"verdict": "was_me", "proof": "link"}], "unknown"),
        ([{"verdict": "was_me", "proof": "session"}], "honest"),
        ([{"verdict": "not_me", "proof": "link"}], "fraud"),
        ([{"verdict": "not_me"}, {"verdict": "was_me", "proof": "code"}], "fraud"),
        ([{"verdict": "not_me"}, {"verdict": "was_me", "proof": "code", "undoes": "e5"}], "honest"),
    ],
)
def test_an_owners_word_counts_by_its_proof_and_until_it_is_taken_back(
    tmp_path: Path, words: list[dict[str, str]], truth: str
) -> None:
    about = {"type": "user_report", "about_event_id": "e1"}
    told = [login(number, number, "old", **about, **word) for number, word in enumerate(words, 5)]
    known = Known()
    known.gather(read_lines(write(tmp_path / "events.jsonl", [login(1, 1, "old"), *told])))

    assert known.of("e1", login(1, 1, "old")).truth == truth


def test_labels_count_wherever_they_stand_and_the_lines_own_comes_first(tmp_path: Path) -> None:
    verdict = {"type": "label", "about_event_id": "e1", "verdict": "fraud"}
    report = {"type": "user_report", "about_event_id": "e2", "verdict": "not_me"}
    lines = [login(number, number, "old") for number in (1, 2, 3)]
    file = write(
        tmp_path / "events.jsonl", [*lines, login(8, 8, "old", **verdict), login(9, 9, "old", **report)]
    )
    known = Known()
    known.gather(read_lines(file))

    said = [known.of(f"e{number}", line).truth for number, line in enumerate(lines, 1)]

    assert said == ["fraud", "fraud", "unknown"]
    own = lines[0][:-1] + b',"label":{"fraud":false,"scenario":3}}'
    assert known.of("e1", own).truth == "honest"
    assert known.of("e1", own).scenario == "3"


def payment(number: int, amount: str, currency: str) -> Transaction:
    return Transaction(
        event_id=f"p{number}",
        account_id="acct",
        occurred_at=MONDAY_S * 1000,
        amount=amount,
        currency=currency,
    )


def decided(event: Transaction, action: Action) -> Decision:
    return Decision(
        event_id=event.event_id,
        account_id=event.account_id,
        type="transaction",
        at=event.at,
        risk=0.5,
        score=50,
        action=action,
        policy_version="1",
    )


def test_caught_loss_is_what_was_challenged_held_or_denied_of_labelled_fraud() -> None:
    side = Side("one", "1")
    asked: list[tuple[Action, Truth, str, str]] = [
        ("allow", "fraud", "10.00", "CNY"),
        ("notify", "fraud", "20.00", "CNY"),
        ("challenge", "fraud", "40.00", "CNY"),
        ("hold", "fraud", "80.00", "CNY"),
        ("deny", "fraud", "160.00", "CNY"),
        ("deny", "fraud", "5.00", "EUR"),
        ("deny", "honest", "1000.00", "CNY"),
        ("deny", "unknown", "1000.00", "CNY"),
    ]
    for number, (action, truth, amount, currency) in enumerate(asked):
        event = payment(number, amount, currency)
        side.add(event, decided(event, action), Marked(truth, "takeover"), 0)

    assert side.figures()["loss"] == {
        "CNY": {"fraud_amount": 310.0, "caught_amount": 280.0, "fraud_payments": 5, "caught_payments": 3},
        "EUR": {"fraud_amount": 5.0, "caught_amount": 5.0, "fraud_payments": 1, "caught_payments": 1},
    }


def test_a_refund_or_a_failed_payment_is_no_loss_that_could_be_caught() -> None:
    side = Side("one", "1")
    failed = replace(payment(1, "10.00", "CNY"), status="failed")
    side.add(failed, decided(failed, "allow"), Marked("fraud", "takeover"), 0)

    assert side.figures()["loss"] == {}


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 27), st.booleans(), st.booleans()),
        min_size=1,
        max_size=80,
    )
)
def test_weeks_are_counted_as_by_hand(happened: list[tuple[int, int, bool, bool]]) -> None:
    happened.sort(key=lambda each: each[1])
    weeks = Weeks()
    by_hand: dict[tuple[int, int], int] = {}
    for account, day, first, second in happened:
        weeks.add(f"a{account}", day, (first, second), (first, second))
        by_hand[account, day // 7] = by_hand.get((account, day // 7), 0) + first
    weeks.close()
    ordered = sorted(by_hand.values())

    assert weeks.mean(0) == pytest.approx(sum(ordered) / len(ordered))
    assert weeks.challenges(0, 1.0) == ordered[-1]
    assert weeks.challenges(0, 0.5) == ordered[(len(ordered) + 1) // 2 - 1]
    bothered = {account for account, _, first, _ in happened if first}
    assert weeks.never_bothered(0) == pytest.approx(1 - len(bothered) / weeks.accounts)


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_an_interval_holds_its_share(whole: int, share: float) -> None:
    part = round(whole * share)
    low, high = wilson(part, whole)

    assert 0.0 <= low <= part / whole + 1e-9
    assert part / whole - 1e-9 <= high <= 1.0
