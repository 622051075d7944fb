"""A retry that another encoder wrote is the same content: over HTTP an event has one form."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.offered import Offered, read_body
from services.api.producer import MAX_EVENT_BYTES
from services.events.adapters import JSON
from services.events.decode import read_event
from tests.services.api.world import World, a_login

WAIT = "?wait=decision&timeout_s=1"
TEXTS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=12)
NUMBERS = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
PLACES = st.fixed_dictionaries(
    {}, optional={"country": st.sampled_from(["CN", "T1"]), "lat": NUMBERS, "lon": NUMBERS}
)


def offer_of(value: bytes) -> Offered:
    (offer,) = read_body(value, JSON)
    return offer


def anew(member: Any, backwards: bool) -> Any:
    """The same member with the members of its objects in another order."""
    if isinstance(member, dict):
        names = sorted(member, reverse=backwards)
        return {name: anew(member[name], backwards) for name in names}
    return [anew(each, backwards) for each in member] if isinstance(member, list) else member


@given(st.dictionaries(TEXTS, VALUES, max_size=4), st.none() | PLACES, TEXTS)
def test_order_spaces_and_escapes_make_no_other_content_and_no_other_event(
    others: dict[str, Any], place: Any, session: str
) -> None:
    event = {**others, **a_login(session_id=session, geo=place)}
    forms = [
        json.dumps(anew(event, backwards), indent=indent, ensure_ascii=escaped).encode()
        for backwards in (False, True)
        for indent in (None, 2)
        for escaped in (False, True)
    ]
    offers = [offer_of(form) for form in forms]

    assert [None] * len(forms) == [offer.error for offer in offers]
    assert len({offer.value for offer in offers}) == 1
    assert read_event(offers[0].value) == read_event(forms[0])
    assert msgspec.json.decode(offers[0].value) == json.loads(forms[0])


@pytest.mark.parametrize(
    "text", ["1e400", "-1E+999", "1.50", "1e2", "123456789012345678901234567890", "-0.0"]
)
def test_no_number_of_an_unknown_member_loses_its_worth(text: str) -> None:
    value = json.dumps(a_login()).encode().replace(b"{", b'{"z": [%s], ' % text.encode(), 1)
    again = offer_of(value).value

    assert offer_of(again).value == again
    assert json.loads(again) == json.loads(value)


def test_what_has_no_one_form_stays_as_it_came() -> None:
    halves = json.dumps(a_login(z="\ud83d")).encode()
    swelling = json.dumps(a_login(z=[1e15] * 40_000)).replace("1000000000000000.0", "1e15").encode()

    assert len(swelling) < MAX_EVENT_BYTES
    assert [halves, swelling] == [offer_of(value).value for value in (halves, swelling)]


async def test_a_retry_that_was_encoded_anew_is_answered_with_the_first_decision(world: World) -> None:
    event = a_login("e1", user_agent="用户 phone")
    first = await world.post(json.dumps(event).encode(), WAIT)
    again = await world.post(
        json.dumps(anew(event, backwards=True), indent=1, ensure_ascii=False).encode(), WAIT
    )

    assert [200, 200] == [first.status_code, again.status_code]
    assert first.json() == again.json()
    assert len(world.topic.records) == 1


async def test_in_one_body_the_same_event_in_two_forms_is_no_conflict(world: World) -> None:
    event = a_login("e1")
    body = f"[{json.dumps(event)},{json.dumps(anew(event, backwards=True))}]".encode()
    answer = await world.post(body, WAIT)

    assert ["accepted", "accepted"] == [each["status"] for each in answer.json()["results"]]


async def test_a_label_sent_again_in_another_form_is_the_same_label(world: World) -> None:
    label = {"type": "label", "event_id": "l1", "account_id": "a1", "occurred_at": 1_700_000_000_000}
    label |= {"about_event_id": "e1", "verdict": "fraud"}
    key, _ = await world.keys.create("bank", ["label"])
    headers = {"Authorization": f"Bearer {key}"}
    for told in (label, {"source": "me", **anew(label, backwards=True)}):
        answer = await world.client.post("/v1/events", json=told, headers=headers)
        assert 202 == answer.status_code, answer.text

    assert len({record.value for record, _ in world.topic.records}) == 1
