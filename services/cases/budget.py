"""How many messages that are not critical an owner gets on one day of their own, and when the rest comes together. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from services.cases.quiet_hours import moments

#: So many, unless the operator says otherwise; what is beyond them stands in one summary, on the morning after.
MESSAGES_A_DAY = 3
_MORNING = 9 * 60


def day_began(zone: tzinfo, at: float) -> float:
    """When the owner's day of that moment began (epoch seconds)."""
    midnight = datetime.combine(datetime.fromtimestamp(at, zone).date(), datetime.min.time())
    # Where the clock is set back over midnight the day begins with the first of the two.
    return min(moments(midnight, 0, zone))


def next_morning(zone: tzinfo, at: float) -> float:
    """Nine o'clock on the owner's day after that moment's."""
    tomorrow = datetime.fromtimestamp(at, zone).date() + timedelta(days=1)
    return moments(datetime.combine(tomorrow, datetime.min.time()), _MORNING, zone)[0]


def beyond(due: Sequence[str], sent_today: int, most: int) -> list[str]:
    """Which of an account's notices that are due, the oldest first, are more than `most` a day."""
    return list(due[max(0, most - sent_today) :])
