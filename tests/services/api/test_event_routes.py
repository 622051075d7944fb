"""Events over HTTP are answered one by one, after the broker has them; decisions come back to who waits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from contracts.decisions import Counterfactual, Decision
from contracts.errors import Overloaded
from services.api.producer import Headers, Outgoing
from tests.services.api.test_offered import GOOD, HOSTILE
from tests.services.api.world import CHANNEL, World, a_login, encoded


def statuses(answer: httpx.Response) -> list[str]:
    return [result["status"] for result in answer.json()["results"]]


async def test_an_event_is_accepted_and_forwarded(world: World) -> None:
    body = b'{"type":"login","event_id":"e1","account_id":"a1","occurred_at":1700000000000,"outcome":"success","reason":"1.50"}'
    answer = await world.post(body)

    assert answer.status_code == 202
    assert answer.json() == {
        "results": [
            {"index": 0, "event_id": "e1", "status": "accepted", "decision_url": "/v1/decisions/e1"},
        ]
    }
    assert world.topic.records == [(Outgoing("a1", body), [("reply-to", CHANNEL.encode())])]


async def test_a_bad_event_is_named_and_the_rest_of_the_batch_goes_on(world: World) -> None:
    answer = await world.post([a_login("e1"), a_login("e2", outcome="maybe"), a_login("e3")])

    assert answer.status_code == 202
    assert statuses(answer) == ["accepted", "malformed", "accepted"]
    refused = answer.json()["results"][1]
    assert (refused["event_id"], refused["reason"]) == ("e2", "invalid_event")
    assert "$.outcome" in refused["detail"]
    assert [record.value for record, _ in world.topic.records] == [
        encoded(a_login("e1")),
        encoded(a_login("e3")),
    ]


async def test_lines_of_json_are_events(world: World) -> None:
    body = b"\n".join([GOOD, b"rubbish", GOOD.replace(b"e1", b"e2")])
    answer = await world.post(body, content_type="application/x-ndjson; charset=utf-8")
    assert (answer.status_code, statuses(answer)) == (202, ["accepted", "malformed", "accepted"])


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_input_is_a_clear_400_and_never_a_500(world: World, name: str) -> None:
    for body in (HOSTILE[name][0], b"[" + HOSTILE[name][0] + b"]"):
        answer = await world.post(body)
        assert answer.status_code == 400, answer.text
        problem = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert problem["status"] == 400
        assert problem["detail"]
        assert problem["request_id"] == answer.headers["x-request-id"]
    assert world.topic.records == []


async def test_a_thousand_events_are_taken_and_one_more_is_not(world: World) -> None:
    taken = await world.post([a_login(f"e{n}") for n in range(1000)])
    refused = await world.post([a_login(f"e{n}") for n in range(1001)])

    assert (taken.status_code, set(statuses(taken))) == (202, {"accepted"})
    assert (refused.status_code, refused.json()["type"]) == (400, "urn:payguard:problem:too_many_events")


async def test_a_body_over_the_limit_is_413_however_long_it_claims_to_be(world: World) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 100_000

    honest = await world.post(b" " * 1_000_001)
    chunked = await world.client.post(
        "/v1/events", content=chunks(), headers={"content-type": "application/json"}
    )
    lying = await world.post(b" " * 1_000_001, content_length="10")

    assert [answer.status_code for answer in (honest, chunked, lying)] == [413, 413, 413]
    assert honest.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "headers",
    [{"content_type": "text/plain"}, {"content_type": ""}, {"content_encoding": "gzip"}],
)
async def test_other_content_is_415(world: World, headers: dict[str, str]) -> None:
    assert (await world.post(GOOD, **headers)).status_code == 415


async def test_with_the_broker_away_the_answer_is_503_and_says_to_repeat(world: World) -> None:
    world.topic.away = True
    answer = await world.post([a_login("e1"), {}])

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert statuses(answer) == ["unavailable", "malformed"]


async def test_too_much_at_once_is_429(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(_events: list[Outgoing], _headers: Headers) -> list[bool]:
        raise Overloaded("too many events are waiting for the broker")

    monkeypatch.setattr(world.topic, "publish", full)
    answer = await world.post(GOOD)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")


async def test_bodies_being_read_are_bounded_together(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.api.event_routes.MAX_BODIES_BYTES", 50)
    first = await world.post(GOOD)
    monkeypatch.setattr("services.api.event_routes.MAX_BODIES_BYTES", 1_000)
    second = await world.post(GOOD)
    assert (first.status_code, second.status_code) == (429, 202)


async def test_waiting_answers_the_decision(world: World) -> None:
    answer = await world.post(GOOD, "?wait=decision")

    assert answer.status_code == 200
    decision = answer.json()["results"][0]["decision"]
    assert (decision["event_id"], decision["action"]) == ("e1", "allow")


async def test_a_batch_waits_for_all_its_decisions(world: World) -> None:
    answer = await world.post([a_login("e1"), {}, a_login("e2"), a_login("e1")], "?wait=decision")

    assert answer.status_code == 200
    shown = [result.get("decision", {}).get("event_id") for result in answer.json()["results"]]
    assert shown == ["e1", None, "e2", "e1"]


async def test_a_slow_decision_is_202_with_the_address_to_fetch_it_at(world: World) -> None:
    world.worker.asleep = True
    answer = await world.post(a_login("e/1 ü"), "?wait=decision&timeout_s=0.05")
    url = answer.json()["results"][0]["decision_url"]
    pending = await world.client.get(url)
    await world.worker.decide("e/1 ü")
    fetched = await world.client.get(url)

    assert (answer.status_code, pending.status_code, fetched.status_code) == (202, 404, 200)
    assert pending.json()["type"] == "urn:payguard:problem:no_decision"
    assert fetched.json()["event_id"] == "e/1 ü"


async def test_a_decision_that_comes_while_waiting_wakes_the_waiter(world: World) -> None:
    world.worker.asleep = True
    waiting = [asyncio.create_task(world.post(GOOD, "?wait=decision&timeout_s=10")) for _ in range(3)]
    for _ in waiting:
        await world.worker.arrivals.acquire()
    await world.worker.decide("e1")
    answers = await asyncio.gather(*waiting)
    assert [answer.status_code for answer in answers] == [200, 200, 200]


async def test_a_repeated_event_is_answered_from_the_decision_already_made(world: World) -> None:
    await world.post(GOOD, "?wait=decision")
    again = await world.post(GOOD, "?wait=decision")

    assert again.status_code == 200
    assert again.json()["results"][0]["decision"]["event_id"] == "e1"
    assert len(world.topic.records) == 1


async def test_a_repeat_whose_first_copy_waits_elsewhere_is_found_in_the_stored_replies(world: World) -> None:
    world.worker.asleep = True
    waiting = asyncio.create_task(world.post(GOOD, "?wait=decision&timeout_s=10"))
    await world.worker.arrivals.acquire()
    await world.worker.decide("e1", channel="another-process")
    assert (await waiting).status_code == 200


async def test_another_accounts_decision_is_never_shown(world: World) -> None:
    world.worker.asleep = True
    await world.worker.decide("e1", account_id="somebody-else")
    answer = await world.post(GOOD, "?wait=decision&timeout_s=0.05")
    assert answer.status_code == 202
    assert "decision" not in answer.json()["results"][0]


async def test_nobody_waits_for_what_the_broker_did_not_take(world: World) -> None:
    world.topic.away = True
    async with asyncio.timeout(8):
        answer = await world.post(GOOD, "?wait=decision&timeout_s=10")
    assert answer.status_code == 503


async def test_waiters_are_forgotten(world: World) -> None:
    world.worker.asleep = True
    await world.post([a_login(f"e{n}") for n in range(50)], "?wait=decision&timeout_s=0.01")
    assert world.app.state.resources.replies._waiting == {}


@pytest.mark.parametrize(
    "query", ["?wait=forever", "?wait=decision&timeout_s=11", "?timeout_s=x", "?timeout_s=nan"]
)
async def test_an_unknown_question_is_400(world: World, query: str) -> None:
    answer = await world.post(GOOD, query)
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:payguard:problem:invalid_request")


async def test_the_trace_context_goes_with_the_event(world: World) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    await world.post(GOOD, traceparent=trace)
    await world.post(GOOD, traceparent="rubbish\tfrom outside")
    assert [dict(headers).get("traceparent") for _, headers in world.topic.records] == [trace.encode(), None]


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
async def test_a_decision_is_explained_on_request(world: World, locale: str) -> None:
    await world.worker.decide("e1")
    answer = (await world.client.get(f"/v1/decisions/e1?explain={locale}")).json()
    assert answer["event_id"] == "e1"
    assert len(answer["sentences"]) == 1
    assert answer["sentences"][0] != "learning"


async def test_only_support_reads_what_would_have_passed(world: World) -> None:
    passing = (Counterfactual(change="known_device", action="allow"),)
    decision = Decision(
        event_id="e1", account_id="a1", type="login", at=1.0, risk=0.5, score=60, action="challenge",
        policy_version="test", counterfactuals=passing,
    )  # fmt: skip
    await world.stored_replies.deliver([("", "e1", msgspec.json.encode(decision))])
    support, _ = await world.keys.create("desk", ["support"])

    wallet = await world.client.get("/v1/decisions/e1?explain=en")
    desk = await world.client.get(
        "/v1/decisions/e1?explain=en", headers={"Authorization": f"Bearer {support}"}
    )

    assert wallet.json()["sentences"] == []
    assert desk.json()["sentences"] == ["It would have passed from a known device."]


async def test_an_unknown_language_is_400(world: World) -> None:
    await world.worker.decide("e1")
    assert (await world.client.get("/v1/decisions/e1?explain=xx")).status_code == 400


async def test_no_personal_data_reaches_the_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret: dict[str, Any] = {"ip": "192.0.2.77", "device_id": "dev-private", "account_id": "acc-private"}
    world.topic.away = True
    await world.post([a_login("ev-private", **secret), a_login("ev-private", outcome="acc-private")])
    await world.client.get("/v1/decisions/ev-private")
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("services")]
    assert ours
    assert not [line for line in ours if "private" in line or "192.0.2.77" in line]
