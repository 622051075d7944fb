"""A known event id is a repeat only with the content it was noted with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.decisions import account_in, answer_name, content_digest, event_of
from contracts.profile import DIGEST_BYTES, EVENT_ID_BYTES, MAX_EVENT_IDS, NO_DIGEST, Profile
from services.memory.codec import pack, unpack
from services.memory.learning import has_other_content, knows_event, note_event

_IDS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)


def key(number: int) -> bytes:
    return number.to_bytes(EVENT_ID_BYTES, "big")


def noted(count: int, contentless: int = 0) -> Profile:
    """So many events, each with a content of its own; the first ones from before contents were noted."""
    profile = Profile()
    for number in range(count):
        note_event(profile, key(number), float(number), content_digest(b"%d" % number))
        if number < contentless:
            profile.event_digests.clear()
    return profile


@given(st.integers(1, 2 * MAX_EVENT_IDS), st.integers(0, 2 * MAX_EVENT_IDS))
def test_each_known_id_keeps_the_digest_of_its_own_content(count: int, contentless: int) -> None:
    profile = unpack(pack(noted(count, contentless)))

    for number in range(max(0, count - MAX_EVENT_IDS), count):
        assert knows_event(profile, key(number))
        assert not has_other_content(profile, key(number), content_digest(b"%d" % number))
        other = has_other_content(profile, key(number), content_digest(b"other"))
        assert other == (number >= min(count, contentless))
    assert len(profile.event_digests) <= MAX_EVENT_IDS * DIGEST_BYTES


def test_a_content_that_was_not_told_is_no_other_content() -> None:
    profile = noted(3)
    assert not has_other_content(profile, key(1), NO_DIGEST)


@pytest.mark.parametrize("other", [b'{"a":1,"b":2}', b'{"b":2, "a":1}', b"", b"\x00"])
def test_other_bytes_are_another_content(other: bytes) -> None:
    assert content_digest(b'{"b":2,"a":1}') != content_digest(other)


@given(_IDS, _IDS, st.binary(max_size=20))
def test_the_name_of_an_answer_gives_back_event_and_account(account: str, event: str, value: bytes) -> None:
    event_id, rest = event_of(answer_name(account, event, value))
    assert (event, account) == (event_id, account_in(rest))
