"""At which hours of the day (UTC) an account is active, hours nearby counting in part."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.hours import HOURS

#: How much what happens so many hours away counts.
_NEAR = (1.0, 0.6, 0.3, 0.1)


def near_share(tables: Sequence[Sequence[int]], hour: int, smoothing_count: float) -> float:
    """The smoothed share, in (0, 1), of an account's activity at an hour of the day; 1/24 for no activity.

    `tables` count events by hour, 24 numbers or none each; every hour counts as if it had seen `smoothing_count` more.
    """
    near, events = smoothing_count, 0
    filled = [table for table in tables if table]
    for table in filled:
        events += sum(table)
        for away, counts in enumerate(_NEAR):
            for other in {(hour - away) % HOURS, (hour + away) % HOURS}:
                near += counts * table[other]
    whole = 2.0 * sum(_NEAR) - _NEAR[0]
    return near / (whole * events + HOURS * smoothing_count)
