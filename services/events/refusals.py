"""Why an event does not decode, in words that say what to do: what is allowed there, and what was probably meant."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from contracts.amounts import MONEY_RULE
from contracts.events import EVENT_TYPE_NAMES
from services.events.fields import choices_of, nearest

_NOT_A_CHOICE = re.compile(r"Invalid (?:enum )?value '(.*)' - at `\$\.([\w.]+)`", re.DOTALL)
_OF_NO_CHOICE = re.compile(r".* - at `\$\.([\w.]+)`", re.DOTALL)
_MONEY = ("amount", "balance", "balance_after")
_NO_TYPE = "Object missing required field `type`"


class _Tagged(msgspec.Struct):
    type: Any = None


_TAGGED = msgspec.json.Decoder(_Tagged)


def explained(error: msgspec.ValidationError, value: bytes) -> str:
    """The decoder's message; for a member that is a choice with what is allowed instead of what was sent."""
    message = str(error)
    if message == _NO_TYPE:
        return f"{message}: one of {', '.join(EVENT_TYPE_NAMES)}"
    wrong = _NOT_A_CHOICE.fullmatch(message)
    if wrong is not None:
        given, path = wrong.groups()
        allowed = choices_of(tag_of(value), path)
        if allowed:
            like = nearest(given, allowed)
            hint = "" if like is None else f"; did you mean `{like}`?"
            return f"`$.{path}` must be one of {', '.join(allowed)}{hint}"
        return message
    other = _OF_NO_CHOICE.fullmatch(message)
    if other is not None and other[1] in _MONEY:
        return f"{message}: {MONEY_RULE}"
    allowed = choices_of(tag_of(value), other[1]) if other is not None else ()
    return f"{message}: one of {', '.join(allowed)}" if allowed else message


def tag_of(value: bytes) -> str:
    """The type that the event says it has; empty when that cannot be read."""
    try:
        tag = _TAGGED.decode(value).type
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return tag if isinstance(tag, str) else ""
