"""A worker stops where so much of a full window is invalid that it looks like a bad deploy."""

from __future__ import annotations

import pytest

from services.events.decode import InvalidCeiling, TooMuchInvalid


@pytest.mark.parametrize("records", [100, 250])
def test_more_than_the_ceiling_of_a_full_window_stops_the_worker(records: int) -> None:
    ceiling = InvalidCeiling(0.2, window=100)
    ceiling.note(0, 0)

    with pytest.raises(TooMuchInvalid, match=f"{records // 5 + 1} of the last {records} records are invalid"):
        ceiling.note(records, records // 5 + 1)


def test_the_ceiling_itself_is_allowed_and_a_window_that_is_not_full_is_not_judged() -> None:
    ceiling = InvalidCeiling(0.2, window=100)

    ceiling.note(100, 20)
    ceiling.note(99, 99)
    with pytest.raises(TooMuchInvalid):
        ceiling.note(1, 0)


def test_each_window_is_judged_alone() -> None:
    ceiling = InvalidCeiling(0.2, window=100)
    for _ in range(3):
        ceiling.note(50, 20)
        ceiling.note(50, 0)


def test_a_window_has_a_thousand_records_unless_told_otherwise() -> None:
    ceiling = InvalidCeiling(0.0)
    ceiling.note(999, 999)

    with pytest.raises(TooMuchInvalid):
        ceiling.note(1, 1)
