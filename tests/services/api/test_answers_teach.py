"""An answer says what was not read, what is allowed, and what was probably meant."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import Malformed
from contracts.events import EVENT_TYPE_NAMES
from services.api.offered import checked
from services.api.warnings import unknown_fields
from services.events.decode import decode_event
from services.events.fields import choices_of, fields_of, nearest
from tests.services.api.world import World, a_login

PAYMENT = {
    "type": "transaction", "event_id": "e1", "account_id": "a1", "occurred_at": 1_700_000_000_000,
    "amount": "5", "currency": "CNY",
}  # fmt: skip


def said(event: dict[str, Any]) -> list[tuple[str, str]]:
    return [(warning.field, warning.detail) for warning in checked(msgspec.json.encode(event))[1]]


def refusal(event: dict[str, Any]) -> Malformed:
    with pytest.raises(Malformed) as refused:
        decode_event(msgspec.json.encode(event))
    return refused.value


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("device_ID", "device_id"),
        ("deviceId", "device_id"),
        ("DeviceID", "device_id"),
        ("device-id", "device_id"),
        ("user_agnet", "user_agent"),
        ("userAgent", "user_agent"),
        ("sesion_id", "session_id"),
        ("locaton_place", None),
        ("x", None),
        ("_at", None),
    ],
)
def test_a_field_that_is_not_read_is_named_with_the_one_that_was_meant(
    written: str, meant: str | None
) -> None:
    ((field, detail),) = said({**a_login(), written: 1.5})

    assert written == field
    assert detail.startswith(f"`{written}` is not a field of login")
    assert (f"did you mean `{meant}`?" in detail) == (meant is not None)


def test_an_event_as_it_should_be_gets_no_warning() -> None:
    place = {"country": "CN", "latitude": 1.5, "longitude": 2.5}
    assert said(a_login(ip="192.0.2.1", place=place, network={"asn": 1}, device={"kind": "phone"})) == []


def test_the_parts_of_an_event_are_read_as_closely() -> None:
    told = said(a_login(place={"contry": "CN"}, network={"ASN": 5}, device={"maker": "x"}))

    assert ["place.contry", "network.ASN", "device.maker"] == [field for field, _ in told]
    assert "did you mean `country`?" in told[0][1]
    assert "did you mean `asn`?" in told[1][1]
    assert "which has browser, kind, os" in told[2][1]


def test_a_field_of_another_type_of_event_is_unknown_to_this_one() -> None:
    ((field, detail),) = said(a_login(payee_id="p1"))
    assert ("payee_id", "`payee_id` is not a field of login") == (field, detail[:35])


def test_ten_thousand_unknown_fields_are_twenty_warnings() -> None:
    many = {f"x{number}": 1 for number in range(10_000)}
    assert 20 == len(said({**a_login(), **many}))


@given(st.dictionaries(st.text(max_size=200), st.none(), max_size=5))
def test_no_name_breaks_an_answer_or_goes_out_unprintable(extra: dict[str, None]) -> None:
    for warning in unknown_fields({**extra, "place": extra}, "login"):
        assert warning.field.isprintable()
        assert warning.detail.isprintable()
        assert len(warning.detail) < 400


@pytest.mark.parametrize(
    ("event", "path", "allowed", "meant"),
    [
        (a_login(outcome="succes"), "outcome", ("failure", "success"), "success"),
        (a_login(outcome="maybe"), "outcome", ("failure", "success"), None),
        (a_login(outcome=7), "outcome", ("failure", "success"), None),
        (a_login(type="log_in"), "type", EVENT_TYPE_NAMES, "login"),
        (a_login(type="purchase"), "type", EVENT_TYPE_NAMES, None),
        ({**PAYMENT, "kind": "cashout"}, "kind", choices_of("transaction", "kind"), "cash_out"),
        ({**PAYMENT, "status": "done"}, "status", ("completed", "failed", "requested"), None),
    ],
)
def test_a_choice_that_is_none_is_answered_with_what_is_allowed(
    event: dict[str, Any], path: str, allowed: tuple[str, ...], meant: str | None
) -> None:
    detail = refusal(event).detail

    assert f"`$.{path}`" in detail
    assert ", ".join(allowed) in detail
    assert ("did you mean" in detail) == (meant is not None)
    assert meant is None or f"did you mean `{meant}`?" in detail


def test_what_is_no_choice_is_not_repeated_in_the_refusal() -> None:
    assert "6222" not in refusal(a_login(outcome="6222020200112233")).detail


def test_an_unknown_type_keeps_its_reason_and_a_missing_one_is_told_the_types() -> None:
    assert "unknown_type" == refusal(a_login(type="logout")).reason
    assert "user_report, label" in refusal({"event_id": "e"}).detail


def test_every_type_knows_its_own_fields() -> None:
    for name in EVENT_TYPE_NAMES:
        assert {"type", "event_id", "account_id", "occurred_at"} <= fields_of(name)[""]
        assert not [field for field in fields_of(name)[""] if field.startswith("_")]


def test_the_nearest_of_nothing_like_it_is_nothing() -> None:
    assert nearest("zzzz", frozenset({"limit", "cursor"})) is None


async def test_warnings_come_with_the_answer_and_the_event_is_sent_as_it_came(world: World) -> None:
    answer = await world.post([a_login("e1", device_ID="d"), a_login("e2")])

    told = [result.get("warnings") for result in answer.json()["results"]]
    detail = "`device_ID` is not a field of login; did you mean `device_id`?"
    assert [[{"code": "unknown_field", "field": "device_ID", "detail": detail}], None] == told
    assert [b"device_ID" in record.value for record, _ in world.topic.records] == [True, False]


async def test_a_refused_event_is_told_of_the_field_that_was_misspelt(world: World) -> None:
    (result,) = (await world.post({**PAYMENT, "curency": "CNY", "currency": 5})).json()["results"]
    assert ["curency"] == [warning["field"] for warning in result["warnings"]]


@pytest.mark.parametrize(
    "query", ["?wait=decision&timout_s=1", "?dryrun=true", "?Wait=decision", "?x=", "?%0a=1"]
)
async def test_an_unknown_query_parameter_is_400_and_nothing_is_sent(world: World, query: str) -> None:
    answer = await world.post(a_login(), query)

    assert (400, "urn:payguard:problem:unknown_query") == (answer.status_code, answer.json()["type"])
    assert answer.json()["errors"][0]["field"].startswith("query.")
    assert answer.json()["detail"].isprintable()
    assert world.topic.records == []


async def test_every_route_refuses_a_query_parameter_it_does_not_have(world: World) -> None:
    key, _ = await world.keys.create("all", ["admin"])
    document = (await world.client.get("/openapi.json")).json()
    asked = []
    for path, operations in document["paths"].items():
        for method in operations if path.startswith("/v1/") else ():
            target = path.replace("{", "").replace("}", "") + "?limitt=1"
            answer = await world.client.request(
                method, target, headers={"Authorization": f"Bearer {key}"}, json={}
            )
            assert answer.status_code == 400, (method, path)
            asked.append(path)
    assert len(asked) > 15


async def test_a_route_with_parameters_names_the_nearest(world: World) -> None:
    key, _ = await world.keys.create("desk", ["support"])
    answer = await world.client.get("/v1/alerts?severty=high", headers={"Authorization": f"Bearer {key}"})
    assert "did you mean `severity`?" in answer.json()["detail"]


async def test_what_probes_and_scrapers_add_is_left_alone(world: World) -> None:
    assert 200 == (await world.client.get("/healthz?cache=1")).status_code


async def test_a_dry_run_explains_and_sends_nothing(world: World) -> None:
    events = [
        {**PAYMENT, "occurred_at": "2026-01-01T08:00:00+08:00", "deviceId": "d"},
        {"type": "transaction", "event_id": "e2", "occurred_at": 5, "amount": 4.5, "kind": "gift"},
    ]
    answer = await world.post(events, "?dry_run=true")
    good, bad = answer.json()["results"]

    assert (200, []) == (answer.status_code, world.topic.records)
    assert ("valid", "transaction", ["deviceId"]) == (
        good["status"], good["type"], [warning["field"] for warning in good["warnings"]]
    )  # fmt: skip
    assert ("2026-01-01T00:00:00.000+00:00", "5.00") == (
        good["event"]["occurred_at"],
        good["event"]["amount"],
    )
    assert ("malformed", "e2") == (bad["status"], bad["event_id"])
    assert {"account_id", "currency", "amount", "kind"} == {problem["field"] for problem in bad["problems"]}


async def test_a_dry_run_names_a_fault_of_the_event_as_a_whole(world: World) -> None:
    answer = await world.post(
        b"[" + msgspec.json.encode(a_login(account_id="a\nb")) + b",5]", "?dry_run=true"
    )
    reasons = [result["problems"][0]["reason"] for result in answer.json()["results"]]
    assert ["invalid_event", "invalid_event"] == reasons


async def test_a_dry_run_needs_the_same_key_and_a_body_that_can_be_read(world: World) -> None:
    desk, _ = await world.keys.create("desk", ["support"])
    refused = await world.post(a_login(), "?dry_run=true", Authorization=f"Bearer {desk}")
    broken = await world.post(b"[", "?dry_run=true")
    both = await world.post(a_login(), "?dry_run=true&wait=decision")
    unclear = await world.post(a_login(), "?dry_run=yes")
    assert [403, 400, 400, 400] == [each.status_code for each in (refused, broken, both, unclear)]


async def test_a_dry_run_of_false_sends(world: World) -> None:
    assert 202 == (await world.post(a_login(), "?dry_run=false")).status_code
    assert 1 == len(world.topic.records)
