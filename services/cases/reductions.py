"""Which changes of an owner's settings leave them less told than before: whoever takes an account over begins with these."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import derived_id
from services.cases.news import News, Quiet, Reduced, put_news
from services.cases.preferences import (
    CHOSEN,
    MINUTES,
    Preferences,
    Wanted,
    change_preferences,
    preferences_of,
)

REDUCED = "preferences_reduced"


async def choose(
    connection: AsyncConnection, account_id: str, wanted: Wanted, by: str, now: float
) -> Preferences:
    """Put what the owner asks for in place of what was chosen before, and tell them, by every way, of what is less than it was.

    Raises Malformed as `change_preferences` does.
    """
    before = await preferences_of(connection, account_id)
    after = await change_preferences(connection, account_id, wanted, by, now)
    if (less := reduced(before, after)) is not None:
        notice_id = derived_id(f"{account_id}\x00{now!r}", REDUCED)
        await put_news(connection, notice_id, notice_id, account_id, REDUCED, News(at=now, reduced=less))
    return after


def reduced(before: Preferences, after: Preferences) -> Reduced | None:
    """What of the settings is less: ways of security messages, hours that are not quiet, the phrase; None: nothing. Pure."""
    off = before.alerts["security"] - after.alerts["security"]
    found = Reduced(
        off=tuple(name for name in CHOSEN if name in off),
        quiet=_hours(after) if _is_wider(before, after) else None,
        quiet_before=_hours(before) if _is_wider(before, after) else None,
        phrase=None
        if before.phrase is None or before.phrase == after.phrase
        else "gone"
        if after.phrase is None
        else "changed",
    )
    return None if found == Reduced() else found


def _is_wider(before: Preferences, after: Preferences) -> bool:
    """Whether it is quiet at a time at which it was not."""
    hours = _minutes(after)
    moved = before.time_zone != after.time_zone and bool(hours)
    return moved or bool(hours - _minutes(before))


def _minutes(chosen: Preferences) -> frozenset[int]:
    start, end = chosen.quiet_from, chosen.quiet_to
    if start is None or end is None:
        return frozenset()
    return frozenset((start + passed) % MINUTES for passed in range((end - start) % MINUTES))


def _hours(chosen: Preferences) -> Quiet | None:
    start, end = chosen.quiet_from, chosen.quiet_to
    return None if start is None or end is None or start == end else Quiet(start=start, end=end)
