"""One form for the JSON of an event, whatever encoder wrote it: a retry that was encoded anew is the same content.

The members that PayGuard knows come first, in the order in which they are read fastest, then the others by name. There are no
spaces, and escapes only where JSON asks for them. An event reads the same in this form as in the one that it came in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Raw

from contracts.events import AnyEvent

_TAG = "type"
_ENCODE = msgspec.json.Encoder(order="sorted", decimal_format="number").encode
_IN_ORDER = msgspec.json.Encoder(decimal_format="number").encode


def canonical(value: bytes, event: AnyEvent, members: Mapping[str, Any], longest: int) -> bytes:
    """The one form of an event whose JSON is `value`, which was read as `members`.

    `value` itself where there is none: it holds half of a surrogate pair, or the form would have more than `longest` bytes.
    """
    known = (_TAG, *event.__struct_encode_fields__)
    try:
        ordered = {name: _nested(members[name]) for name in known if name in members}
        if len(ordered) < len(members):
            ordered.update((name, _nested(members[name])) for name in sorted(members.keys() - ordered.keys()))
        told = _IN_ORDER(ordered)
    except (UnicodeEncodeError, RecursionError):
        return value
    return told if len(told) <= longest else value


def number(text: str) -> float | Decimal:
    """A number with a point or an exponent; beyond floating point, where it would be no number any more, exactly."""
    read = float(text)
    return read if math.isfinite(read) else Decimal(text)


def _nested(member: Any) -> Any:
    """A member whose own members are in order."""
    return Raw(_ENCODE(member)) if isinstance(member, dict | list) else member
