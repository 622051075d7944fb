"""A wallet that sends a held payment again learns how it was settled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from contracts.decisions import Decision, HoldPayment, answer_name, effect_id
from services.cases.hold_service import HoldService
from services.cases.repository import Recorded, keep
from services.platform.database import Database
from tests.services.api.world import CHANNEL, World, encoded
from tests.services.cases.decided import no_challenges

WAIT = "?wait=decision&timeout_s=0.05"
PAYMENT: dict[str, Any] = {
    "type": "transaction",
    "event_id": "p1",
    "account_id": "a1",
    "occurred_at": 1_700_000_000_000,
    "amount": "900",
    "currency": "CNY",
    "payee_id": "chen",
}
DECISION = Decision(
    event_id="p1",
    account_id="a1",
    type="transaction",
    at=1_700_000_000.0,
    risk=0.9,
    score=90,
    action="hold",
    policy_version="test",
    effects=(
        HoldPayment(
            effect_id=effect_id("a1", "p1", "hold_payment"),
            due_s=86_400,
            amount="900.00",
            currency="CNY",
            payee_id="chen",
        ),
    ),
)


@pytest.fixture(autouse=True)
def asleep(world: World) -> None:
    """The worker answers nothing: a repeat is answered from what is kept."""
    world.worker.asleep = True


async def noted(world: World, decision: Decision = DECISION) -> None:
    async with world.database.begin() as connection:
        record = Recorded(decision, msgspec.json.encode(decision), decision.at)
        await keep(connection, [record], no_challenges)


async def kept(world: World) -> None:
    """As the worker leaves the answer for an hour."""
    name = answer_name("a1", "p1", encoded(PAYMENT))
    await world.stored_replies.deliver([(CHANNEL, name, msgspec.json.encode(DECISION))])


def the_holds(database: Database) -> HoldService:
    return HoldService(database, lambda: 1_700_000_100.0)


@pytest.mark.parametrize("outcome", ["released", "cancelled"])
async def test_a_repeat_within_the_hour_says_how_the_payment_ended(world: World, outcome: Any) -> None:
    await noted(world)
    await kept(world)
    await the_holds(world.database).settle("a1", "p1", outcome, "key:mei", "spoke to him")
    answer = await world.post(PAYMENT, WAIT)

    decision = answer.json()["results"][0]["decision"]
    assert (answer.status_code, decision["action"]) == (200, "hold")
    assert (decision["settlement"]["state"], decision["settlement"]["settled_by"]) == (outcome, "key:mei")
    assert world.topic.records == []


async def test_a_repeat_is_answered_as_the_decision_is_when_asked_for(world: World) -> None:
    await noted(world)
    await kept(world)
    repeated = (await world.post(PAYMENT, WAIT)).json()["results"][0]["decision"]
    asked = (await world.client.get("/v1/decisions/p1")).json()

    assert repeated == asked
    assert repeated["settlement"]["state"] == "held"


async def test_a_repeat_a_day_later_finds_the_recorded_decision(world: World) -> None:
    await noted(world)
    await the_holds(world.database).settle("a1", "p1", "released", "key:mei", "spoke to him")
    answer = await world.post(PAYMENT, WAIT)

    result = answer.json()["results"][0]
    assert (answer.status_code, result.get("decision_url")) == (200, None)
    assert result["decision"]["settlement"]["state"] == "released"


@pytest.mark.parametrize(
    "other", [{"amount": "900.01"}, {"payee_id": "wu"}, {"currency": "JPY"}, {"account_id": "a2"}]
)
async def test_another_payment_under_the_same_id_is_not_answered_with_its_decision(
    world: World, other: dict[str, Any]
) -> None:
    await noted(world)
    answer = await world.post(PAYMENT | other, WAIT)

    assert answer.status_code == 202
    assert "decision" not in answer.json()["results"][0]


async def test_before_its_hold_is_noted_the_settlement_is_null(world: World) -> None:
    await kept(world)
    decision = (await world.post(PAYMENT, WAIT)).json()["results"][0]["decision"]

    assert (decision["action"], decision["settlement"]) == ("hold", None)


async def test_with_the_database_away_the_decision_is_answered_all_the_same(
    world: World, tmp_path: Path
) -> None:
    await kept(world)
    away = Database(f"sqlite:///{tmp_path}/nowhere/away.db")
    world.app.state.holds = the_holds(away)
    decision = (await world.post(PAYMENT, WAIT)).json()["results"][0]["decision"]
    await away.close()

    assert decision == msgspec.json.decode(msgspec.json.encode(DECISION))


async def test_many_are_answered_in_one_body(world: World) -> None:
    await noted(world)
    others = [PAYMENT | {"event_id": f"n{number}"} for number in range(20)]
    answer = await world.post([*others[:10], PAYMENT, *others[10:]], WAIT)

    decided = [each["event_id"] for each in answer.json()["results"] if "decision" in each]
    assert (answer.status_code, decided) == (202, ["p1"])


async def test_without_waiting_nothing_is_looked_up(world: World) -> None:
    await noted(world)
    answer = await world.post(PAYMENT)

    assert answer.status_code == 202
    assert answer.json()["results"][0]["decision_url"] == "/v1/decisions/p1"
