"""Kafka records to typed events; what cannot be decoded becomes a dead letter, and the rest goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
from msgspec.structs import force_setattr

from contracts.errors import Malformed
from contracts.events import AnyEvent, Login, Transaction
from services.ingest.refusals import explained

_DECODER = msgspec.json.Decoder(AnyEvent)
#: PostgreSQL text cannot hold it, and nothing that is meant well sends it.
_NUL = b"\\u0000"
#: Most events have none, and one byte is found much faster than six.
_BACKSLASH = 0x5C
_NUL_DETAIL = "a text holds the character U+0000"


class Record(Protocol):
    """One record as the broker gives it; `timestamp` is in milliseconds."""

    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


CheckOwn = Callable[[AnyEvent, Record], None]


class DeadLetter(msgspec.Struct, frozen=True):
    """A record that can never be processed, with why."""

    record: Record
    error: Malformed


class Incoming(msgspec.Struct, frozen=True, gc=False):
    """A decoded batch: `events[i]` came from `records[i]`; `clamped` holds indexes whose time lay in the far future."""

    events: list[AnyEvent]
    records: list[Record]
    dead: list[DeadLetter]
    clamped: frozenset[int]


def decode(records: Sequence[Record], future_skew_s: float, check_own: CheckOwn | None = None) -> Incoming:
    """Decode a batch. An event later than its record's time by more than `future_skew_s` gets the record's time.

    `check_own` is asked about all but logins and transactions, and raises Malformed for what is not PayGuard's word.
    """
    events: list[AnyEvent] = []
    kept: list[Record] = []
    dead: list[DeadLetter] = []
    clamped: list[int] = []
    decode_json = _DECODER.decode
    take, keep = events.append, kept.append
    for record in records:
        value = record.value
        try:
            event = decode_json(value)  # type: ignore[arg-type]
            if _BACKSLASH in value and _NUL in value:  # type: ignore[operator]
                raise Malformed("nul_character", _NUL_DETAIL)
            if record.key != event.account_id.encode():
                raise Malformed("key_mismatch", "the record's key is not the event's account_id")
            kind = event.__class__
            if kind is not Login and kind is not Transaction and check_own is not None:
                check_own(event, record)
        except (msgspec.DecodeError, UnicodeError, TypeError, RecursionError, Malformed) as error:
            dead.append(DeadLetter(record, getattr(record, "fault", None) or _malformed(error, value)))
            continue
        latest = record.timestamp / 1000.0
        if event.at > latest + future_skew_s:
            force_setattr(event, "at", latest)
            clamped.append(len(events))
        take(event)
        keep(record)
    return Incoming(events, kept, dead, frozenset(clamped))


def decode_event(value: bytes) -> AnyEvent:
    """One event from JSON bytes. Raises Malformed with a reason code and a message naming the field."""
    try:
        event: AnyEvent = _DECODER.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(error, value) from None
    if _NUL in value:
        raise Malformed("nul_character", _NUL_DETAIL)
    return event


def _malformed(error: Exception, value: bytes | None) -> Malformed:
    if isinstance(error, Malformed):
        return error
    if value is None:
        return Malformed("no_value", "the record has no value")
    if isinstance(error, msgspec.ValidationError):
        reason = "unknown_type" if "at `$.type`" in str(error) else "invalid_event"
        return Malformed(reason, explained(error, value))
    if isinstance(error, RecursionError):
        return Malformed("too_deep", "JSON is nested too deeply")
    return Malformed("invalid_json", str(error))
