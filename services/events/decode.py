"""Kafka records to typed events; what cannot be decoded becomes a dead letter, and the rest goes on."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
from msgspec.structs import force_setattr

from contracts.errors import Malformed
from contracts.events import AnyEvent, Login, Transaction
from contracts.identifiers import check_identifiers
from services.events.mending import Mended, members_of, mend
from services.events.refusals import explained

_DECODER = msgspec.json.Decoder(AnyEvent)
#: PostgreSQL text cannot hold it, and nothing that is meant well sends it.
_NUL = b"\\u0000"
#: A backslash that is itself escaped begins nothing.
_NUL_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
#: Most events have none, and one byte is found much faster than six.
_BACKSLASH = 0x5C
#: The one control character that JSON lets stand in a text as it is.
_DELETE = 0x7F
#: `.` and `..` sort before it.
_AFTER_DOTS = "/"
_NUL_DETAIL = "a text holds the character U+0000"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


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
    """A decoded batch: `events[i]` came from `records[i]`; `clamped` holds indexes whose time lay in the far future.

    `mended` has, by index, the states of events of which a field that only helps could not be read as it was sent.
    """

    events: list[AnyEvent]
    records: list[Record]
    dead: list[DeadLetter]
    clamped: frozenset[int]
    mended: dict[int, tuple[str, ...]]


class TooMuchInvalid(Exception):
    """So much of the input is invalid that it looks like a bad deploy: the worker stops instead of dead-lettering it."""


class InvalidCeiling:
    """Watches the share of invalid records over windows of at least `window` records."""

    def __init__(self, ceiling: float, window: int = 1000) -> None:
        self._ceiling = ceiling
        self._window = window
        self._seen = 0
        self._invalid = 0

    def note(self, records: int, invalid: int) -> None:
        """Raises TooMuchInvalid when more than the ceiling of a full window was invalid."""
        self._seen += records
        self._invalid += invalid
        if self._seen >= self._window:
            if self._invalid > self._ceiling * self._seen:
                raise TooMuchInvalid(f"{self._invalid} of the last {self._seen} records are invalid")
            self._seen = self._invalid = 0


def decode(
    records: Sequence[Record],
    future_skew_s: float,
    check_own: CheckOwn | None = None,
    now_ms: int | None = None,
) -> Incoming:  # long because a call for each event would cost more than what it checks
    """Decode a batch. An event later than its record's time by more than `future_skew_s` gets the record's time.

    A record later than `now_ms` by more than that was stamped by a clock that is wrong and counts as stamped now. Without
    `now_ms` (a replay) records are believed: a decision that says `clamped` has in `at` what its record counted for.
    `check_own` is asked about all but logins and transactions, and raises Malformed for what is not PayGuard's word. Whatever
    a record raises, it is a dead letter and the others go on.
    """
    arrived_ms = sys.maxsize if now_ms is None else now_ms
    most_ms = arrived_ms if now_ms is None else now_ms + int(future_skew_s * 1000)
    events: list[AnyEvent] = []
    kept: list[Record] = []
    dead: list[DeadLetter] = []
    clamped: list[int] = []
    mended: dict[int, tuple[str, ...]] = {}
    decode_json = _DECODER.decode
    take, keep = events.append, kept.append
    for record in records:
        value = record.value
        again: Sequence[Mended] = ()
        try:
            try:
                event = decode_json(value)  # type: ignore[arg-type]
            except Exception as error:  # isolated: a second reading says what it is
                event, again = _read_again(value, error)
            event_id, account_id = event.event_id, event.account_id
            if (
                _BACKSLASH in value  # type: ignore[operator]
                or _DELETE in value  # type: ignore[operator]
                or not event_id.isascii()
                or not account_id.isascii()
                or event_id < _AFTER_DOTS
                or account_id < _AFTER_DOTS
            ):
                _check_texts(event, value)  # type: ignore[arg-type]
            if record.key != account_id.encode():
                raise Malformed("key_mismatch", "the record's key is not the event's account_id")
            kind = event.__class__
            if kind is Transaction:
                payee_id = event.payee_id
                if payee_id is not None and (payee_id < _AFTER_DOTS or not payee_id.isascii()):
                    check_identifiers(event)
            elif kind is not Login:
                check_identifiers(event)
                if check_own is not None:
                    check_own(event, record)
            stamp = record.timestamp
            latest = (stamp if stamp <= most_ms else arrived_ms) / 1000.0
        except Exception as error:  # isolated: a record that cannot be read never stops the pipeline
            dead.append(DeadLetter(record, getattr(record, "fault", None) or _malformed(error, value)))
            continue
        if event.at > latest + future_skew_s:
            force_setattr(event, "at", latest)
            clamped.append(len(events))
        if again:
            mended[len(events)] = tuple(dict.fromkeys(each.state for each in again if each.state))
        take(event)
        keep(record)
    return Incoming(events, kept, dead, frozenset(clamped), mended)


def decode_event(value: bytes) -> AnyEvent:
    """One event from JSON bytes. Raises Malformed with a reason code and a message naming the field."""
    return read_event(value)[0]


def read_event(value: bytes) -> tuple[AnyEvent, Sequence[Mended]]:
    """One event from JSON bytes, and what of it was not read as it was sent. Raises Malformed as `decode_event`."""
    mended: Sequence[Mended] = ()
    try:
        try:
            event: AnyEvent = _DECODER.decode(value)
        except Exception as error:  # isolated: a second reading says what it is
            event, mended = _read_again(value, error)
    except Exception as error:
        raise _malformed(error, value) from None
    _check_texts(event, value)
    return event, mended


def without_mark(value: bytes) -> bytes:
    """The bytes without the byte order mark that editors and exports put in front. Raises Malformed for UTF-16."""
    if value.startswith(_UTF_16_MARKS) or b"\x00" in value[:2]:
        raise Malformed("not_utf8", "this is UTF-16 text: send UTF-8")
    while value.startswith(_BYTE_ORDER_MARK):
        value = value[len(_BYTE_ORDER_MARK) :]
    return value


def _check_texts(event: AnyEvent, value: bytes) -> None:
    if _holds_nul(value):
        raise Malformed("nul_character", _NUL_DETAIL)
    check_identifiers(event)


def _holds_nul(value: bytes) -> bool:
    return _NUL in value and _NUL_ESCAPE.search(value) is not None


def _read_again(value: bytes | None, first: Exception) -> tuple[AnyEvent, Sequence[Mended]]:
    """The event that the decoder refused for a field that only helps. Raises `first` where there is no such field."""
    if value is None:
        raise first
    value = without_mark(value)
    try:
        members = members_of(value)
    except (ValueError, RecursionError):
        raise first from None
    mended = mend(members)
    event: AnyEvent = msgspec.convert(members, AnyEvent)
    for name in event.__struct_fields__:
        text = getattr(event, name)
        if isinstance(text, str) and not text.isascii():
            text.encode()
    return event, mended


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
    if isinstance(error, msgspec.DecodeError | UnicodeError | ValueError):
        return Malformed("invalid_json", str(error))
    return Malformed("unreadable", f"the record cannot be read: {type(error).__name__}")
