"""Days as a person reads them, on the clock of the owner."""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.ext.asyncio import AsyncConnection

from services.cases import preferences

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def day_said(day: date, locale: str, *, year: bool = True) -> str:
    """The day, `12 October 2026` or `2026 年 10 月 12 日`."""
    if locale == "zh-CN":
        return f"{day.year} 年 " * year + f"{day.month} 月 {day.day} 日"
    return f"{day.day} {_MONTHS[day.month - 1]}" + f" {day.year}" * year


def day_of(at: float, zone: tzinfo) -> date:
    """The day of a moment (epoch seconds)."""
    return datetime.fromtimestamp(at, zone).date()


async def zone_of(connection: AsyncConnection, account_id: str) -> tzinfo:
    """The owner's time zone: as they chose it, else of their contact, else UTC."""
    name = await preferences.zone_of(connection, account_id)
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
