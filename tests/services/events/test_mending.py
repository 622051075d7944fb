"""No field that only helps makes an event be refused: it is read as far as it can be, cut, or left out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import Malformed
from contracts.events import Activity, Device, Network, Place, Transaction
from services.events.decode import decode_event, read_event
from tests.services.events.wire import members

LOGIN, PAYMENT = members("login", event_id="e"), members("transaction")
HELPING = ("ip", "user_agent", "device_id", "session_id", "place", "network", "device")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


def read(event: dict[str, Any], **fields: Any) -> tuple[Any, list[str]]:
    found, mended = read_event(json.dumps({**event, **fields}).encode())
    return found, [each.state for each in mended]


@pytest.mark.parametrize(
    ("sent", "place"),
    [
        ({"country": "T1"}, None),
        ({"country": "XX"}, None),
        ({"country": ""}, None),
        ({"country": "cn"}, Place("CN")),
        ({"country": "China"}, Place("CN")),
        ({"country": "中国"}, Place("CN")),
        ({"country": "United Kingdom"}, Place("GB")),
        ({"country": "Atlantis", "latitude": 1.5, "longitude": 2}, Place(None, None, 1.5, 2.0)),
        ({"country": "CN", "latitude": "22.5", "longitude": "114"}, Place("CN", None, 22.5, 114.0)),
        ({"country": "CN", "latitude": "north", "longitude": 114}, Place("CN")),
        ({"country": "xk", "latitude": 91, "longitude": 0}, Place("XK")),
        (
            {"country": 156, "city": "Shenzhen", "latitude": 22, "longitude": 114},
            Place(None, "Shenzhen", 22.0, 114.0),
        ),
        ({"country": "CN", "accuracy_km": None, "city": 5}, Place("CN")),
        ({"country": "CN", "latitude": True, "longitude": 0}, Place("CN")),
        ("CN", Place("CN")),
        ("somewhere", None),
        (5, None),
        ([], None),
    ],
)
def test_a_place_is_what_can_be_read_of_it(sent: Any, place: Place | None) -> None:
    event, states = read(LOGIN, place=sent)
    assert event.place == place
    assert states == ["place_malformed"]


def test_a_number_beyond_floats_costs_the_coordinates_alone() -> None:
    value = json.dumps({**LOGIN, "place": {"country": "CN", "latitude": 7, "longitude": 7}}).replace(
        ": 7", ": 1e400"
    )
    event, mended = read_event(value.encode())
    assert isinstance(event, Activity)
    assert event.place == Place("CN")
    assert [each.state for each in mended] == ["place_malformed"]


@pytest.mark.parametrize(
    ("sent", "network"),
    [
        ({"asn": "AS64500"}, Network(64500)),
        ({"asn": "64500", "kind": "Mobile"}, Network(64500, None, "mobile")),
        ({"asn": "none", "name": "Net"}, Network(None, "Net")),
        ({"kind": "broadband", "asn": 64500}, Network(64500)),
        ("Example Net", None),
        ([64500], None),
    ],
)
def test_a_network_is_what_can_be_read_of_it(sent: Any, network: Network | None) -> None:
    event, states = read(LOGIN, network=sent)
    assert event.network == network
    assert states == ["network_malformed"]


@pytest.mark.parametrize(
    ("sent", "device"),
    [({"kind": "iPhone", "os": "iOS"}, Device("unknown", "iOS")), ({"os": 18}, None), ("iPhone", None)],
)
def test_a_device_is_what_can_be_read_of_it(sent: Any, device: Device | None) -> None:
    event, states = read(LOGIN, device=sent)
    assert event.device == device
    assert states == ["device_malformed"]


@pytest.mark.parametrize(
    ("base", "name", "longest"),
    [(LOGIN, "user_agent", 1024), (LOGIN, "session_id", 256), (PAYMENT, "category", 64), (LOGIN, "ip", 64)],
)
def test_what_is_too_long_is_cut_and_not_refused(base: dict[str, Any], name: str, longest: int) -> None:
    event, states = read(base, **{name: "x" * 5000})
    assert len(getattr(event, name)) == longest
    assert states in (["field_malformed"], [""])


@pytest.mark.parametrize("name", ["device_id", "payee_id", "session_id"])
def test_two_long_ids_never_become_one(name: str) -> None:
    one, _ = read(PAYMENT, **{name: "x" * 5000 + "1"})
    other, _ = read(PAYMENT, **{name: "x" * 5000 + "2"})
    again, _ = read(PAYMENT, **{name: "x" * 5000 + "1"})
    assert getattr(one, name) == getattr(again, name) != getattr(other, name)


def test_an_id_that_is_a_number_or_an_object_still_tells_things_apart() -> None:
    assert read(PAYMENT, payee_id=5)[0].payee_id == "5"
    one, other = (read(PAYMENT, device_id={"id": number})[0].device_id for number in (1, 2))
    assert one != other


def test_a_list_of_hops_that_is_too_long_names_its_client() -> None:
    event, _ = read(LOGIN, ip="10.0.0.1, 192.0.2.7, " + "198.51.100.1, " * 20)
    assert event.ip == "192.0.2.7"
    assert read(LOGIN, ip=["192.0.2.7", "10.0.0.1"])[0].ip == "192.0.2.7, 10.0.0.1"


def test_half_a_character_costs_the_character_alone() -> None:
    event, states = read(LOGIN, user_agent="a\ud800b")
    assert event.user_agent == "a\ufffdb"
    assert states == ["field_malformed"]


def test_a_balance_that_is_no_amount_is_left_out() -> None:
    event, states = read(PAYMENT, balance="much")
    assert isinstance(event, Transaction)
    assert event.balance is None
    assert states == ["field_malformed"]


@pytest.mark.parametrize(
    "wrong",
    [{"event_id": 5}, {"outcome": "perhaps"}, {"occurred_at": 5}, {"account_id": "\ud800"}, {"type": None}],
)
def test_what_an_event_must_have_is_refused_as_ever(wrong: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        read({**LOGIN, "place": 5}, **wrong)


@given(st.sampled_from(HELPING), ANYTHING)
def test_no_value_of_a_helping_field_refuses_the_event(name: str, value: Any) -> None:
    if "\\u0000" not in json.dumps(value):
        assert read(LOGIN, **{name: value})[0].event_id == "e"


@pytest.mark.parametrize("marks", [1, 2])
def test_a_byte_order_mark_is_skipped(marks: int) -> None:
    assert decode_event(b"\xef\xbb\xbf" * marks + json.dumps(LOGIN).encode()).event_id == "e"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_refused_by_its_name(encoding: str) -> None:
    with pytest.raises(Malformed, match="UTF-16") as refused:
        decode_event(json.dumps(LOGIN).encode(encoding))
    assert refused.value.reason == "not_utf8"


@pytest.mark.parametrize(
    ("when", "word"),
    [
        (0, "seconds"),
        (1_790_000_000, "looks like seconds"),
        (1_790_000_000_000_000, "microseconds"),
        (1_790_000_000_000_000_000, "nanoseconds"),
        (10**400, "too large"),
        (-1, "1970"),
    ],
)
@pytest.mark.parametrize("name", ["occurred_at", "about_occurred_at"])
def test_a_time_in_another_unit_is_refused_with_the_unit(when: int, word: str, name: str) -> None:
    label = json.dumps(members("label", **{name: when}))
    with pytest.raises(Malformed, match=word) as refused:
        decode_event(label.encode())
    assert name in refused.value.detail
    assert "milliseconds" in refused.value.detail


@given(st.integers(10**11, 10**14 - 1))
def test_milliseconds_are_read(when: int) -> None:
    assert decode_event(json.dumps({**LOGIN, "occurred_at": when}).encode()).at == when / 1000
