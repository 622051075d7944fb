"""A second reading of an event that the decoder refused: what only helps is read as far as it can be, cut, or left out.

The decoder is asked again afterwards: what an event must have is refused as ever. Slow; sound events never come here. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any, NoReturn

from msgspec import Struct

from contracts.amounts import major_units
from services.enrichment.clients import client_of
from services.events.mended_parts import device_in, network_in, place_in

_LONGEST_ADDRESS = 64
_DIGEST = 64
#: Python makes no integer of more than 4,300 digits.
_MOST_DIGITS = 4_000


class Mended(Struct, frozen=True):
    """One field that was not read as it was sent: its name, a stable code, what was done in words, and the decision's state."""

    field: str
    code: str
    detail: str
    state: str = "field_malformed"


class _Mending:
    """Works on the members of one event, and notes what it changed."""

    def __init__(self, members: dict[str, Any]) -> None:
        self.members = members
        self.done: list[Mended] = []

    def put(self, name: str, value: Any, detail: str, state: str = "field_malformed") -> None:
        """Set a member, or leave it out for None; nothing is noted where it already has the value."""
        before = self.members.get(name)
        if value is None:
            del self.members[name]
        elif value != before or value.__class__ is not before.__class__:
            self.members[name] = value
        else:
            return
        code = "field_dropped" if value is None else "field_cut" if "cut" in detail else "field_mended"
        self.done.append(Mended(name, code, detail, state))

    def part(self, name: str, read: dict[str, Any], whole: bool) -> None:
        """Set an object to what could be read of it; nothing is noted where that is all of it."""
        if not whole:
            detail = (
                f"{name} was read as far as it can be"
                if read
                else f"{name} could not be read; it was left out"
            )
            self.put(name, read or None, detail, f"{name}_malformed")

    def text(self, name: str, longest: int) -> None:
        """A text that only describes: cut where it is too long, a number as its digits, anything else left out."""
        given = self.members[name]
        text = _text(given)
        if text is None or not text:
            self.put(name, None, f"{name} must be a text; it was left out")
        elif len(text) > longest:
            self.put(name, text[:longest], f"{name} was cut to {longest} characters")
        else:
            self.put(name, text, f"{name} must be a text; it was read as one")

    def identity(self, name: str, longest: int) -> None:
        """A text that tells things apart: where it is too long or no text, its digest stands for what cannot be kept."""
        given = self.members[name]
        text = _text(given)
        if text is None and isinstance(given, dict | list) and given:
            text = json.dumps(given, sort_keys=True, separators=(",", ":"))
            self.put(name, _digested(text, longest), f"{name} must be a text; its digest stands for it")
        elif not text:
            self.put(name, None, f"{name} must be a text; it was left out")
        elif len(text) > longest:
            self.put(
                name,
                _digested(text, longest),
                f"{name} has more than {longest} characters: cut, with a digest",
            )
        else:
            self.put(name, text, f"{name} must be a text; it was read as one")


_Step = Callable[[_Mending, str], None]


def members_of(value: bytes) -> dict[str, Any]:
    """The members of an event, read more patiently than the decoder does: numbers beyond floats, halves of characters.

    Raises ValueError or RecursionError for what is no JSON object.
    """
    members = json.loads(value.decode("utf-8"), parse_constant=_no_number, parse_int=_integer)
    if not isinstance(members, dict):
        raise ValueError("an event is a JSON object")
    return members


def mend(members: dict[str, Any]) -> list[Mended]:
    """Change the members so that no field that only helps is in the way; what was changed, in order."""
    mending = _Mending(members)
    for name in [name for name in members if name.startswith("_")]:
        del members[name]  # derived here, whatever was sent
    kind = members.get("type")
    for name, step in _STEPS.get(kind if isinstance(kind, str) else "", {}).items():
        if members.get(name) is not None:
            step(mending, name)
        elif name in members:
            del members[name]
    return mending.done


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _MOST_DIGITS else digits


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")


def _text(given: Any) -> str | None:
    """The text that was given, a number as its digits; None for anything else."""
    if isinstance(given, str):
        return given.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return str(given) if isinstance(given, int | float) and not isinstance(given, bool) else None


def _digested(text: str, longest: int) -> str:
    """As much of the text as there is room for beside its SHA-256, so that two long texts never become one."""
    kept = text[: longest - _DIGEST - 1]
    return f"{kept}~{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"[:longest]


def _place(mending: _Mending, name: str) -> None:
    mending.part(name, *place_in(mending.members[name]))


def _network(mending: _Mending, name: str) -> None:
    mending.part(name, *network_in(mending.members[name]))


def _device(mending: _Mending, name: str) -> None:
    mending.part(name, *device_in(mending.members[name]))


def _address(mending: _Mending, name: str) -> None:
    given = mending.members[name]
    if isinstance(given, list):
        given = ", ".join(hop for hop in given if isinstance(hop, str))
    text = _text(given) if isinstance(given, str) else None
    if not text:
        mending.put(name, None, "ip must be a text; it was left out", "address_malformed")
        return
    if len(text) > _LONGEST_ADDRESS:
        client = client_of(text)
        text = text[:_LONGEST_ADDRESS] if client.address is None else str(client.address)
        if client.fault == "not_public":
            text = text.partition(",")[0]
    mending.put(name, text, "ip was read as a list of addresses", "")


def _balance(mending: _Mending, name: str) -> None:
    given, currency = mending.members[name], mending.members.get("currency")
    try:
        right = isinstance(given, str | int) and not isinstance(given, bool) and isinstance(currency, str)
        if right:
            major_units(given, currency)  # type: ignore[arg-type]
    except ValueError:
        right = False
    if not right:
        mending.put(name, None, f"{name} must be an amount; it was left out")


def _cut_at(longest: int) -> _Step:
    return lambda mending, name: mending.text(name, longest)


def _told_apart_within(longest: int) -> _Step:
    return lambda mending, name: mending.identity(name, longest)


_ACTIVITY: dict[str, _Step] = {
    "ip": _address,
    "user_agent": _cut_at(1024),
    "device_id": _told_apart_within(256),
    "session_id": _told_apart_within(256),
    "place": _place,
    "network": _network,
    "device": _device,
}
_STEPS: dict[str, dict[str, _Step]] = {
    "login": _ACTIVITY | {"method": _cut_at(256), "reason": _cut_at(256)},
    "transaction": _ACTIVITY
    | {
        "payee_id": _told_apart_within(128),
        "category": _cut_at(64),
        "balance": _balance,
        "balance_after": _balance,
        "reason": _cut_at(256),
        "reference": _told_apart_within(128),
        "channel": _cut_at(64),
    },
    "account_change": _ACTIVITY,
    "label": {"payee_id": _told_apart_within(128)},
}
