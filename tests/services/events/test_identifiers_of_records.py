"""A record whose identifiers break the rule is a dead letter that says the rule, from Kafka and from files alike."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import json

from contracts.errors import Malformed
from contracts.identifiers import RULE, is_identifier
from services.events.decode import decode, decode_event
from tests.services.api.test_identifiers_everywhere import NASTY, REFUSED
from tests.services.events.test_decode import SKEW_S, Sent
from tests.services.events.wire import BODIES, members

BAD = [each for each in REFUSED if len(each) <= 128 and "\x00" not in each] + [
    ".",
    "..",
    "\n",
    "a\u0085b",
    "\ue000",
]
PLACES = [(kind, name) for kind in BODIES for name in ("event_id", "account_id")] + [
    ("transaction", "payee_id"),
    ("label", "payee_id"),
    ("label", "about_event_id"),
    ("user_report", "about_event_id"),
    ("challenge_outcome", "challenge_id"),
    ("challenge_outcome", "challenged_event_id"),
]  # fmt: skip


def sent(event: dict[str, Any]) -> Sent:
    return Sent(json.encode(event), event["account_id"].encode("utf-8", "replace"))


@pytest.mark.parametrize(("kind", "name"), PLACES)
@pytest.mark.parametrize("bad", BAD)
def test_a_record_with_a_bad_identifier_is_a_dead_letter_with_the_rule(
    kind: str, name: str, bad: str
) -> None:
    event = members(kind, **{name: bad})
    [letter] = decode([sent(event)], SKEW_S).dead
    assert ("invalid_event", f"{name}: {RULE}") == (letter.error.reason, letter.error.detail)
    with pytest.raises(Malformed, match="printable"):
        decode_event(json.encode(event))


@pytest.mark.parametrize("name", ["event_id", "account_id"])
@pytest.mark.parametrize("bad", ["\x7f", "\u2028", "\u202e"])
def test_what_json_lets_stand_unescaped_is_found_too(name: str, bad: str) -> None:
    event = members("login", **{name: f"a{bad}b"})
    assert b"\\" not in json.encode(event)
    assert 1 == len(decode([sent(event)], SKEW_S).dead)


@pytest.mark.parametrize(("kind", "name"), PLACES)
@pytest.mark.parametrize("good", NASTY)
def test_every_printable_identifier_is_an_event(kind: str, name: str, good: str) -> None:
    event = members(kind, **{name: good})
    incoming = decode([sent(event)], SKEW_S)
    assert (good, []) == (getattr(incoming.events[0], name), incoming.dead)


@settings(derandomize=True, deadline=None, max_examples=400)
@given(
    kind_and_name=st.sampled_from(PLACES), text=st.text(st.characters(codec="utf-8"), min_size=1, max_size=4)
)
def test_a_record_is_an_event_exactly_when_its_identifiers_are(
    kind_and_name: tuple[str, str], text: str
) -> None:
    kind, name = kind_and_name
    incoming = decode([sent(members(kind, **{name: text}))], SKEW_S)
    assert is_identifier(text) == (len(incoming.events) == 1)
    assert 1 == len(incoming.events) + len(incoming.dead)
