"""When an account is active: how many events each hour of the day (UTC) had, as 24 bytes whose old counts fade.

When an hour reaches MOST_COUNT all are halved, so the table tells of the last MOST_COUNT events of the busiest hour or so.
"""

from __future__ import annotations

from collections.abc import Sequence

HOURS = 24
MOST_COUNT = 64
_HOUR_S = 3600.0


def hour_of(at: float) -> int:
    """The hour of the day, 0..23 UTC, of epoch seconds."""
    return int(at / _HOUR_S) % HOURS


def see_hour(hours: bytearray, at: float) -> None:
    """Count an event at `at`; an empty table is made whole first."""
    if not hours:
        hours += bytes(HOURS)
    hour = int(at / _HOUR_S) % HOURS
    count = hours[hour] = hours[hour] + 1
    if count >= MOST_COUNT:
        hours[:] = bytes([count >> 1 for count in hours])


def hour_share(hours: Sequence[int], at: float, smoothing: float = 0.5, neighbours: float = 0.5) -> float:
    """The smoothed share, in (0, 1), of events in the hour of `at`: its count and part of its neighbours' over all.

    (c + k(c_before + c_after) + s) / (n(1 + 2k) + 24s), k = `neighbours`, s = `smoothing` events an hour; 1/24 for no events.
    """
    if not hours:
        return 1.0 / HOURS
    hour = hour_of(at)
    near = hours[hour] + neighbours * (hours[hour - 1] + hours[(hour + 1) % HOURS])
    whole = sum(hours) * (1.0 + 2.0 * neighbours)
    return (near + smoothing) / (whole + HOURS * smoothing)
