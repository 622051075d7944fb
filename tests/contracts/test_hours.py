"""Hours of the day: counted, smoothed, and forgotten by halves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.hours import HOURS, MOST_COUNT, hour_of, hour_share, see_hour

HOUR_S = 3600.0
TIMES = st.lists(st.floats(0, 4e9), max_size=300)


def counted(times: list[float]) -> bytearray:
    hours = bytearray()
    for at in times:
        see_hour(hours, at)
    return hours


@given(TIMES)
def test_shares_add_up_to_one(times: list[float]) -> None:
    hours = counted(times)

    assert sum(hour_share(hours, hour * HOUR_S) for hour in range(HOURS)) == pytest.approx(1.0)


@given(TIMES)
def test_no_hour_reaches_the_most(times: list[float]) -> None:
    assert max(counted(times), default=0) < MOST_COUNT


def test_the_hour_before_midnight_and_the_one_after_are_neighbours() -> None:
    hours = counted([23 * HOUR_S] * 10)

    assert hour_share(hours, 0.0) == hour_share(hours, 22 * HOUR_S) > hour_share(hours, 12 * HOUR_S)


def test_an_old_habit_gives_way_to_a_new_one() -> None:
    hours = counted([9 * HOUR_S] * 60 + [21 * HOUR_S] * 300)

    assert hours[hour_of(9 * HOUR_S)] <= 1
    assert hour_share(hours, 21 * HOUR_S) > 0.4


def test_before_any_event_every_hour_is_as_likely() -> None:
    assert hour_share(bytearray(), 5.0) == 1 / HOURS
