"""When the quiet hours of an owner are over, on the owner's own clock, over midnight and over changes of that clock. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_HOUR = 60


def zone_of(name: str | None) -> tzinfo:
    """The time zone of that name; UTC for one that there is not."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def is_quiet(start: int, end: int, zone: tzinfo, at: float) -> bool:
    """Whether `at` lies in quiet hours; `start` and `end` are minutes after midnight, never quiet when they are the same."""
    local = datetime.fromtimestamp(at, zone)
    minute = local.hour * _HOUR + local.minute
    return start <= minute < end if start < end else (start > end and (minute >= start or minute < end))


def quiet_until(start: int, end: int, zone: tzinfo, at: float) -> float:
    """The first moment from `at` on (epoch seconds) that is not quiet: `at` itself where it is not."""
    if not is_quiet(start, end, zone, at):
        return at
    today = datetime.fromtimestamp(at, zone).date()
    for days in range(3):
        for moment in moments(datetime.combine(today + timedelta(days=days), datetime.min.time()), end, zone):
            if moment >= at and not is_quiet(start, end, zone, moment):
                return moment
    return at


def moments(midnight: datetime, minute: int, zone: tzinfo) -> list[float]:
    """When the clock of the zone shows that minute of the day: once, twice where it is set back, and where it is set forward over
    it, the moment that the clock jumps."""
    wall = midnight + timedelta(minutes=minute)
    first, second = (wall.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    if first <= second:
        return sorted({first, second})
    # The clock jumps somewhere between the two: at the first moment that has the later offset.
    before = datetime.fromtimestamp(second, zone).utcoffset()
    low, high = int(second), int(first)
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return [float(high)]
