"""The body of `POST /v1/events` to single events, each valid or malformed on its own.

Stricter than the topic: what two JSON readers could read in two ways (repeated names, invalid UTF-8, very long
integers) is refused here. What is good is handed on in one form, so that a retry that was encoded anew is a repeat.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
from msgspec import Struct

from contracts.amounts import MOST_DIGITS
from contracts.changes import OWN_CHANGES
from contracts.currencies import MOST_DECIMALS
from contracts.errors import Malformed
from contracts.events import AccountChange, AnyEvent, ChallengeOutcome, Erasure, OwnerAct, Settlement
from services.api.canonical import canonical, number
from services.api.event_warning import EventWarning
from services.api.producer import MAX_EVENT_BYTES
from services.api.unread import of_mended
from services.api.warnings import unknown_fields, warnings_of
from services.events.adapters import MAX_EVENTS, Adapter
from services.events.decode import read_event
from services.events.refusals import tag_of

#: The longest is an amount in the smallest unit of a coin.
_LONGEST_INTEGER = MOST_DIGITS + MOST_DECIMALS


class Offered(Struct, frozen=True):
    """One offered event: its place in the body, and either what it is, or why it is malformed.

    `value` is its JSON, in one form (`services.api.canonical`) unless it is malformed; `event` is what was read from it,
    `warnings` what its sender should know.
    """

    index: int
    value: bytes = b""
    event_id: str | None = None
    account_id: str = ""
    event: AnyEvent | None = None
    error: Malformed | None = None
    warnings: tuple[EventWarning, ...] = ()


def read_body(body: bytes, adapter: Adapter, key_id: str = "") -> list[Offered]:
    """The events of a body, in order. Raises Malformed when the body as a whole cannot be cut into events.

    `key_id` is the API key's that offers them: some warnings are told each key once.
    """
    values = adapter.events(body)
    if not values:
        raise Malformed("no_events", "the body holds no event")
    if len(values) > MAX_EVENTS:
        raise Malformed(
            "too_many_events", f"the body holds {len(values)} events; at most {MAX_EVENTS} at once"
        )
    return [_offered(index, value, key_id) for index, value in enumerate(values)]


def _offered(index: int, value: bytes, key_id: str) -> Offered:
    try:
        event, warnings, told = checked(value, key_id)
    except Malformed as error:
        return Offered(index, value, _event_id(value), error=error, warnings=_hints(value))
    return Offered(index, told, event.event_id, event.account_id, event, warnings=warnings)


_NOT_OFFERED: dict[type, str] = {
    ChallengeOutcome: "challenge outcomes come",
    Settlement: "the end of a hold comes",
    Erasure: "the erasure of an account comes",
    OwnerAct: "what an owner does in the security centre comes",
}


def checked(value: bytes, key_id: str = "") -> tuple[AnyEvent, tuple[EventWarning, ...], bytes]:
    """The event in these bytes, what its sender should know, and its one form. Raises Malformed naming the field or the fault."""
    if len(value) > MAX_EVENT_BYTES:
        raise Malformed("too_large", f"an event has at most {MAX_EVENT_BYTES} bytes")
    event, mended = read_event(value)
    members = _read_one_way(value)
    if (what := _NOT_OFFERED.get(event.__class__)) is not None:
        raise Malformed("not_offered", f"{what} from PayGuard's own verification and desk, not over HTTP")
    if isinstance(event, AccountChange) and event.change in OWN_CHANGES:
        raise Malformed(
            "not_offered", f"{event.change} comes from PayGuard's own second factor, not over HTTP"
        )
    warnings = (*of_mended(mended), *warnings_of(event, members, key_id))
    return event, warnings, canonical(value, event, members, MAX_EVENT_BYTES)


def members_of(value: bytes) -> dict[str, Any]:
    """The members of a malformed event, as far as it is an object; empty otherwise."""
    try:
        members = _read_one_way(value) if len(value) <= MAX_EVENT_BYTES else {}
    except Malformed:
        return {}
    return members if isinstance(members, dict) else {}


def _hints(value: bytes) -> tuple[EventWarning, ...]:
    """The unknown members of a malformed event: one of them is often the member that it lacks."""
    tag = tag_of(value) if len(value) <= MAX_EVENT_BYTES else ""
    return tuple(unknown_fields(members_of(value), tag)) if tag else ()


def _read_one_way(value: bytes) -> Any:
    try:
        return _ONE_WAY.decode(value.decode())
    except RecursionError:
        raise Malformed("too_deep", "JSON is nested too deeply") from None
    except UnicodeDecodeError:
        raise Malformed("invalid_json", "JSON must be UTF-8") from None
    except ValueError as error:
        raise Malformed("invalid_json", str(error)) from None


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("repeated_name", "an object names a member twice")
    return members


def _integer(digits: str) -> int:
    if len(digits) > _LONGEST_INTEGER:
        raise Malformed("number_too_large", f"an integer has more than {_LONGEST_INTEGER} digits")
    return int(digits)


_ONE_WAY = json.JSONDecoder(object_pairs_hook=_no_repeats, parse_int=_integer, parse_float=number)


class _Named(Struct, frozen=True):
    event_id: str | None = None


_NAMED = msgspec.json.Decoder(_Named)


def _event_id(value: bytes) -> str | None:
    """The event id of a malformed event, when it can be read, so that its sender finds it again."""
    if len(value) > MAX_EVENT_BYTES:
        return None
    try:
        event_id = _NAMED.decode(value).event_id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return event_id if event_id is not None and 0 < len(event_id) <= 128 else None
