"""Answers and facts for tests of the help."""

from __future__ import annotations

from datetime import date
from typing import Any

from msgspec.structs import replace

from services.help.articles import Facts, Text

NOW = 1_796_000_000.0
FACTS = Facts(
    service="UPay",
    hold_hours=72,
    undo_minutes=15,
    code_minutes=5,
    reset_hours=24,
    money_days=400,
    access_days=180,
)
TEXT = Text(
    topic="payments",
    title="Coins for the bus",
    asked=("bus fare", "ticket machine"),
    body="1. Take coins.\n2. Ride.",
    reviewed_by="the bus team",
    reviewed_at=date(2026, 11, 1),
    review_by=date(2027, 5, 1),
)


def text(**changes: Any) -> Text:
    """The answer about the bus, changed."""
    return replace(TEXT, **changes)


def wanted(**changes: Any) -> dict[str, Any]:
    """The same as a body of `PUT /v1/faq/bus/en`."""
    body = {name: getattr(TEXT, name) for name in TEXT.__struct_fields__}
    return {**body, "reviewed_at": "2026-11-01", "review_by": "2027-05-01", "follows": 0, **changes}
