"""PayGuard's own events on the topic of events: signed by whoever of ours says them, and believed only when signed.

Wallets write `account-events` too. What they report is activity; that a challenge was passed, a factor enrolled, a payment
disowned or a case decided is PayGuard's word. Such a record carries the header `payguard-mac`, `VERSION:HEX`: HMAC with SHA-256
(RFC 2104) under the key of that version over what kind of thing this is, the record's key and its value. The topic's name and
the partition are not in it, so that a record may be moved or mirrored.
"""

from __future__ import annotations

import hmac
import re
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from contracts.changes import OWN_CHANGES
from contracts.errors import Malformed
from contracts.events import (
    AccountChange,
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
from contracts.topics import HEADER_MAC
from services.events.decode import Record
from services.platform import metrics
from services.platform.keyring import Keyring, read_keyring
from services.platform.secrets import UnusableKeys
from services.platform.settings import Settings

#: The reason code of dead letters that claim to be PayGuard's word and are not.
NOT_OURS = "not_ours"
_DOMAIN = b"payguard own event\x00"
_OUR_TYPES = frozenset({"challenge_outcome", "user_report", "label", "settlement", "erasure", "owner_act"})
_OURS = frozenset({ChallengeOutcome, UserReport, Label, Settlement, Erasure, OwnerAct})
_MAC = re.compile(rb"([1-9][0-9]{0,2}):([0-9a-f]{64})")
_UPGRADE = (
    "It signs what PayGuard itself writes to the events topic: give worker, API and cases the same one. "
    "When you upgrade a deployment that ran without it, set PAYGUARD_UNSIGNED_EVENTS_UNTIL to the time of the upgrade as "
    "well, so that outcomes and reports that wait in Kafka are still believed"
)
_DETAILS = {
    "unsigned": "only PayGuard says this, and the record does not carry its MAC",
    "unknown_key": "the record's MAC is of a key version that is not held here",
    "forged": "the record's MAC is not PayGuard's",
}


class Signing(Protocol):
    """Whoever writes to the topic of events asks it which headers a record must carry."""

    def headers_of(self, key: bytes | None, value: bytes) -> list[tuple[str, bytes]]: ...


class _Head(msgspec.Struct):
    type: str = ""
    change: str = ""


_HEAD = msgspec.json.Decoder(_Head)


class EventMacs:
    """Signs PayGuard's own events and tells them from forged ones.

    A record older than `unsigned_until_s` (epoch seconds, by the record's time) is believed without a MAC.
    """

    def __init__(self, keys: Keyring, unsigned_until_s: float | None = None) -> None:
        self._keys = keys
        self._unsigned_until_ms = None if unsigned_until_s is None else unsigned_until_s * 1000.0

    def header(self, key: bytes | None, value: bytes) -> tuple[str, bytes]:
        """The header that makes this record PayGuard's word."""
        version = self._keys.current
        return HEADER_MAC, b"%d:%b" % (version, self._mac(version, key, value))

    def headers_of(self, key: bytes | None, value: bytes) -> list[tuple[str, bytes]]:
        """The headers such a record needs: none for activity, and none for what is no event."""
        try:
            head = _HEAD.decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return []
        return [self.header(key, value)] if _is_own(head.type, head.change) else []

    def check(self, event: AnyEvent, record: Record) -> None:
        """Counts one of PayGuard's own events. Raises Malformed when it is not PayGuard's word; activity passes."""
        if not is_own(event):
            return
        found = self._found(record)
        metrics.OWN_EVENTS.labels(found).inc()
        if found in _DETAILS:
            raise Malformed(NOT_OURS, _DETAILS[found])

    def _found(self, record: Record) -> str:
        macs = [content for name, content in record.headers if name == HEADER_MAC]
        if not macs:
            until_ms = self._unsigned_until_ms
            return "before_upgrade" if until_ms is not None and record.timestamp < until_ms else "unsigned"
        written = _MAC.fullmatch(macs[0])
        if written is None or len(macs) > 1 or record.value is None:
            return "forged"
        version = int(written[1])
        if version not in self._keys.keys:
            return "unknown_key"
        right = hmac.compare_digest(written[2], self._mac(version, record.key, record.value))
        return "signed" if right else "forged"

    def _mac(self, version: int, key: bytes | None, value: bytes) -> bytes:
        named = key or b""
        message = b"%b%c%b%b%b" % (_DOMAIN, version, len(named).to_bytes(4, "big"), named, value)
        return hmac.digest(self._keys.keys[version], message, "sha256").hex().encode()


def is_own(event: AnyEvent) -> bool:
    """Whether only PayGuard may say this."""
    kind = event.__class__
    if kind is Login or kind is Transaction:
        return False
    if kind is AccountChange:
        return event.change in OWN_CHANGES  # type: ignore[union-attr]
    return kind in _OURS


def _is_own(type_name: str, change: str) -> bool:
    return type_name in _OUR_TYPES or (type_name == "account_change" and change in OWN_CHANGES)


def event_macs(settings: Settings) -> EventMacs:
    """Signer and judge of these settings. Raises UnusableKeys, saying how to upgrade, or Malformed for a date that is none."""
    return EventMacs(event_keys(settings), unsigned_until_s(settings))


def event_keys(settings: Settings) -> Keyring:
    """The keys that sign PayGuard's own events. Raises UnusableKeys that says how to upgrade."""
    if not settings.event_key and settings.event_key_file is None:
        raise UnusableKeys(
            "neither PAYGUARD_EVENT_KEY nor PAYGUARD_EVENT_KEY_FILE is set; "
            f"make a key with: payguard admin keys new. {_UPGRADE}"
        )
    return read_keyring("event_key", settings.event_key, settings.event_key_file)


def fingerprint(key: bytes) -> str:
    """A few characters by which two holders can tell that they hold the same key, and nothing of the key."""
    return hmac.digest(key, b"payguard fingerprint\x00", "sha256").hex()[:12]


def signing_of(settings: Settings) -> EventMacs | None:
    """The signer where a key is set; None where there is none, as for who sends a file with activity alone."""
    return event_macs(settings) if settings.event_key or settings.event_key_file is not None else None


def unsigned_until_s(settings: Settings) -> float | None:
    """Epoch seconds before which unsigned records are believed; None for never. Raises Malformed."""
    text = settings.unsigned_events_until
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Malformed(
            "unsigned_events_until",
            f"PAYGUARD_UNSIGNED_EVENTS_UNTIL={text!r} is no time; write one such as 2026-01-31T12:00:00Z",
        ) from None
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
