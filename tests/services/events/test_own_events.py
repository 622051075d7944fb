"""PayGuard's own events: believed under its MAC, and from nobody else."""

from __future__ import annotations

from typing import get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import Malformed
from contracts.events import AccountChange
from contracts.topics import HEADER_MAC
from services.events.decode import decode
from services.events.own_events import (
    NOT_OURS,
    EventMacs,
    event_macs,
    fingerprint,
    signing_of,
    unsigned_until_s,
)
from services.platform import metrics
from services.platform.keyring import Keyring, UnusableKeys
from services.platform.settings import Settings
from tests.services.events.test_decode import Sent
from tests.services.events.wire import AT_MS, wire

OLD, NEW = b"1" * 32, b"2" * 32
MACS = EventMacs(Keyring({1: OLD}, 1))


CHANGES = get_args(get_type_hints(AccountChange)["change"])
OF_FACTORS = [change for change in CHANGES if change.startswith(("totp_", "recovery"))]
OUTCOME = wire("challenge_outcome")
OURS = [
    OUTCOME,
    wire("user_report", verdict="was_me"),
    wire("label", verdict="legitimate"),
    *(wire("account_change", change=change) for change in OF_FACTORS),
]
ACTIVITY = [
    wire("login"),
    wire("transaction"),
    *(wire("account_change", change=change) for change in CHANGES if change not in OF_FACTORS),
]


def found(row: Sent, macs: EventMacs = MACS) -> str | None:
    """The reason of the dead letter that the record becomes; None when it is believed."""
    incoming = decode([row], 300.0, macs.check)
    assert len(incoming.events) + len(incoming.dead) == 1
    return incoming.dead[0].error.reason if incoming.dead else None


def signed(value: bytes, macs: EventMacs = MACS, key: bytes | None = b"li") -> Sent:
    return Sent(value, key, headers=(macs.header(key, value),))


def counted(mac: str) -> float:
    return float(metrics.OWN_EVENTS.labels(mac)._value.get())


@pytest.mark.parametrize("value", OURS)
def test_what_only_payguard_says_is_believed_under_its_mac_and_a_dead_letter_without(value: bytes) -> None:
    assert found(signed(value)) is None
    assert found(Sent(value)) == NOT_OURS


@pytest.mark.parametrize("value", ACTIVITY)
def test_activity_needs_no_mac(value: bytes) -> None:
    assert found(Sent(value)) is None
    assert MACS.headers_of(b"li", value) == []


@pytest.mark.parametrize("value", OURS)
def test_the_signer_finds_by_itself_what_it_must_sign(value: bytes) -> None:
    assert MACS.headers_of(b"li", value) == [MACS.header(b"li", value)]


@given(value=st.binary(max_size=60))
def test_the_signer_takes_any_bytes(value: bytes) -> None:
    assert MACS.headers_of(b"li", value) == []


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_one_bit_of_value_or_mac_that_differs_is_forged(at: int, bit: int) -> None:
    row = signed(OUTCOME)
    name, mac = row.headers[0]
    place = at % len(mac)
    other = bytes([mac[place] ^ (1 << bit)])
    twisted = ((name, mac[:place] + other + mac[place + 1 :]),)

    assert found(Sent(OUTCOME, headers=twisted)) == NOT_OURS
    changed = OUTCOME.replace(b'"e1"', b'"%d"' % at)
    assert found(Sent(changed, headers=row.headers)) == NOT_OURS


def test_a_mac_of_one_account_says_nothing_about_another() -> None:
    value = OUTCOME.replace(b'"li"', b'"wang"')

    assert found(Sent(value, b"wang", headers=(MACS.header(b"li", value),))) == NOT_OURS
    assert found(Sent(value, b"wang", headers=(MACS.header(b"wang", value),))) is None


def test_key_and_value_cannot_be_cut_elsewhere() -> None:
    assert MACS.header(b"li", b"xy") != MACS.header(b"lix", b"y")
    assert MACS.header(None, b"xy") != MACS.header(b"x", b"y")


