"""Times of events as they are written: RFC 3339 text, or integer milliseconds."""

from __future__ import annotations

from datetime import datetime

#: Integers that are milliseconds: 1973 to 5138. What lies below would be seconds, what lies above a finer unit.
FIRST_MS, BEYOND_MS = 10**11, 10**14
_LATEST_S = 253402300800.0


def epoch_seconds(when: datetime | int, name: str = "occurred_at") -> float:
    """Epoch seconds of a wire time (RFC 3339 with an offset, or integer milliseconds); `name` is the field it came in.

    Raises ValueError for an integer in another unit, and for a time without an offset, before 1970 or after the year 9999.
    """
    if when.__class__ is int:
        if not FIRST_MS <= when < BEYOND_MS:
            raise ValueError(_no_milliseconds(when, name))
        return when / 1000.0
    if when.tzinfo is None:  # type: ignore[union-attr]
        raise ValueError(f"{name} must carry a UTC offset")
    seconds: float = when.timestamp()  # type: ignore[union-attr]
    if not 0.0 <= seconds < _LATEST_S:
        raise ValueError(f"{name} must lie between 1970 and 9999")
    return seconds


def _no_milliseconds(number: int, name: str) -> str:
    """Which unit the number of a time probably has, and which it must have."""
    rule = "send epoch milliseconds such as 1790000000000, or RFC 3339 text such as 2026-09-21T14:13:20Z"
    if number < 0:
        return f"{name} must not lie before 1970: {rule}"
    if number < FIRST_MS:
        return f"{name} looks like seconds, not milliseconds: {rule}"
    if number < BEYOND_MS * 1_000:
        return f"{name} looks like microseconds, not milliseconds: {rule}"
    if number < BEYOND_MS * 1_000_000:
        return f"{name} looks like nanoseconds, not milliseconds: {rule}"
    return f"{name} is too large for a time: {rule}"
