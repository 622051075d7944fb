"""The life of a case."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cases.states import (
    SEVERITIES,
    Case,
    IllegalTransition,
    assigned,
    joined,
    opened,
    resolved,
)

NEW = opened("c1", "li", "medium", 10.0)
REVIEWED = assigned(NEW, "mei", 20.0)
CLOSED = resolved(REVIEWED, "fraud", 30.0)


def test_a_case_goes_from_open_to_review_to_resolved() -> None:
    assert [NEW.state, REVIEWED.state, CLOSED.state] == ["open", "in_review", "resolved"]


def test_a_verdict_needs_a_reviewer() -> None:
    with pytest.raises(IllegalTransition):
        resolved(NEW, "legitimate", 20.0)


@pytest.mark.parametrize(
    "change",
    [
        lambda case: joined(case, "high", 40.0),
        lambda case: assigned(case, "bo", 40.0),
        lambda case: resolved(case, "legitimate", 40.0),
    ],
)
def test_a_resolved_case_stays_as_it_is(change: object) -> None:
    with pytest.raises(IllegalTransition):
        change(CLOSED)  # type: ignore[operator]


def test_a_review_can_be_handed_on() -> None:
    assert assigned(REVIEWED, "bo", 25.0).assignee == "bo"


def test_a_joining_event_leaves_the_review_where_it_is() -> None:
    assert joined(REVIEWED, "low", 25.0).state == "in_review"


@given(st.lists(st.sampled_from(SEVERITIES), min_size=1))
def test_severity_is_the_worst_that_joined(severities: list[str]) -> None:
    case = opened("c1", "li", severities[0], 0.0)  # type: ignore[arg-type]
    for severity in severities[1:]:
        case = joined(case, severity, 1.0)  # type: ignore[arg-type]

    assert max(severities, key=SEVERITIES.index) == case.severity


@given(st.lists(st.sampled_from(["join", "assign"]), max_size=8), st.lists(st.floats(0, 100), min_size=8))
def test_each_change_is_one_version_and_time_never_goes_back(changes: list[str], times: list[float]) -> None:
    case: Case = NEW
    for change, at in zip(changes, times, strict=False):
        before = case
        case = joined(case, "low", at) if change == "join" else assigned(case, "mei", at)

        assert case.version == before.version + 1
        assert case.changed_at >= before.changed_at
