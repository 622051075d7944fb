"""What an answer adds to a refusal that its owner can do something about."""

from __future__ import annotations

from typing import Any

from services.mfa.records import Hint

_DETAILS: dict[Hint, str] = {
    "clock": "check your phone's clock: the code is right for another time; set the time to automatic"
}


def hinted(hint: Hint | None) -> dict[str, Any]:
    """The fields that the hint adds to an answer; none when there is no hint."""
    return {} if hint is None else {"hint": hint, "detail": _DETAILS[hint]}
