"""Records become events one by one: what is good goes on in order, what is not is a dead letter that says why."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from contracts.errors import Malformed
from services.events.decode import Incoming, decode, decode_event, read_event
from tests.services.events.wire import AT_MS, wire

SKEW_S = 300.0


class Sent(Struct, frozen=True):
    """A record as a broker gives it."""

    value: bytes | None
    key: bytes | None = b"li"
    offset: int = 0
    timestamp: int = AT_MS
    headers: tuple[tuple[str, bytes], ...] = ()


def login(event_id: str = "e1", **fields: Any) -> bytes:
    return wire("login", event_id=event_id, **fields)


def read(*records: Sent) -> Incoming:
    return decode(records, SKEW_S)


def reason(record: Sent) -> str:
    [letter] = read(record).dead
    assert letter.record is record
    return letter.error.reason


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (r"tab\there", "tab\there"),
        (r"quote\"d", 'quote"d'),
        (r"back\\slash", "back\\slash"),
        (r"\u8d26\u6237", "账户"),
        (r"\u00001", None),
        (r"\\u0000 in words", "\\u0000 in words"),
        (r"\\\u0000", None),
    ],
)
def test_escapes_pass_and_the_character_0_does_not(raw: str, text: str | None) -> None:
    value = login().replace(b'"success"', b'"success","method":"' + raw.encode() + b'"')
    incoming = read(Sent(value))

    if text is None:
        assert [letter.error.reason for letter in incoming.dead] == ["nul_character"]
    else:
        assert [getattr(event, "method", None) for event in incoming.events] == [text]


@pytest.mark.parametrize("key", [None, b"", b"wang", b"Li", b"li ", b"l"])
def test_a_record_whose_key_is_not_its_account_is_a_dead_letter(key: bytes | None) -> None:
    assert reason(Sent(login(), key=key)) == "key_mismatch"


def test_a_key_is_the_account_in_utf_8() -> None:
    incoming = read(Sent(login(account_id="账户-1"), key="账户-1".encode()))

    assert [event.account_id for event in incoming.events] == ["账户-1"]


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (None, "no_value"),
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b'"login"', "invalid_event"),
        (b'{"type":"login","other":' + b"[" * 100_000, "too_deep"),
        (login(type="logout"), "unknown_type"),
        (login(outcome="perhaps"), "invalid_event"),
        (login(occurred_at="2026-01-01T00:00:00"), "invalid_event"),
        (b'{"\x00":1}', "invalid_json"),
        (b'{\x00"\x00', "not_utf8"),
        (b"\x00{", "not_utf8"),
        (b"\xff\xfe{", "not_utf8"),
    ],
    ids=[
        "no value",
        "empty",
        "half",
        "no object",
        "deep",
        "unknown type",
        "unknown outcome",
        "no offset",
        "a zero byte later on",
        "a zero byte second",
        "a zero byte first",
        "the mark of UTF-16",
    ],
)
def test_what_is_no_event_says_why(value: bytes | None, wanted: str) -> None:
    assert reason(Sent(value)) == wanted


@pytest.mark.parametrize(
    ("late_s", "clamped"), [(0.0, False), (299.999, False), (300.0, False), (300.001, True), (1e9, True)]
)
def test_an_event_beyond_its_record_by_more_than_the_skew_happens_when_it_was_recorded(
    late_s: float, clamped: bool
) -> None:
    incoming = read(Sent(login(occurred_at=AT_MS + round(late_s * 1000))))
    [event] = incoming.events

    assert incoming.clamped == (frozenset({0}) if clamped else frozenset())
    assert event.at == (AT_MS / 1000 if clamped else AT_MS / 1000 + round(late_s * 1000) / 1000)


def test_an_event_long_before_its_record_keeps_its_time() -> None:
    incoming = read(Sent(login(occurred_at=AT_MS - 86_400_000 * 400)))

    assert incoming.clamped == frozenset()
    assert incoming.events[0].at == AT_MS / 1000 - 86_400 * 400


def test_clamped_events_are_named_by_their_place_among_the_good_ones() -> None:
    late = AT_MS + 1_000_000
    incoming = read(
        Sent(b"{"),
        Sent(login("e1")),
        Sent(login("e2", occurred_at=late)),
        Sent(None),
        Sent(login("e3", occurred_at=late)),
    )

    assert [event.event_id for event in incoming.events] == ["e1", "e2", "e3"]
    assert incoming.clamped == frozenset({1, 2})


@given(st.lists(st.booleans(), max_size=40))
def test_good_records_keep_their_order_and_bad_ones_theirs(good: list[bool]) -> None:
    records = [Sent(login(f"e{n}") if fine else b"\xff", offset=n) for n, fine in enumerate(good)]
    incoming = read(*records)

    assert [record.offset for record in incoming.records] == [n for n, fine in enumerate(good) if fine]
    assert [event.event_id for event in incoming.events] == [f"e{n}" for n, fine in enumerate(good) if fine]
    assert [letter.record.offset for letter in incoming.dead] == [
        n for n, fine in enumerate(good) if not fine
    ]


def test_one_event_is_read_with_what_of_it_was_not_read_as_it_was_sent() -> None:
    plain, mended = read_event(login()), read_event(login(user_agent=5))

    assert (plain[0].event_id, list(plain[1])) == ("e1", [])
    assert mended[0].event_id == "e1"
    assert mended[1]
    assert decode_event(login()) == plain[0]


@pytest.mark.parametrize("value", [login(outcome="perhaps"), login(event_id="e\0"), b"", b"[]"])
def test_one_event_that_cannot_be_read_says_why(value: bytes) -> None:
    with pytest.raises(Malformed):
        decode_event(value)


def test_a_record_without_a_value_is_said_to_have_none() -> None:
    [letter] = read(Sent(None)).dead

    assert (letter.error.reason, str(letter.error)) == (reason(Sent(None)), "the record has no value")


def test_states_are_told_only_of_what_was_mended() -> None:
    assert set(read(Sent(login()), Sent(login("e2", user_agent=5))).mended) == {1}
    assert read(Sent(login())).mended == {}


@pytest.mark.parametrize(("ahead_ms", "counts_for_ms"), [(300_000, 300_000), (300_001, 0)])
def test_a_record_stamped_by_a_wrong_clock_counts_as_stamped_now(ahead_ms: int, counts_for_ms: int) -> None:
    record = Sent(login(occurred_at=AT_MS + 900_000), timestamp=AT_MS + ahead_ms)
    [event] = decode([record], SKEW_S, now_ms=AT_MS).events

    assert event.at == (AT_MS + counts_for_ms) / 1000


def test_logins_and_payments_are_anybody_s_word_and_the_rest_is_checked() -> None:
    asked: list[str] = []
    decode(
        [Sent(wire(kind)) for kind in ("login", "transaction", "account_change")],
        SKEW_S,
        lambda event, record: asked.append(type(event).__name__),
    )

    assert asked == ["AccountChange"]


@pytest.mark.parametrize("error", [KeyError("li"), RuntimeError("odd"), ZeroDivisionError()])
def test_whatever_else_a_record_raises_is_an_unreadable_letter_that_names_the_error_alone(
    error: Exception,
) -> None:
    def strange(event: object, record: object) -> None:
        raise error

    incoming = decode([Sent(login()), Sent(wire("account_change")), Sent(login("e3"))], SKEW_S, strange)

    assert [event.event_id for event in incoming.events] == ["e1", "e3"]
    [letter] = incoming.dead
    assert letter.error.reason == "unreadable"
    assert str(letter.error).endswith(f"the record cannot be read: {type(error).__name__}")


def test_a_letter_says_which_character_may_not_stand_in_a_text() -> None:
    [letter] = read(Sent(login(session_id="a\0b"))).dead

    assert str(letter.error).endswith("a text holds the character U+0000")
