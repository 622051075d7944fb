"""Hours of the day: counted, and forgotten by halves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contracts.profile import HOUR_S, MOST_IN_AN_HOUR, hour_of, see_hour

TIMES = st.lists(st.floats(0, 4e9), max_size=300)


def counted(times: list[float]) -> bytearray:
    hours = bytearray()
    for at in times:
        see_hour(hours, at)
    return hours


@given(TIMES)
def test_no_hour_reaches_the_most(times: list[float]) -> None:
    assert max(counted(times), default=0) < MOST_IN_AN_HOUR


def test_an_old_habit_gives_way_to_a_new_one() -> None:
    hours = counted([9 * HOUR_S] * 60 + [21 * HOUR_S] * 300)

    assert hours[hour_of(9 * HOUR_S)] <= 1
    assert hours[hour_of(21 * HOUR_S)] > 0.9 * sum(hours)
