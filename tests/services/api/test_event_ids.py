"""An account's event id is one event: the same content is answered as before, other content is a conflict."""

from __future__ import annotations

import pytest

from contracts.decisions import REUSED, answer_name
from services.platform.metrics import REGISTRY
from tests.services.api.world import CHANNEL, World, a_login, encoded

WAIT = "?wait=decision&timeout_s=1"


async def refuse(world: World, event: dict[str, object]) -> None:
    """What the worker answers to an event whose id it knows with another content."""
    name = answer_name(str(event["account_id"]), str(event["event_id"]), encoded(event))
    await world.stored_replies.deliver([(CHANNEL, name, REUSED)])


async def test_other_content_under_a_known_id_is_409_and_never_the_old_decision(world: World) -> None:
    await world.post(a_login("e1"), WAIT)
    world.worker.asleep = True
    other = a_login("e1", session_id="other")
    await refuse(world, other)
    answer = await world.post(other, WAIT)

    assert (409, "urn:payguard:problem:event_id_reused") == (answer.status_code, answer.json()["type"])
    (result,) = answer.json()["results"]
    assert ("conflict", "event_id_reused", None) == (
        result["status"],
        result["reason"],
        result.get("decision"),
    )


async def test_in_a_batch_the_conflict_is_one_result_and_the_rest_goes_on(world: World) -> None:
    events = [a_login("e1"), a_login("e1", session_id="other"), a_login("e2"), a_login("e1")]
    answer = await world.post(events, WAIT)

    assert answer.status_code == 200
    assert ["accepted", "conflict", "accepted", "accepted"] == [
        each["status"] for each in answer.json()["results"]
    ]
    assert [b"other" in record.value for record, _ in world.topic.records].count(True) == 0


async def test_a_batch_of_nothing_but_a_repeat_with_other_content_sends_the_first(world: World) -> None:
    answer = await world.post([a_login("e1"), a_login("e1", session_id="other")])
    assert (202, 1) == (answer.status_code, len(world.topic.records))


async def test_the_same_content_again_is_the_same_decision(world: World) -> None:
    first = await world.post(a_login("e1"), WAIT)
    again = await world.post(a_login("e1"), WAIT)
    assert first.json() == again.json()


async def test_another_account_s_event_of_the_same_id_is_another_event(world: World) -> None:
    world.worker.asleep = True
    for account in ("a1", "a2"):
        await world.worker.decide("e1", account)
    mine = await world.post(a_login("e1"), WAIT)
    theirs = await world.post(a_login("e1", account_id="a2"), WAIT)

    decided = [each.json()["results"][0]["decision"]["account_id"] for each in (mine, theirs)]
    assert ["a1", "a2"] == decided


async def test_a_decision_is_fetched_by_account_where_two_used_the_id(world: World) -> None:
    await world.worker.decide("e1", "a1")
    alone = await world.client.get("/v1/decisions/e1")
    await world.worker.decide("e1", "a/2")
    unclear = await world.client.get("/v1/decisions/e1")
    named = await world.client.get("/v1/decisions/e1?account_id=a%2F2")
    nobody = await world.client.get("/v1/decisions/e1?account_id=a3")

    assert [200, 409, 200, 404] == [each.status_code for each in (alone, unclear, named, nobody)]
    assert "urn:payguard:problem:event_id_reused" == unclear.json()["type"]
    assert ("a1", "a/2") == (alone.json()["account_id"], named.json()["account_id"])


async def test_a_refusal_is_no_decision_to_fetch(world: World) -> None:
    await refuse(world, a_login("e1"))
    assert 404 == (await world.client.get("/v1/decisions/e1")).status_code


@pytest.mark.parametrize("query", ["", WAIT])
async def test_conflicts_are_counted(world: World, query: str) -> None:
    labels = {"result": "conflict"}
    before = REGISTRY.get_sample_value("payguard_http_events_total", labels) or 0.0
    await world.post([a_login("e1"), a_login("e1", session_id="other")], query)
    assert before + 1 == REGISTRY.get_sample_value("payguard_http_events_total", labels)
