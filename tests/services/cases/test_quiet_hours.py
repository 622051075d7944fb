"""Quiet hours and days on the owner's clock, whatever that does."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.cases.budget import beyond, day_began, next_morning
from services.cases.quiet_hours import is_quiet, quiet_until, zone_of

#: With changes at 02:00, at midnight, of half an hour, of a whole day, none, and odd offsets.
ZONES = [
    "Asia/Shanghai", "Europe/London", "America/New_York", "America/Sao_Paulo", "America/Havana", "Asia/Beirut",
    "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu", "America/St_Johns", "Africa/Casablanca", "UTC",
]  # fmt: skip
zones = st.sampled_from(ZONES).map(ZoneInfo)
minutes = st.integers(0, 1439)
#: 2010 to 2030, among them the days of Apia's missing date and of every change of these clocks.
times = st.integers(1_262_304_000, 1_893_456_000).map(float)
NIGHT = (22 * 60 + 30, 7 * 60)


def at(zone: str, text: str, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


@settings(max_examples=400)
@given(zones, minutes, minutes, times)
def test_what_is_put_off_goes_at_the_first_moment_that_is_not_quiet(
    zone: ZoneInfo, start: int, end: int, now: float
) -> None:
    until = quiet_until(start, end, zone, now)

    assert until >= now
    assert not is_quiet(start, end, zone, until)
    # Each minute before is quiet: nothing waits longer than it must.
    for moment in range(int(now), int(until), 60):
        assert is_quiet(start, end, zone, float(moment))
    assert until == now or is_quiet(start, end, zone, until - 1.0)


@given(zones, minutes, times)
def test_hours_that_begin_when_they_end_are_none(zone: ZoneInfo, minute: int, now: float) -> None:
    assert quiet_until(minute, minute, zone, now) == now


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-30T22:29:59", "2026-11-30T22:29:59"),
        ("2026-11-30T22:30:00", "2026-12-01T07:00:00"),
        ("2026-12-01T03:00:00", "2026-12-01T07:00:00"),
        ("2026-12-01T07:00:00", "2026-12-01T07:00:00"),
    ],
)
def test_the_night_goes_over_midnight(now: str, until: str) -> None:
    zone = "Asia/Shanghai"
    assert quiet_until(*NIGHT, ZoneInfo(zone), at(zone, now)) == at(zone, until)


def test_an_end_that_the_clock_jumps_over_is_the_jump() -> None:
    """In London 01:30 of 29 March 2026 never came: 00:59:59 was followed by 02:00."""
    zone = ZoneInfo("Europe/London")
    until = quiet_until(23 * 60, 90, zone, at("Europe/London", "2026-03-29T00:10:00"))

    assert until == at("Europe/London", "2026-03-29T02:00:00")


def test_an_hour_that_comes_twice_is_quiet_twice() -> None:
    """In New York 01:10 came again on 1 November 2026."""
    zone, name = ZoneInfo("America/New_York"), "America/New_York"
    first = quiet_until(23 * 60, 90, zone, at(name, "2026-11-01T00:10:00"))
    second = quiet_until(23 * 60, 90, zone, at(name, "2026-11-01T01:10:00", fold=1))

    assert first == at(name, "2026-11-01T01:30:00")
    assert second == at(name, "2026-11-01T01:30:00", fold=1)
    assert second - first == 3600.0


def test_a_zone_that_there_is_not_is_utc() -> None:
    assert quiet_until(0, 60, zone_of("Moon/Base"), 1_790_000_000.0) == 1_790_000_000.0


@settings(max_examples=300)
@given(zones, times)
def test_the_day_began_before_and_the_next_morning_comes_after(zone: ZoneInfo, now: float) -> None:
    began, morning = day_began(zone, now), next_morning(zone, now)
    today = datetime.fromtimestamp(now, zone).date()

    assert began <= now < morning
    assert datetime.fromtimestamp(began, zone).date() == today
    assert datetime.fromtimestamp(morning, zone).date() > today


@given(st.lists(st.text(max_size=3)), st.integers(0, 9), st.integers(0, 9))
def test_no_day_has_more_than_its_budget_and_the_oldest_go_first(
    due: list[str], sent: int, most: int
) -> None:
    later = beyond(due, sent, most)
    now = due[: len(due) - len(later)]

    assert now + later == due
    assert not now or sent + len(now) <= most
    assert not later or sent + len(now) >= most
