"""What the desk does with a case beside ending it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from contracts.case_clocks import DECIDE_S
from contracts.shown import Shown
from services.cases import queue_states, states
from tests.services.cases.queued import NOW, report, risk

RISK, DISPUTE = risk("c1"), report("c2")
DAY_S = 86_400.0


def test_a_graver_event_shortens_the_time_of_a_case_and_a_lesser_one_does_not() -> None:
    graver, lesser = (states.joined(RISK, severity, NOW) for severity in ("critical", "low"))

    assert (graver.next_due_at, lesser.next_due_at) == (
        NOW + DECIDE_S["critical"],
        NOW - 60.0 + DECIDE_S["high"],
    )


def test_the_first_answer_is_due_until_it_is_given_and_then_the_end() -> None:
    taken = states.assigned(DISPUTE, "mei", NOW)
    answered = states.answered(taken, NOW)

    assert DISPUTE.next_due_at == taken.next_due_at == DISPUTE.first_response_due_at
    assert answered.next_due_at == DISPUTE.due_at


def test_a_promise_to_the_owner_counts_where_it_ends_before_the_desks_own_clock() -> None:
    assert states.promised(RISK, NOW + 600.0).next_due_at == NOW + 600.0
    assert states.promised(RISK, NOW + 90 * DAY_S).next_due_at == RISK.decide_by


@given(st.floats(-DAY_S, 200 * DAY_S))
def test_a_case_sleeps_for_at_most_180_days_from_now(ahead_s: float) -> None:
    until = NOW + ahead_s
    if NOW < until <= NOW + queue_states.SNOOZE_S:
        assert queue_states.snoozed(RISK, until, NOW).snoozed_until == until
    else:
        with pytest.raises(states.IllegalTransition):
            queue_states.snoozed(RISK, until, NOW)


@pytest.mark.parametrize(
    "wakes", [lambda case: states.joined(case, "low", NOW), lambda case: states.added(case, NOW)]
)
def test_something_new_wakes_a_case(wakes: object) -> None:
    asleep = queue_states.waiting(queue_states.snoozed(RISK, NOW + DAY_S, NOW), "owner", NOW)
    woken = wakes(asleep)  # type: ignore[operator]

    assert (woken.snoozed_until, woken.waiting_for, woken.waiting_since) == (None, None, None)


def test_an_escalated_case_is_nobodys_and_is_escalated_once() -> None:
    up = queue_states.escalated(states.assigned(RISK, "mei", NOW), NOW)

    assert (up.assignee, up.state, up.escalated_at) == (None, "open", NOW)
    with pytest.raises(states.IllegalTransition):
        queue_states.escalated(up, NOW)


@pytest.mark.parametrize("other", [report("c3", "wang"), DISPUTE, states.withdrawn(report("c3"), NOW)])
def test_a_case_goes_on_in_another_open_one_of_its_account_alone(other: states.Case) -> None:
    with pytest.raises(states.IllegalTransition):
        queue_states.merged(DISPUTE, other, NOW)


def test_a_case_of_risk_ends_with_a_verdict_and_never_as_a_duplicate() -> None:
    with pytest.raises(states.IllegalTransition):
        queue_states.merged(RISK, DISPUTE, NOW)


def test_a_duplicate_is_not_appealed() -> None:
    merged = queue_states.merged(DISPUTE, RISK, NOW)

    assert (merged.verdict, merged.merged_into) == ("duplicate", "c1")
    assert not states.may_appeal(merged, NOW)


def test_the_largest_amount_of_the_first_currency_is_at_stake() -> None:
    case = RISK
    for amount, currency in (("10", "CNY"), ("9000", "JPY"), ("9.5", "CNY"), ("10.5", "CNY")):
        case = queue_states.with_stake(case, Shown(amount=amount, currency=currency))

    assert (case.at_stake, case.stake_currency) == ("10.5", "CNY")
    assert queue_states.with_stake(RISK, None) == replace(RISK)
