"""Events as their senders write them: the members of each type, with what it must have."""

from __future__ import annotations

from typing import Any

from msgspec import json

AT_MS = 1_790_000_000_000
BODIES: dict[str, dict[str, Any]] = {
    "login": {"outcome": "success"},
    "transaction": {"amount": "1.00", "currency": "CNY"},
    "account_change": {"change": "password_reset"},
    "user_report": {"about_event_id": "e0", "verdict": "not_me"},
    "label": {"about_event_id": "e0", "verdict": "fraud"},
    "challenge_outcome": {
        "challenge_id": "c1", "challenged_event_id": "e0", "purpose": "login", "outcome": "passed",
    },
}  # fmt: skip


def members(kind: str, **fields: Any) -> dict[str, Any]:
    """An event of li, some of its members changed or added by keyword."""
    head = {"type": kind, "event_id": "e1", "account_id": "li", "occurred_at": AT_MS}
    return {**head, **BODIES[kind], **fields}


def wire(kind: str, **fields: Any) -> bytes:
    """The event in JSON."""
    return json.encode(members(kind, **fields))
