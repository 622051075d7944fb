"""Each event of a body is judged on its own, and no input can do worse than be refused."""

from __future__ import annotations

import json
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.changes import OwnChange
from contracts.errors import Malformed
from services.api.offered import checked, read_body
from services.api.producer import MAX_EVENT_BYTES
from services.events.adapters import ADAPTERS, JSON, LINES, MAX_EVENTS, Adapter
from tests.services.api.world import a_login

GOOD = msgspec.json.encode(a_login())


def with_member(member: bytes) -> bytes:
    return GOOD[:-1] + b"," + member + b"}"


HOSTILE: dict[str, tuple[bytes, str]] = {
    "empty object": (b"{}", "invalid_event"),
    "null": (b"null", "invalid_event"),
    "number": (b"5", "invalid_event"),
    "text": (b'"x"', "invalid_event"),
    "unknown type": (GOOD.replace(b'"login"', b'"logout"'), "unknown_type"),
    "missing outcome": (GOOD.replace(b'"outcome":"success"', b'"x":1'), "invalid_event"),
    "broken off": (GOOD[:-5], "invalid_json"),
    "garbage behind": (GOOD + b"x", "invalid_json"),
    "repeated event_id": (with_member(b'"event_id":"e2"'), "repeated_name"),
    "repeated by escape": (with_member(b'"event\\u005fid":"e2"'), "repeated_name"),
    "repeated inside": (with_member(b'"extra":{"a":1,"a":2}'), "repeated_name"),
    "NaN": (with_member(b'"extra":NaN'), "invalid_json"),
    "Infinity": (with_member(b'"extra":-Infinity'), "invalid_json"),
    "1e400 as the amount": (
        b'{"type":"transaction","event_id":"e","account_id":"a","occurred_at":1700000000000,"amount":1e400,"currency":"CNY"}',
        "invalid_event",
    ),
    "huge integer": (with_member(b'"extra":' + b"9" * 50), "number_too_large"),
    "enormous integer": (with_member(b'"extra":' + b"9" * 100_000), "number_too_large"),
    "huge time": (GOOD.replace(b"1700000000000", b"9" * 50), "invalid_event"),
    "nested deeply": (with_member(b'"extra":' + b"[" * 50_000 + b"]" * 50_000), "too_deep"),
    "nested objects": (with_member(b'"extra":' + b'{"a":' * 30_000 + b"1" + b"}" * 30_000), "too_deep"),
    "never closed": (b"[" * 100_000, "invalid_event"),
    "invalid UTF-8 in an unknown member": (with_member(b'"extra":"\xff\xfe"'), "invalid_json"),
    "invalid UTF-8 in a known member": (with_member(b'"session_id":"\xff"'), "invalid_json"),
    "UTF-16": (json.dumps(a_login()).encode("utf-16"), "not_utf8"),
    "lone surrogate in the event id": (GOOD.replace(b'"e1"', b'"e\\ud800"'), "invalid_json"),
    "NUL in the account": (GOOD.replace(b'"a1"', b'"a\\u0000"'), "nul_character"),
    "line end in the event id": (GOOD.replace(b'"e1"', b'"e\\n1"'), "invalid_event"),
    "too large": (with_member(b'"extra":"' + b"x" * MAX_EVENT_BYTES + b'"'), "too_large"),
    "forged enrolment of a factor": (
        b'{"type":"account_change","event_id":"e","account_id":"a","occurred_at":1700000000000,"change":"totp_enrolled"}',
        "not_offered",
    ),
    "forged outcome of a challenge": (
        b'{"type":"challenge_outcome","event_id":"e","account_id":"a","occurred_at":1700000000000,"challenge_id":"c",'
        b'"challenged_event_id":"x","purpose":"login","outcome":"passed"}',
        "not_offered",
    ),
    "float money": (
        b'{"type":"transaction","event_id":"e","account_id":"a","occurred_at":1700000000000,"amount":4.5,"currency":"CNY"}',
        "invalid_event",
    ),
    "time without offset": (GOOD.replace(b"1700000000000", b'"2026-01-01T00:00:00"'), "invalid_event"),
}


@pytest.mark.parametrize("change", get_args(OwnChange))
def test_no_change_of_a_factor_is_taken_from_outside(change: str) -> None:
    forged = (
        b'{"type":"account_change","event_id":"e","account_id":"a","occurred_at":1700000000000,"change":"%s"}'
    )

    with pytest.raises(Malformed) as refused:
        checked(forged % change.encode())

    assert "not_offered" == refused.value.reason


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_is_malformed_with_its_reason(name: str) -> None:
    value, reason = HOSTILE[name]
    with pytest.raises(Malformed) as refused:
        checked(value)
    assert refused.value.reason == reason
    assert refused.value.detail


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_line_leaves_its_neighbours_alone(name: str) -> None:
    bad = HOSTILE[name][0].replace(b"\n", b" ")
    offers = read_body(b"\n".join([GOOD, bad, b"", GOOD]), LINES)
    assert offers[0].error is None
    assert offers[-1].error is None
    assert any(offer.error is not None for offer in offers)


def test_what_is_not_known_is_kept_and_white_space_is_not() -> None:
    sent = b'{ "type":"login","event_id":"e1","account_id":"a","occurred_at":1700000000000,"outcome":"success","z":{"b":"1.50"}}'
    unknown = sent.replace(b"{ ", b"{")
    assert read_body(b"[" + sent + b"]", JSON)[0].value == unknown
    assert read_body(b" " + sent + b"\n", JSON)[0].value == unknown
    assert read_body(sent + b"\r\n", LINES)[0].value == unknown


def test_a_malformed_event_of_an_array_is_named_by_place_and_id() -> None:
    bad = a_login("e2", outcome="perhaps")
    offers = read_body(msgspec.json.encode([a_login(), bad, 5, a_login("e4")]), JSON)
    assert [(offer.index, offer.event_id, offer.error is None) for offer in offers] == [
        (0, "e1", True),
        (1, "e2", False),
        (2, None, False),
        (3, "e4", True),
    ]
    assert "$.outcome" in str(offers[1].error)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "no_events"),
        (b"  \n", "no_events"),
        (b"[]", "no_events"),
        (b"[{}", "invalid_json"),
        (b"[" + b"{}," * MAX_EVENTS + b"{}]", "too_many_events"),
        (b"[" * 200_000, "too_deep"),
    ],
)
def test_a_body_that_cannot_be_cut_is_refused_whole(body: bytes, reason: str) -> None:
    with pytest.raises(Malformed) as refused:
        read_body(body, JSON)
    assert refused.value.reason == reason


@given(st.binary(max_size=300), st.sampled_from(ADAPTERS))
def test_no_bytes_do_worse_than_malformed(body: bytes, adapter: Adapter) -> None:
    for candidate in (body, b"[" + body + b"]", GOOD[:50] + body + GOOD[50:]):
        try:
            offers = read_body(candidate, adapter)
        except Malformed:
            continue
        assert offers
