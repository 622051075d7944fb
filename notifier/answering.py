"""Which letters ask for an answer, and what bears a "yes" out. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from contracts.changes import OWN_CHANGES
from contracts.decisions import Decision

#: What a "yes" needs: the link alone counts as little as a link can, or nothing counts but a code; None: it is not asked for.
Yes = Literal["link", "code"] | None
#: Changes of where the owner is reached, and of what proves that it is them.
_GUARDED = OWN_CHANGES | {"phone_change", "email_change"}
#: Notices of decisions, and of what a thief could have done.
_ASKS: Mapping[str, Yes] = {
    "login_notice": "link",
    "transaction_notice": "link",
    "change_notice": "link",
    "challenge_notice": "link",
    "hold_notice": "link",
    "deny_notice": "code",
    "contact_changed": "code",
    "contact_way_changed": "code",
    "preferences_reduced": None,
    "new_device": "link",
    "password_changed": "code",
    "payment_released": None,
    "payment_expired": None,
    "account_unfrozen": None,
    "report_undone": None,
    "factor_started": None,
    "factor_enrolled": None,
    "factor_replaced": None,
    "factor_removed": None,
    "factor_locked": None,
    "factor_shut": None,
    "factor_disabled": None,
    "recovery_codes_made": None,
    "recovery_code_used": None,
    "reset_requested": None,
    "reset_done": None,
}

#: The letters that may be answered.
ANSWERED = frozenset(_ASKS)


class Asked(Struct, frozen=True):
    """A letter that its reader may answer: always by a "no", and by a "yes" as far as it says."""

    yes: Yes


def asked(template: str, decision: Decision | None) -> Asked | None:
    """What the letter asks; None for one that asks nothing."""
    if decision is None:
        return asked_of(template, None, None)
    return asked_of(template, decision.type, None if decision.shown is None else decision.shown.kind)


def asked_of(template: str, type_name: str | None, kind: str | None) -> Asked | None:
    """The same of an event of that type; `kind` is what changed, of a change."""
    if template not in _ASKS:
        return None
    yes = _ASKS[template]
    if type_name == "account_change" and yes is not None:
        yes = "code" if kind is None or kind in _GUARDED else yes
    return Asked(yes)
