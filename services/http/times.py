"""Times as answers show them: UTC, RFC 3339."""

from __future__ import annotations

from datetime import UTC, datetime


def utc(at: float) -> datetime:
    """Epoch seconds as answers show them."""
    return datetime.fromtimestamp(at, UTC)


def utc_if(at: float | None) -> datetime | None:
    """As `utc`, of a time that may not have come."""
    return None if at is None else utc(at)
