"""Small events for the tests of scoring."""

from __future__ import annotations

from typing import Any

from contracts.events import AccountChange, ChallengeOutcome, Label, Login, Transaction, UserReport

_COMMON: dict[str, Any] = {"event_id": "e1", "account_id": "acct-1", "occurred_at": 1_760_000_000_000}


def login(**fields: Any) -> Login:
    return Login(**{**_COMMON, "outcome": "success", **fields})


def transaction(**fields: Any) -> Transaction:
    return Transaction(**{**_COMMON, "amount": "412.00", "currency": "CNY", "kind": "transfer", **fields})


def change(**fields: Any) -> AccountChange:
    return AccountChange(**{**_COMMON, "change": "password_reset", **fields})


def outcome(**fields: Any) -> ChallengeOutcome:
    known = {"challenge_id": "c1", "challenged_event_id": "e0", "purpose": "login", "outcome": "failed"}
    return ChallengeOutcome(**{**_COMMON, **known, **fields})


def report(**fields: Any) -> UserReport:
    return UserReport(**{**_COMMON, "about_event_id": "e0", "verdict": "not_me", **fields})


def label(**fields: Any) -> Label:
    return Label(**{**_COMMON, "about_event_id": "e0", "verdict": "fraud", **fields})
