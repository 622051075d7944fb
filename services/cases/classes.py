"""Which class each notice to an owner is of, and how grave: the one table of it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from contracts.decisions import Severity
from services.cases.news import CHALLENGE

#: `critical`: by every channel at once; no preference, quiet hour, budget or digest holds it back. `security`: as the owner
#: wishes. `digest`: a summary of a week, which the owner may end.
MessageClass = Literal["critical", "security", "digest"]
NEW_DEVICE, WEEKLY, DIGEST = "new_device", "weekly", "digest"
TOP_UP_ARRIVED, TOP_UP_FAILED = "top_up_arrived", "top_up_failed"
CREDENTIAL_CHANGED = "password_changed"
TOP_UPS = frozenset({TOP_UP_ARRIVED, TOP_UP_FAILED})
#: Of events that no decision tells of; where one does after all, its notice stands in place of these.
EXPECTED = TOP_UPS | {NEW_DEVICE, CREDENTIAL_CHANGED}
#: What is not critical. Everything else is about stopped or released money, factors or contacts.
_CLASSES: Mapping[str, MessageClass] = {
    "login_notice": "security",
    "transaction_notice": "security",
    CHALLENGE: "security",
    NEW_DEVICE: "security",
    TOP_UP_ARRIVED: "security",
    TOP_UP_FAILED: "security",
    "case_received": "security",
    "case_message": "security",
    "case_closed": "security",
    "channel_failing": "security",
    "channel_restored": "security",
    DIGEST: "security",
    WEEKLY: "digest",
}
#: The notices that are not critical: a storm of them holds back no other.
ORDINARY = frozenset(_CLASSES)
#: The notices of findings, and how grave each is for the owner.
FINDINGS: Mapping[str, Severity] = {
    "login_notice": "low",
    "transaction_notice": "low",
    "change_notice": "low",
    NEW_DEVICE: "low",
    CHALLENGE: "medium",
    "hold_notice": "high",
    "deny_notice": "critical",
}


def class_of(template: str, told: Collection[str] = ()) -> MessageClass:
    """The class of a notice; one that tells several things (`told`, by their notices) is as urgent as the most urgent of them."""
    if any(class_of(each) == "critical" for each in told):
        return "critical"
    return _CLASSES.get(template, "critical")
