"""The one rule of identifiers: of events, accounts, payees and challenges, whoever sends them and by whatever way.

What cannot be kept or shown the same everywhere is refused: control characters, halves of surrogate pairs, text of no
character, and `.` and `..`, which every client and proxy takes out of a path.
"""

from __future__ import annotations

from contracts.errors import Malformed
from contracts.events import (
    AnyEvent,
    ChallengeOutcome,
    Erasure,
    Label,
    Login,
    OwnerAct,
    Settlement,
    Transaction,
    UserReport,
)

MOST = 128
_DOTS = (".", "..")
RULE = f"an identifier has 1 to {MOST} printable characters, no control characters, and is not . or .."

_ALL = ("event_id", "account_id")
#: The fields of an event that are identifiers, by its type; the rest have `_ALL`.
_NAMES: dict[type, tuple[str, ...]] = {
    Login: _ALL,
    Transaction: (*_ALL, "payee_id"),
    ChallengeOutcome: (*_ALL, "challenge_id", "challenged_event_id"),
    UserReport: (*_ALL, "about_event_id", "undoes"),
    Settlement: (*_ALL, "about_event_id"),
    Erasure: _ALL,
    OwnerAct: _ALL,
    Label: (*_ALL, "about_event_id", "payee_id"),
}


def is_identifier(value: str) -> bool:
    """Whether the rule holds."""
    return 0 < len(value) <= MOST and value.isprintable() and value not in _DOTS


def check_identifiers(event: AnyEvent) -> None:
    """Raises Malformed with the field and the rule where an identifier of the event breaks it."""
    for name in _NAMES.get(event.__class__, _ALL):
        value = getattr(event, name)
        if value is not None and not is_identifier(value):
            raise Malformed("invalid_event", f"{name}: {RULE}")
