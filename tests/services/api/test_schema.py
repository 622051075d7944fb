"""The published schemas are current, valid, and agree with the decoder."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import topics
from contracts.errors import Malformed
from contracts.event_times import BEYOND_MS, FIRST_MS
from contracts.events import EVENT_TYPE_NAMES, Activity, Login, Transaction, to_wire
from services.api import schema
from services.events.decode import decode_event

EVENTS = schema.events_schema()
VALIDATOR = jsonschema.Draft202012Validator(EVENTS)


def valid(event: dict[str, Any]) -> bool:
    return bool(VALIDATOR.is_valid(event))


def decodes(event: dict[str, Any]) -> bool:
    try:
        decode_event(json.dumps(event).encode())
    except Malformed:
        return False
    return True


@pytest.mark.parametrize("name", ["events.schema.json", "asyncapi.json", "openapi.json"])
def test_the_generated_file_is_current(name: str) -> None:
    written = (schema.DOCS / name).read_text(encoding="utf-8")
    assert written == schema.documents()[name], "run python -m services.api.schema"


def test_the_schema_is_a_schema_and_shows_no_derived_field() -> None:
    jsonschema.Draft202012Validator.check_schema(EVENTS)
    assert '"_' not in json.dumps(EVENTS)
    names = {
        part["properties"]["type"]["enum"][0]
        for part in EVENTS["$defs"].values()
        if "type" in part["required"]
    }
    assert names == set(EVENT_TYPE_NAMES)


def test_every_member_is_described() -> None:
    for name, part in EVENTS["$defs"].items():
        for member, body in part["properties"].items():
            assert member in ("type", "kind", "city", "name", "os", "browser") or body.get("description"), (
                f"{name}.{member}"
            )


def test_the_topics_are_documented_with_their_headers() -> None:
    document = schema.asyncapi()
    wanted = {
        topics.ACCOUNT_EVENTS,
        topics.ACCOUNT_EVENTS_DEAD,
        topics.DECISIONS,
        topics.ACTIONS,
        topics.ACTION_RESULTS,
        topics.MESSAGES,
    }
    assert set(document["channels"]) == wanted
    text = json.dumps(document)
    used = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert used <= set(document["components"]["schemas"])
    for header in (topics.HEADER_EFFECTS, topics.HEADER_REPLY_TO, topics.DEAD_REASON, topics.DEAD_OFFSET):
        assert f'"{header}"' in text


#: U+0000 is refused everywhere; JSON Schema cannot say so of unknown members.
_LETTERS = st.characters(codec="utf-8", exclude_characters="\0")
_ids = st.text(_LETTERS, min_size=1, max_size=128).filter(lambda text: text.isprintable())
_times = st.one_of(
    st.integers(FIRST_MS, BEYOND_MS - 1),
    st.datetimes()
    .filter(lambda when: 1970 < when.year < 9999)
    .map(lambda when: when.isoformat(timespec="microseconds") + "+08:00"),
)
_money = st.one_of(st.integers(0, 10**15 - 1), st.from_regex(r"\A[0-9]{1,15}(\.[0-9]{1,4})?\Z"))
_places = st.fixed_dictionaries(
    {},
    optional={
        "country": st.sampled_from(["CN", "DE"]),
        "city": st.text(_LETTERS, max_size=10),
        "latitude": st.floats(-90, 90),
        "longitude": st.floats(-180, 180),
        "unknown": st.integers(),
    },
)
_common: dict[str, st.SearchStrategy[Any]] = {"event_id": _ids, "account_id": _ids, "occurred_at": _times}
_activity: dict[str, st.SearchStrategy[Any]] = {
    "ip": st.text(_LETTERS, max_size=64),
    "user_agent": st.text(_LETTERS, max_size=100),
    "device_id": st.text(_LETTERS, max_size=50),
    "place": _places,
    "network": st.fixed_dictionaries(
        {}, optional={"asn": st.integers(0, 2**32), "kind": st.sampled_from(["tor"])}
    ),
    "something_new": st.lists(st.integers(), max_size=2),
}
_GOOD = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("login"), "outcome": st.sampled_from(["success", "failure"]), **_common},
        optional=_activity,
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("transaction"),
            "amount": _money,
            "currency": st.sampled_from(["CNY", "JPY"]),
            **_common,
        },
        optional={"payee_id": _ids, "balance": _money, "status": st.sampled_from(["completed"]), **_activity},
    ),
    st.fixed_dictionaries(
        {"type": st.just("account_change"), "change": st.sampled_from(["phone_change"]), **_common},
        optional=_activity,
    ),
    st.fixed_dictionaries(
        {"type": st.just("label"), "about_event_id": _ids, "verdict": st.sampled_from(["fraud"]), **_common}
    ),
)
#: What only helps is read as far as it can be; no event is refused for it.
_HELPING = {
    "ip", "user_agent", "device_id", "session_id", "place", "network", "device",
    "method", "reason", "payee_id", "category", "balance", "reference", "channel",
}  # fmt: skip
#: Values no member takes, and what a broken sender may put there.
_BAD_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.just(""),
    st.just("x" * 2000),
    st.just(-1),
    st.just(10**18),
    st.just(1.5),
    st.just([]),
    st.just({"latitude": "north"}),
    st.just("2026-01-01T00:00:00"),
    st.just("-5.00"),
    st.just("5,00"),
    st.just("1e5"),
    st.just("cny"),
)


@given(_GOOD)
def test_good_events_pass_both(event: dict[str, Any]) -> None:
    VALIDATOR.validate(event)
    assert decodes(event)


@given(_GOOD, st.data())
def test_the_schema_and_the_decoder_agree_on_broken_events(
    event: dict[str, Any], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(event)))
    if data.draw(st.booleans()):
        event = {**event, name: data.draw(_BAD_VALUES)}
    else:
        event = {member: value for member, value in event.items() if member != name}
    if name in _HELPING:
        assert decodes(event)
    else:
        assert valid(event) == decodes(event)


@given(_GOOD, st.sampled_from(["type", "event_id", "account_id", "occurred_at"]))
def test_what_is_required_is_required_by_both(event: dict[str, Any], name: str) -> None:
    broken = {member: value for member, value in event.items() if member != name}
    assert not valid(broken)
    assert not decodes(broken)


@given(_GOOD)
def test_what_we_write_ourselves_is_valid(event: dict[str, Any]) -> None:
    written = json.loads(to_wire(decode_event(json.dumps(event).encode())))
    VALIDATOR.validate(written)


def test_the_character_that_no_text_may_hold_is_said_and_refused() -> None:
    wire = {
        "type": "label",
        "event_id": "e",
        "account_id": "a\0",
        "occurred_at": 1_700_000_000_000,
        "verdict": "fraud",
    }
    assert not decodes({**wire, "about_event_id": "x"})
    assert "U+0000" in EVENTS["description"]


def test_derived_fields_on_the_wire_are_never_believed() -> None:
    known = b'"event_id":"e","account_id":"a","occurred_at":1700000000000,"amount":"7","currency":"CNY"'
    wire = b'{"type":"transaction",' + known + b',"_at":1,"_value":1}'
    event = decode_event(wire)
    assert isinstance(event, Transaction)
    assert (event.at, event.value) == (1_700_000_000.0, 7.0)
    assert issubclass(Login, Activity)
