"""Traits fade, the latest event's stand last, and counting at once is counting one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contracts.traits import (
    ALL,
    AT,
    HALF_LIFE_DAYS,
    LEVELS,
    MAX_ROWS,
    NO_TRAITS,
    ROW_BYTES,
    TRAIT_BYTES,
    TRAITS_BYTES,
    WHERE,
    WITH,
    Traits,
    nothing,
    see_latest_again,
    see_traits,
)

DAY_S = 86_400.0


def traits(number: int) -> bytes:
    """Ten keys of one event, all its own but for that of all events."""
    return b"".join(
        ALL if level == "all" else bytes([index]) + number.to_bytes(3) for index, level in enumerate(LEVELS)
    )


def at_home(number: int) -> bytes:
    """As `traits`, but at another address and with another version of the one at home."""
    keys = {
        **split(traits(0)),
        "address": traits(number)[AT["address"]],
        "agent": traits(number)[AT["agent"]],
    }
    return b"".join(keys.values())


def split(keys: bytes) -> dict[str, bytes]:
    return {level: keys[AT[level]] for level in LEVELS}


def test_an_event_that_says_nothing_has_a_key_at_every_level() -> None:
    keys = {NO_TRAITS[start : start + TRAIT_BYTES] for start in range(0, TRAITS_BYTES, TRAIT_BYTES)}

    assert len(keys) == len(LEVELS)
    assert nothing("agent") in keys


def test_what_was_never_seen_counts_nothing() -> None:
    assert Traits().counts(traits(1), 0.0) == (0.0,) * len(LEVELS)
    assert not Traits().knows("device", traits(1)[AT["device"]])
    assert Traits().latest() == b""


def test_a_count_halves_in_its_half_life() -> None:
    rows = bytearray()
    for _ in range(8):
        see_traits(rows, traits(1), 0.0)

    assert Traits(rows).counts(traits(1), HALF_LIFE_DAYS * DAY_S) == (4.0,) * len(LEVELS)


def test_a_full_table_forgets_what_was_not_seen_for_longest() -> None:
    rows = bytearray()
    for number in range(40):
        see_traits(rows, traits(number), number * DAY_S)
    known = Traits(rows)

    assert len(known) <= MAX_ROWS
    assert known.knows("address", traits(39)[AT["address"]])
    assert not known.knows("address", traits(0)[AT["address"]])
    assert not known.knows("network", traits(0)[AT["network"]])


def test_what_is_forgotten_at_a_fine_level_still_counts_at_the_coarse_ones() -> None:
    rows = bytearray()
    for number in range(40):
        see_traits(rows, at_home(number), 0.0)
    counts = dict(zip(LEVELS, Traits(rows).counts(at_home(39), 0.0), strict=True))

    assert counts["address"] == counts["agent"] == 1.0
    assert (
        counts["network"] == counts["country"] == counts["all"] == counts["system"] == counts["kind"] == 40.0
    )
    assert not Traits(rows).knows("address", at_home(0)[AT["address"]])


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 300)), min_size=1, max_size=60)
)
def test_every_event_is_the_latest_and_no_row_stands_twice(seen: list[tuple[int, int, int]]) -> None:
    rows = bytearray()
    for where, what, day in seen:
        keys = at_home(where)[WHERE] + traits(what)[WITH]
        see_traits(rows, keys, day * DAY_S)
        assert Traits(rows).latest() == keys
    keys_of_rows = [bytes(rows[row : row + TRAITS_BYTES // 2]) for row in range(0, len(rows), ROW_BYTES)]

    assert len(set(keys_of_rows)) == len(keys_of_rows) <= MAX_ROWS


def test_a_table_that_knows_no_event_has_no_latest_one_to_count_again() -> None:
    rows = bytearray()
    see_latest_again(rows, DAY_S, 1)

    assert rows == b""


@given(st.integers(1, 60), st.integers(0, 400), st.integers(0, 5))
def test_counting_a_day_at_once_is_counting_one_by_one(times: int, day: int, earlier: int) -> None:
    at_once, one_by_one = bytearray(), bytearray()
    for rows in (at_once, one_by_one):
        for each in range(earlier):
            see_traits(rows, traits(each % 2), each * DAY_S)
        see_traits(rows, traits(7), (10 + day) * DAY_S)
    see_latest_again(at_once, (10 + day) * DAY_S, times)
    for _ in range(times):
        see_traits(one_by_one, traits(7), (10 + day) * DAY_S)

    assert at_once == one_by_one


@given(st.integers(1, 60), st.integers(0, 60), st.integers(1, 400))
def test_a_late_day_at_once_is_that_day_one_by_one(times: int, before: int, late: int) -> None:
    at_once, in_two = bytearray(), bytearray()
    for rows in (at_once, in_two):
        see_traits(rows, traits(7), 500 * DAY_S)
    see_latest_again(at_once, (500 - late) * DAY_S, times + before)
    for each in (before, times):
        see_latest_again(in_two, (500 - late) * DAY_S, each)

    assert at_once == in_two


@given(st.lists(st.integers(0, 200), min_size=1, max_size=20))
def test_a_late_event_counts_about_as_much_as_in_its_time(days: list[int]) -> None:
    in_order, as_they_come = bytearray(), bytearray()
    for day in sorted(days):
        see_traits(in_order, traits(1), day * DAY_S)
    for day in days:
        see_traits(as_they_come, traits(1), day * DAY_S)
    at = 200 * DAY_S

    expected = Traits(in_order).counts(traits(1), at)[0]
    assert abs(Traits(as_they_come).counts(traits(1), at)[0] - expected) <= 0.02 * len(days)


def test_a_survey_tells_the_own_count_that_of_all_and_how_many_there_are() -> None:
    rows = bytearray()
    for each in (1, 1, 2):
        see_traits(rows, traits(each), 0.0)
    counts, together, distinct = Traits(rows).survey(traits(1), HALF_LIFE_DAYS * DAY_S)

    assert dict(zip(LEVELS, counts, strict=True)) == {
        level: 1.5 if level == "all" else 1.0 for level in LEVELS
    }
    assert together == [1.5] * len(LEVELS)
    assert dict(zip(LEVELS, distinct, strict=True)) == {level: 1 if level == "all" else 2 for level in LEVELS}
    assert counts == list(Traits(rows).counts(traits(1), HALF_LIFE_DAYS * DAY_S))
