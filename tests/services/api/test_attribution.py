"""Whose word an event over HTTP is: scopes apart, the source of a label, and the MAC that PayGuard adds."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from contracts.errors import Malformed
from contracts.topics import HEADER_MAC
from services.http.api_keys import SCOPES
from tests.services.api.world import World, a_login

REPORT = a_login(type="user_report", about_event_id="x", verdict="was_me")
LABEL = a_login(type="label", about_event_id="x", verdict="fraud")
PAYMENT = a_login(type="transaction", amount="1.00", currency="CNY")
CHANGE = a_login(type="account_change", change="email_change")
NEEDS = [(a_login(), "ingest"), (PAYMENT, "ingest"), (CHANGE, "ingest"), (REPORT, "report"), (LABEL, "label")]


async def post(
    world: World, events: object, *scopes: str, name: str = "wallet"
) -> tuple[int, list[dict[str, Any]]]:
    text, _ = await world.keys.create(name, scopes)
    answer = await world.client.post("/v1/events", json=events, headers={"Authorization": f"Bearer {text}"})
    return answer.status_code, answer.json().get("results", [])


@pytest.mark.parametrize(("event", "scope"), NEEDS)
@pytest.mark.parametrize("given", SCOPES)
async def test_each_kind_of_event_needs_its_own_scope(
    world: World, event: dict[str, object], scope: str, given: str
) -> None:
    code, _ = await post(world, event, given)

    assert code == (202 if given in (scope, "admin") else 403)
    assert len(world.topic.records) == (code == 202)


async def test_of_a_mixed_body_only_what_the_key_may_say_is_sent(world: World) -> None:
    events = [a_login("e1"), REPORT | {"event_id": "e2"}, LABEL | {"event_id": "e3"}]

    code, results = await post(world, events, "ingest", "report")

    assert code == 202
    assert [(one["status"], one.get("reason")) for one in results] == [
        ("accepted", None),
        ("accepted", None),
        ("malformed", "forbidden"),
    ]
    assert "scope label" in results[2]["detail"]


async def test_a_label_carries_the_key_s_name_as_its_source_and_keeps_its_other_fields(world: World) -> None:
    code, _ = await post(world, LABEL | {"payee_id": "p", "note": 1.5}, "label", name="chargebacks")
    sent = msgspec.json.decode(world.topic.records[0][0].value)

    assert code == 202
    assert sent == LABEL | {"payee_id": "p", "note": 1.5, "source": "key:chargebacks"}


async def test_a_source_that_somebody_wrote_is_replaced_and_said(world: World) -> None:
    code, results = await post(world, LABEL | {"source": "chargeback"}, "label")

    assert code == 202
    assert msgspec.json.decode(world.topic.records[0][0].value)["source"] == "key:wallet"
    assert "source_replaced" in [warning["code"] for warning in results[0]["warnings"]]


@pytest.mark.parametrize("scope", ["label", "admin"])
async def test_support_as_a_source_cannot_come_from_outside(world: World, scope: str) -> None:
    code, results = await post(world, LABEL | {"source": "support"}, scope)

    assert (code, results[0]["reason"]) == (400, "not_offered")
    assert world.topic.records == []


async def test_a_key_named_support_does_not_speak_as_the_desk(world: World) -> None:
    await post(world, LABEL, "label", name="support")

    assert msgspec.json.decode(world.topic.records[0][0].value)["source"] == "key:support"


@pytest.mark.parametrize(
    "change", ["totp_enrolled", "totp_removed", "recovery_codes_made", "recovery_code_used"]
)
@pytest.mark.parametrize("scope", ["ingest", "admin"])
async def test_no_key_says_that_a_factor_changed(world: World, change: str, scope: str) -> None:
    code, results = await post(world, CHANGE | {"change": change}, scope)

    assert (code, results[0]["reason"]) == (400, "not_offered")
    assert "PayGuard's own second factor" in results[0]["detail"]


async def test_reports_and_labels_leave_under_payguard_s_mac_and_activity_without(world: World) -> None:
    await post(world, [a_login("e1"), REPORT | {"event_id": "e2"}, LABEL | {"event_id": "e3"}], "admin")

    assert [[name for name, _ in event.headers] for event, _ in world.topic.records] == [
        [],
        [HEADER_MAC],
        [HEADER_MAC],
    ]


async def test_a_key_is_limited_and_never_gains(world: World) -> None:
    text, made = await world.keys.create("wallet", ["ingest", "label"])
    limited = await world.keys.limit(made.key_id, ["ingest"], "cli:mei")
    opened = await world.keys.check(text)

    assert limited is not None
    assert opened is not None
    assert opened.scopes == limited.scopes == {"ingest"}
    with pytest.raises(Malformed):
        await world.keys.limit(made.key_id, ["ingest", "label"])
    with pytest.raises(Malformed):
        await world.keys.limit(made.key_id, [])
    assert await world.keys.limit("0" * 12, ["ingest"]) is None
