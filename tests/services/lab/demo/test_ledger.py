"""The ledger counts what was accepted and decided, and finds what came twice."""

from __future__ import annotations

import pytest
from msgspec import json

from contracts.decisions import Decision, RaiseAlert
from services.lab.demo.ledger import Ledger


def decision(event_id: str, score: int = 1) -> tuple[Decision, bytes]:
    made = Decision(
        event_id=event_id,
        account_id="a",
        type="login",
        at=0.0,
        risk=0.1,
        score=score,
        action="notify",
        policy_version="1",
        effects=(RaiseAlert(effect_id=f"alert-{event_id}", severity="low"),),
    )
    return made, json.encode(made)


def decided(ledger: Ledger, event_id: str, score: int = 1, at_s: float = 0.0, ours: bool = True) -> bool:
    return ledger.decide(*decision(event_id, score), at_s, ours)


def test_an_accepted_event_without_a_decision_is_lost() -> None:
    ledger = Ledger()
    ledger.accept(("a", "one"))
    ledger.accept(("a", "two"))
    decided(ledger, "one")

    assert (ledger.figures().accepted, ledger.figures().decided, ledger.figures().lost) == (2, 1, 1)
    assert not ledger.figures().clean


def test_an_event_that_waits_for_a_worker_which_is_behind_is_undecided_and_not_lost() -> None:
    ledger = Ledger()
    ledger.accept(("a", "one"))
    figures = ledger.figures(behind=True)

    assert (figures.undecided, figures.lost) == (1, 0)
    assert not figures.clean


def test_a_decision_that_is_read_before_the_acknowledgement_counts() -> None:
    ledger = Ledger()
    decided(ledger, "one")
    ledger.accept(("a", "one"))

    assert (ledger.accepted, ledger.decided, ledger.waiting) == (1, 1, 0)


def test_an_event_accepted_twice_is_one_event() -> None:
    ledger = Ledger()
    ledger.accept(("a", "one"))
    ledger.accept(("a", "one"))
    decided(ledger, "one")
    ledger.accept(("a", "one"))

    assert (ledger.accepted, ledger.decided) == (1, 1)


def test_the_same_decision_record_again_is_no_second_effect() -> None:
    ledger = Ledger()
    ledger.accept(("a", "one"))

    assert decided(ledger, "one")
    assert not decided(ledger, "one")
    assert ledger.figures().duplicate_effects == 0
    assert ledger.repeats == 1


def test_two_decisions_about_one_event_that_disagree_are_a_doubled_effect() -> None:
    ledger = Ledger()
    ledger.accept(("a", "one"))
    decided(ledger, "one", score=1)
    decided(ledger, "one", score=2)

    assert ledger.figures().duplicate_effects == 1


def test_a_repeated_action_id_is_dropped_and_a_second_action_for_one_effect_is_counted() -> None:
    ledger = Ledger()

    assert ledger.act("id-1", "freeze", "a", "e")
    assert not ledger.act("id-1", "freeze", "a", "e")
    assert ledger.figures().duplicate_effects == 0

    ledger.act("id-2", "freeze", "a", "e")
    assert ledger.figures().duplicate_effects == 1


def test_traces_found_twice_at_the_edge_are_doubled_effects() -> None:
    assert Ledger().figures(traces=[1, 3, 1]).duplicate_effects == 2


def test_effects_that_decisions_asked_for_are_remembered_by_kind() -> None:
    ledger = Ledger()
    decided(ledger, "one", ours=False)

    assert ledger.effects == {"raise_alert": {"alert-one"}}
    assert ledger.accepted == 0


def test_latency_is_measured_only_for_events_whose_clock_was_started() -> None:
    ledger = Ledger()
    for number in range(100):
        ledger.hand_over(("a", f"e{number}"), 0.0)
        ledger.accept(("a", f"e{number}"))
        decided(ledger, f"e{number}", at_s=number / 1000)
    ledger.accept(("a", "past"))
    decided(ledger, "past", at_s=50.0)

    assert ledger.figures().p50_ms == pytest.approx(50.0)
    assert ledger.figures().p99_ms == pytest.approx(99.0)


def test_the_line_has_exactly_the_promised_form() -> None:
    ledger = Ledger()
    ledger.accept(("a", "one"))
    decided(ledger, "one")

    assert (
        ledger.figures().line()
        == "ledger accepted=1 decided=1 undecided=0 lost=0 duplicate_effects=0 p50_ms=0.0 p99_ms=0.0"
    )
