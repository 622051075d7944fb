"""Deadlines by business days: on a day of work, later for what began later, and at the same hour whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from contracts.report_kinds import RULES
from services.cases.business_days import DeadlinesFault, deadline_set, parse_deadlines, standing
from services.cases.case_deadlines import deadlines_of, promised
from services.cases.states import reported

SETS = ("eu", "us", "cn")
names = st.sampled_from(SETS)
#: The years whose holidays stand in the files.
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 6, 1)).map(  # noqa: DTZ001
    lambda at: at.replace(tzinfo=UTC).timestamp()
)


def local(name: str, at: float) -> datetime:
    return datetime.fromtimestamp(at, ZoneInfo(deadline_set(name).zone))


@given(names, moments)
def test_a_deadline_never_lands_on_a_day_off_and_ends_with_the_day_of_business(name: str, at: float) -> None:
    found = deadline_set(name)
    for rule in found.rules:
        due_at = found.due(rule, at)
        assert due_at is not None
        due = local(name, due_at)
        assert found.is_business_day(due.date())
        assert (due.hour, due.minute, due_at > at) == (found.day_ends.hour, 0, True)


@given(names, moments, st.floats(0, 40 * 86_400))
def test_what_began_later_is_not_due_earlier(name: str, at: float, later_s: float) -> None:
    found = deadline_set(name)
    for rule in found.rules:
        assert (found.due(rule, at) or 0) <= (found.due(rule, at + later_s) or 0)


@given(names, moments)
def test_so_many_business_days_lie_between(name: str, at: float) -> None:
    found = deadline_set(name)
    for rule, said in found.rules.items():
        if said.business_days is None:
            continue
        began, ends = local(name, at).date(), local(name, found.due(rule, at) or 0).date()
        days = [began + timedelta(days=each) for each in range(1, (ends - began).days + 1)]
        assert sum(found.is_business_day(day) for day in days) == said.business_days


@pytest.mark.parametrize(
    ("name", "rule", "began", "due"),
    [
        # refunded by the end of the next business day: Maundy Thursday, over Easter
        ("eu", "refund", "2026-04-02T10:00+02:00", "2026-04-07T17:00+02:00"),
        # the clocks go back in between; it ends at five all the same
        ("eu", "complaint_answer", "2026-10-20T09:00+02:00", "2026-11-10T17:00+01:00"),
        ("us", "provisional_credit", "2026-10-26T09:00-04:00", "2026-11-09T17:00-05:00"),
        # 45 days end on a Saturday, and so on the Monday after
        ("us", "inquiry", "2026-03-05T09:00-05:00", "2026-04-20T17:00-04:00"),
        # the Sunday before the holiday is one of work
        ("cn", "refund", "2026-09-19T12:00+08:00", "2026-09-21T18:00+08:00"),
        ("cn", "refund", "2026-02-13T23:30+08:00", "2026-02-24T18:00+08:00"),
    ],
)
def test_a_deadline_as_the_law_or_the_operator_has_it(name: str, rule: str, began: str, due: str) -> None:
    due_at = deadline_set(name).due(rule, datetime.fromisoformat(began).timestamp())
    assert due_at == datetime.fromisoformat(due).timestamp()


def test_a_deadline_is_warned_of_when_three_quarters_are_gone() -> None:
    assert [standing(0.0, 100.0, now) for now in (0.0, 74.9, 75.0, 99.9, 100.0)] == [
        "calm",
        "calm",
        "warned",
        "warned",
        "late",
    ]
    assert deadline_set("us").due("no_such_rule", 0.0) is None


def test_a_set_says_all_its_faults_and_an_unknown_one_what_there_is() -> None:
    broken = """
zone = "Atlantis/Deep"
day_ends = 17:00:00
weekend = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
regulator = { en = "x", zh-CN = "y" }
holidays = []
[rules]
refund = { business_days = 1, days = 2, source = "z" }
"""
    with pytest.raises(DeadlinesFault) as told:
        parse_deadlines("own.toml", broken)
    assert [line.split(":")[0] for line in str(told.value).splitlines()] == [
        "own.toml.rules.refund",
        "own.toml.zone",
        "own.toml.weekend",
    ]
    with pytest.raises(DeadlinesFault, match="expected cn, eu, us or a file, got 'mars'"):
        deadline_set("mars")


def test_a_clock_that_the_policy_sets_itself_goes_before_the_set_of_deadlines() -> None:
    usual, now = RULES["dispute"].clock, datetime(2026, 4, 1, 8, tzinfo=UTC).timestamp()
    sets = deadline_set("eu")

    assert promised("dispute", usual, None, now) == usual
    by_law = promised("dispute", usual, sets, now)
    assert now + by_law.closed_s == sets.due("complaint_answer", now)
    assert promised("dispute", usual._replace(closed_s=3600), sets, now).closed_s == 3600
    assert by_law.first_answer_s == usual.first_answer_s


def test_a_case_has_the_deadlines_of_its_kind_and_an_appeal_begins_them_anew() -> None:
    opened = datetime(2026, 4, 2, 8, tzinfo=UTC).timestamp()
    case = reported("c1", "li", "unauthorised", None, opened, RULES["unauthorised"].clock)
    first, *_ = deadlines_of(case, deadline_set("eu"), opened + 60)

    assert (first.rule, first.source, first.stands) == ("refund", "PSD2 article 73(1)", "calm")
    assert [each.rule for each in deadlines_of(case, deadline_set("us"), opened)] == [
        "refund",
        "provisional_credit",
        "inquiry",
    ]
    again = replace(case, appealed_at=opened + 86_400.0 * 30)
    assert deadlines_of(again, deadline_set("eu"), opened)[0].due_at > first.due_at
