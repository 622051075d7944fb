"""The answer says what of an event was not read as it was sent."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from contracts.errors import Malformed
from services.api.offered import checked, read_body
from services.events.adapters import ADAPTERS, JSON, Adapter
from tests.services.api.world import World, a_login


def told(**fields: Any) -> list[tuple[str, str]]:
    return [(each.code, each.field) for each in checked(msgspec.json.encode(a_login(**fields)))[1]]


@pytest.mark.parametrize(
    ("fields", "warned"),
    [
        ({"ip": "192.0.2.7:443"}, []),
        ({"ip": "10.0.0.1"}, [("address_not_public", "ip")]),
        ({"ip": "nowhere"}, [("address_malformed", "ip")]),
        ({"device_id": "unknown"}, [("device_placeholder", "device_id")]),
        ({"device_id": "d" * 300}, [("field_cut", "device_id")]),
        ({"user_agent": "x" * 2000}, [("field_cut", "user_agent")]),
        ({"place": {"country": "T1"}}, [("field_dropped", "place")]),
        ({"place": {"country": "cn"}}, [("field_mended", "place")]),
        ({"place": {"country": "CN", "latitude": 91.0, "longitude": 0.0}}, [("place_malformed", "place")]),
        ({"network": 5, "device": 5}, [("field_dropped", "network"), ("field_dropped", "device")]),
    ],
)
def test_what_was_not_read_is_warned_of(fields: dict[str, Any], warned: list[tuple[str, str]]) -> None:
    assert told(**fields) == warned


async def test_one_bad_event_of_ten_leaves_nine_accepted(world: World) -> None:
    events = [a_login(f"e{number}") for number in range(9)]
    huge = msgspec.json.encode(a_login("huge")).replace(b"1700000000000", b"9" * 400)
    body = b"[" + b",".join([*map(msgspec.json.encode, events), huge]) + b"]"

    answer = await world.post(body)

    assert answer.status_code == 202
    assert [result["status"] for result in answer.json()["results"]] == ["accepted"] * 9 + ["malformed"]


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.media_type)
def test_a_byte_order_mark_before_a_body_is_skipped(adapter: Adapter) -> None:
    event = msgspec.json.encode(a_login())
    (offer,) = read_body(b"\xef\xbb\xbf" + event, adapter)
    assert (offer.error, offer.value) == (None, event)


def test_a_body_in_utf_16_is_refused_by_its_name() -> None:
    with pytest.raises(Malformed, match="UTF-16"):
        read_body(msgspec.json.encode([a_login()]).decode().encode("utf-16"), JSON)
