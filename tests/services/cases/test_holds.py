"""Freezes and held payments: placed once, ended once, and whoever must know of the end does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from msgspec import json
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from contracts.decisions import Freeze, HoldPayment, RevokeSessions, effect_id
from services.cases.approval_routes import router as approval_router
from services.cases.hold_routes import router
from services.cases.hold_service import HoldService
from services.cases.hold_tables import approvals
from services.cases.repository import keep
from services.cases.tables import outbox
from services.cases.unfreezing import Unfreezing
from services.http import problems
from services.http.api_keys import ApiKeys
from services.platform.database import Database
from tests.services.cases.decided import no_challenges, recorded

NOW = 1_790_000_100.0
DAY_S = 86_400
PATH = "/v1/accounts/li"


def frozen(event_id: str) -> Any:
    return recorded(
        event_id,
        effects=(
            Freeze(effect_id=effect_id("li", event_id, "freeze")),
            RevokeSessions(effect_id=effect_id("li", event_id, "revoke_sessions")),
        ),
    )


def held(event_id: str, due_s: int = DAY_S, **changes: Any) -> Any:
    effect = HoldPayment(
        effect_id=effect_id("li", event_id, "hold_payment"),
        due_s=due_s,
        amount="412.00",
        currency="CNY",
        payee_id="chen-wei-4471",
    )
    return recorded(event_id, effects=(effect,), **changes)


async def carried(database: Database, *records: Any) -> None:
    async with database.begin() as connection:
        await keep(connection, records, no_challenges)


async def sent(database: Database) -> list[dict[str, Any]]:
    async with database.read() as connection:
        rows = await connection.execute(select(outbox.c.payload).order_by(outbox.c.id))
        return [json.decode(row.payload) for row in rows]


async def kinds(database: Database) -> list[str]:
    return [str(each.get("kind") or each["type"]) for each in await sent(database)]


@pytest.fixture
async def app(database: Database) -> AsyncIterator[FastAPI]:
    app = FastAPI()
    problems.install(app)
    app.include_router(router)
    app.include_router(approval_router)
    app.state.holds = HoldService(database, lambda: NOW, Unfreezing(second_person=["unfreeze"]))
    app.state.keys = ApiKeys(database)
    yield app
    await app.state.keys.close()


async def ask(
    app: FastAPI, path: str, who: str = "mei", method: str = "POST", scope: str = "support", **body: Any
) -> httpx.Response:
    text, _ = await app.state.keys.create(who, [scope])
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {text}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://payguard.test", headers=headers
    ) as client:
        return await client.request(method, path, json=body or None)


async def test_a_second_freeze_while_one_stands_tells_the_wallet_nothing(database: Database) -> None:
    await carried(database, frozen("e1"), frozen("e2"))
    await carried(database, frozen("e1"))

    assert (await kinds(database)).count("freeze") == 1


async def test_an_unfreeze_waits_for_a_second_person_who_is_another(app: FastAPI, database: Database) -> None:
    await carried(database, frozen("e1"))
    asked = await ask(app, f"{PATH}/unfreeze", why="factor bound anew")
    (waiting,) = asked.json()["approvals"]
    same = await ask(app, f"/v1/approvals/{waiting['approval_id']}/approve")
    other = await ask(app, f"/v1/approvals/{waiting['approval_id']}/approve", who="bo")

    assert (asked.status_code, same.status_code, other.status_code) == (202, 409, 200)
    assert (await ask(app, f"{PATH}/holds", method="GET")).json()["frozen"] is None
    assert (await kinds(database))[-2:] == ["unfreeze", "settlement"]


async def test_a_request_that_is_refused_leaves_the_freeze(app: FastAPI, database: Database) -> None:
    await carried(database, frozen("e1"))
    (waiting,) = (await ask(app, f"{PATH}/unfreeze", why="he says so")).json()["approvals"]
    refused = await ask(app, f"/v1/approvals/{waiting['approval_id']}/refuse", who="bo")
    late = await ask(app, f"/v1/approvals/{waiting['approval_id']}/approve", who="bo")

    assert (refused.json()["decision"], late.status_code) == ("refused", 404)
    assert (await ask(app, f"{PATH}/holds", method="GET")).json()["frozen"]["event_id"] == "e1"


async def test_asking_twice_is_one_request(app: FastAPI, database: Database) -> None:
    await carried(database, frozen("e1"))
    first = (await ask(app, f"{PATH}/unfreeze", why="a")).json()["approvals"]
    second = (await ask(app, f"{PATH}/unfreeze", who="bo", why="b")).json()["approvals"]

    assert first == second


async def test_the_database_refuses_the_same_person(database: Database) -> None:
    row = {
        "approval_id": "0" * 32, "act": "unfreeze", "subject": "h", "account_id": "li", "asked_by": "key:mei",
        "asked_at": NOW, "expires_at": NOW + 1, "why": "x", "decided_by": "key:mei", "decision": "approved",
    }  # fmt: skip
    with pytest.raises(IntegrityError):
        async with database.begin() as connection:
            await connection.execute(insert(approvals).values(row))


async def test_a_small_team_may_do_without(database: Database) -> None:
    await carried(database, frozen("e1"))
    await HoldService(database, lambda: NOW).unfreeze("li", "key:mei", "spoke to him")

    assert (await HoldService(database, lambda: NOW).of("li")).frozen is None


async def test_an_account_can_be_frozen_again_after_its_release(database: Database) -> None:
    await carried(database, frozen("e1"))
    await HoldService(database, lambda: NOW).unfreeze("li", "key:mei", "x")
    await carried(database, frozen("e1"), frozen("e2"))

    assert (await kinds(database)).count("freeze") == 2
    standing = (await HoldService(database, lambda: NOW).of("li")).frozen
    assert standing is not None
    assert standing.event_id == "e2"


@pytest.mark.parametrize(
    ("act", "state", "action"),
    [("release", "released", "release_payment"), ("cancel", "cancelled", "cancel_payment")],
)
async def test_a_held_payment_ends_once_and_the_wallet_and_the_stream_hear_of_it(
    app: FastAPI, database: Database, act: str, state: str, action: str
) -> None:
    await carried(database, held("e1"))
    waiting = (await ask(app, f"{PATH}/holds", method="GET")).json()["payments"]
    ended = await ask(app, f"{PATH}/payments/e1/{act}", why="the shop is known")
    again = await ask(app, f"{PATH}/payments/e1/{act}", why="again")

    assert [(each["amount"], each["state"]) for each in waiting] == [("412.00", "held")]
    assert (ended.json()["state"], ended.json()["settled_by"], again.status_code) == (state, "key:mei", 409)
    told, settlement = await sent(database)
    assert (told["kind"], told["event_id"]) == (action, "e1")
    assert (settlement["type"], settlement["outcome"], settlement["about_event_id"]) == (
        "settlement",
        state,
        "e1",
    )


async def test_a_payment_that_nobody_settles_is_given_up_in_time(database: Database) -> None:
    await carried(database, held("e1"), held("e2", due_s=9 * DAY_S))
    recorded_at = held("e1").recorded_at
    service = HoldService(database, lambda: recorded_at + DAY_S)

    assert [await service.expire(), await service.expire()] == [1, 0]
    assert await kinds(database) == ["cancel_payment", "settlement"]
    assert [each.event_id for each in (await service.of("li")).payments] == ["e2"]


async def test_a_repeated_decision_does_not_hold_a_settled_payment_again(database: Database) -> None:
    await carried(database, held("e1"))
    service = HoldService(database, lambda: NOW)
    await service.settle("li", "e1", "released", "key:mei", "x")
    await carried(database, held("e1"))

    assert (await service.of("li")).payments == []


@pytest.mark.parametrize("path", ["unfreeze", "payments/e1/release", "payments/e1/cancel"])
async def test_what_does_not_stand_cannot_be_ended(app: FastAPI, path: str) -> None:
    answer = await ask(app, f"{PATH}/{path}", why="x")

    assert (answer.status_code, answer.json()["type"]) == (409, "urn:payguard:problem:not_held")