@pytest.mark.parametrize(
    ("headers", "mac"),
    [
        ([], "unsigned"),
        ([(HEADER_MAC.upper(), MACS.header(b"li", OUTCOME)[1])], "unsigned"),
        ([(HEADER_MAC, b"")], "forged"),
        ([(HEADER_MAC, b"1:" + b"0" * 64)], "forged"),
        ([(HEADER_MAC, MACS.header(b"li", OUTCOME)[1].upper())], "forged"),
        ([(HEADER_MAC, b"0:" + b"0" * 64)], "forged"),
        ([(HEADER_MAC, b"7:" + b"0" * 64)], "unknown_key"),
        ([MACS.header(b"li", OUTCOME), (HEADER_MAC, b"1:" + b"0" * 64)], "forged"),
        ([("traceparent", b"x"), MACS.header(b"li", OUTCOME)], "signed"),
    ],
)
def test_what_a_mac_was_found_to_be_is_counted(headers: list[tuple[str, bytes]], mac: str) -> None:
    before = counted(mac)

    refused = found(Sent(OUTCOME, headers=tuple(headers)))

    assert counted(mac) == before + 1
    assert refused == (None if mac == "signed" else NOT_OURS)


def test_a_rotated_key_still_opens_what_the_old_one_signed_until_it_is_taken_out() -> None:
    both, new = EventMacs(Keyring({2: NEW, 1: OLD}, 2)), EventMacs(Keyring({2: NEW}, 2))

    assert found(signed(OUTCOME, MACS), both) is None
    assert found(signed(OUTCOME, both), new) is None
    assert found(signed(OUTCOME, both), MACS) == NOT_OURS
    assert found(signed(OUTCOME, MACS), new) == NOT_OURS


def test_the_same_version_of_another_key_is_forged() -> None:
    assert found(signed(OUTCOME, EventMacs(Keyring({1: NEW}, 1)))) == NOT_OURS


def test_unsigned_records_are_believed_only_from_before_the_upgrade() -> None:
    upgraded = EventMacs(Keyring({1: OLD}, 1), AT_MS / 1000.0)

    assert found(Sent(OUTCOME, timestamp=AT_MS - 1), upgraded) is None
    assert found(Sent(OUTCOME, timestamp=AT_MS), upgraded) == NOT_OURS


def test_a_forged_record_from_before_the_upgrade_is_not_believed() -> None:
    upgraded = EventMacs(Keyring({1: OLD}, 1), AT_MS / 1000.0)
    row = Sent(OUTCOME, headers=((HEADER_MAC, b"1:" + b"0" * 64),), timestamp=AT_MS - 1)

    assert found(row, upgraded) == NOT_OURS


@pytest.mark.parametrize(
    ("text", "at_s"),
    [
        ("", None),
        ("2026-01-01", 1_767_225_600.0),
        ("2026-01-01T00:00:00Z", 1_767_225_600.0),
        ("2026-01-01T08:00:00+08:00", 1_767_225_600.0),
    ],
)
def test_the_time_of_the_upgrade_is_read_with_its_offset_or_as_utc(text: str, at_s: float | None) -> None:
    assert unsigned_until_s(Settings(unsigned_events_until=text)) == at_s


def test_a_time_that_is_none_is_refused_with_an_example() -> None:
    with pytest.raises(Malformed) as refused:
        unsigned_until_s(Settings(unsigned_events_until="yesterday"))

    assert "2026-01-31T12:00:00Z" in refused.value.detail


def test_a_missing_key_says_what_it_is_for_how_to_make_it_and_how_to_upgrade() -> None:
    with pytest.raises(UnusableKeys) as refused:
        event_macs(Settings())

    told = str(refused.value)
    assert "PAYGUARD_EVENT_KEY" in told
    assert "payguard admin keys new" in told
    assert "PAYGUARD_UNSIGNED_EVENTS_UNTIL" in told


def test_a_sender_without_a_key_signs_nothing() -> None:
    assert signing_of(Settings()) is None


def test_a_fingerprint_tells_keys_apart_and_shows_nothing_of_them() -> None:
    assert fingerprint(OLD) == fingerprint(OLD) != fingerprint(NEW)
    assert OLD.hex()[:8] not in fingerprint(OLD)


def test_nothing_of_a_key_is_shown() -> None:
    assert "1111" not in repr(Keyring({1: OLD}, 1))
