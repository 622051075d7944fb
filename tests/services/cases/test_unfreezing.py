"""What must be done before a freeze ends, who must agree, and that whoever asked hears of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.repository import ActivityStore
from services.activity.rows import Row
from services.audit import audit_log
from services.cases import approvals, holds
from services.cases.approval_routes import router as approval_router
from services.cases.approvals import ActRule, Approval, NothingLeft
from services.cases.hold_routes import router
from services.cases.hold_service import HoldService
from services.cases.unfreezing import Unfreezing
from services.http import problems
from services.http.api_keys import ApiKey, ApiKeys
from services.platform.database import Database
from tests.services.cases.test_holds import NOW, PATH, ask, carried, frozen, held, kinds

PLACED_AT = frozen("e1").recorded_at


class Clock:
    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> float:
        return self.at


class Codes:
    """When each account last gave a code."""

    def __init__(self) -> None:
        self.given: dict[str, float] = {}

    async def __call__(self, _connection: AsyncConnection, account_id: str, since: float) -> float | None:
        at = self.given.get(account_id)
        return at if at is not None and at >= since else None


class Resets:
    """An act of another room: what was decided about it."""

    def __init__(self) -> None:
        self.done: list[str] = []

    async def does(self, _connection: AsyncConnection, approval: Approval, by: ApiKey, _now: float) -> None:
        if approval.subject == "gone":
            raise NothingLeft("it is gone")
        self.done.append(f"{approval.subject} by {by.actor}")

    async def undoes(
        self, _connection: AsyncConnection, approval: Approval, _by: ApiKey, _now: float
    ) -> None:
        self.done.append(f"not {approval.subject}")


@pytest.fixture
async def app(database: Database) -> AsyncIterator[FastAPI]:
    app = FastAPI()
    problems.install(app)
    app.include_router(router)
    app.include_router(approval_router)
    app.state.clock, app.state.codes, app.state.resets = Clock(), Codes(), Resets()
    unfreezing = Unfreezing(["password", "factor"], {"factor": app.state.codes}, ["unfreeze"])
    rule = ActRule(app.state.resets.does, app.state.resets.undoes, scope="admin")
    app.state.holds = HoldService(database, app.state.clock, unfreezing, {"factor_reset": rule})
    app.state.keys = ApiKeys(database)
    yield app
    await app.state.keys.close()


async def changed(database: Database, change: str, at: float) -> None:
    """Write what the wallet told of the account."""
    day: date = datetime.fromtimestamp(at, UTC).date()
    row = Row("access", day, "li", f"{change}-{at}", at, "account_change", change)
    await ActivityStore(database, {"money": 400, "access": 180}, lambda: at).write([row])


async def asked(app: FastAPI, who: str = "mei") -> Approval:
    """Have the freeze's end asked for once its steps are done."""
    app.state.codes.given["li"] = NOW
    answer = await ask(app, f"{PATH}/unfreeze", who=who, why="spoke to him")
    assert answer.status_code == 202, answer.text
    found: Approval = (await app.state.holds.approvals())[0]
    return found


async def test_an_unfreeze_is_refused_with_the_steps_that_are_missing(
    app: FastAPI, database: Database
) -> None:
    await carried(database, frozen("e1"))
    await changed(database, "password_change", PLACED_AT - 60.0)
    app.state.codes.given["li"] = PLACED_AT - 60.0
    shown = (await ask(app, f"{PATH}/holds", method="GET")).json()["frozen"]
    refused = await ask(app, f"{PATH}/unfreeze", why="he asks")

    assert shown["missing"] == ["factor", "password"]
    assert [(each["step"], each["done_at"]) for each in shown["steps"]] == [
        ("factor", None),
        ("password", None),
    ]
    assert (refused.status_code, refused.json()["missing"]) == (409, ["factor", "password"])
    assert refused.json()["type"] == "urn:payguard:problem:steps_missing"
    assert "unfreeze" not in await kinds(database)


@pytest.mark.parametrize("change", ["password_change", "password_reset"])
async def test_what_was_done_since_the_freeze_counts(app: FastAPI, database: Database, change: str) -> None:
    await carried(database, frozen("e1"))
    await changed(database, change, PLACED_AT + 60.0)
    half = await ask(app, f"{PATH}/unfreeze", why="he asks")
    app.state.codes.given["li"] = PLACED_AT + 90.0
    whole = await ask(app, f"{PATH}/unfreeze", why="he asks")

    assert half.json()["missing"] == ["factor"]
    assert whole.status_code == 202
    assert whole.json()["frozen"]["missing"] == []


@pytest.mark.parametrize("change", ["email_change", "limit_raise", "device_removed"])
async def test_another_change_is_no_new_password(app: FastAPI, database: Database, change: str) -> None:
    await carried(database, frozen("e1"))
    app.state.codes.given["li"] = NOW
    await changed(database, change, PLACED_AT + 60.0)

    assert (await ask(app, f"{PATH}/unfreeze", why="x")).json()["missing"] == ["password"]


async def test_steps_are_asked_of_whoever_approves_too(app: FastAPI, database: Database) -> None:
    await carried(database, frozen("e1"))
    await changed(database, "password_change", PLACED_AT + 60.0)
    waiting = await asked(app)
    app.state.codes.given.clear()
    refused = await ask(app, f"/v1/approvals/{waiting.approval_id}/approve", who="bo")
    app.state.codes.given["li"] = NOW
    allowed = await ask(app, f"/v1/approvals/{waiting.approval_id}/approve", who="bo")

    assert (refused.status_code, refused.json()["missing"]) == (409, ["factor"])
    assert (allowed.status_code, allowed.json()["decision"]) == (200, "approved")


async def test_an_approval_ends_the_freeze_it_was_asked_for_and_no_later_one(
    app: FastAPI, database: Database
) -> None:
    await carried(database, frozen("e1"))
    await changed(database, "password_change", PLACED_AT + 60.0)
    waiting = await asked(app)
    async with database.begin() as connection:
        assert await holds.unfreeze(connection, waiting.subject, "owner", "undone", NOW) is not None
    await carried(database, frozen("e2"))
    late = await ask(app, f"/v1/approvals/{waiting.approval_id}/approve", who="bo")
    shown = (await ask(app, f"/v1/approvals/{waiting.approval_id}", method="GET")).json()

    assert (late.status_code, shown["decision"]) == (404, "expired")
    assert (await ask(app, f"{PATH}/holds", method="GET")).json()["frozen"]["event_id"] == "e2"


@pytest.mark.parametrize("end", ["refused", "expired"])
async def test_whoever_asked_is_told_what_became_of_it(app: FastAPI, database: Database, end: str) -> None:
    await carried(database, frozen("e1"))
    await changed(database, "password_change", PLACED_AT + 60.0)
    waiting = await asked(app)
    if end == "refused":
        await ask(app, f"/v1/approvals/{waiting.approval_id}/refuse", who="bo")
    else:
        app.state.clock.at = NOW + approvals.LIFETIME_S
    (mine,) = (await ask(app, "/v1/approvals?mine=true", method="GET")).json()["approvals"]

    assert (mine["approval_id"], mine["decision"]) == (waiting.approval_id, end)
    assert (await ask(app, "/v1/approvals", method="GET")).json()["approvals"] == []
    assert (await ask(app, "/v1/approvals?mine=true", who="bo", method="GET")).json()["approvals"] == []


async def test_what_nobody_decides_is_noted_as_expired_once(app: FastAPI, database: Database) -> None:
    await carried(database, frozen("e1"))
    await changed(database, "password_change", PLACED_AT + 60.0)
    await asked(app)
    app.state.clock.at = NOW + approvals.LIFETIME_S

    assert [await app.state.holds.expire(), await app.state.holds.expire()] == [1, 0]


@pytest.mark.parametrize(
    ("who", "scope", "decision", "status", "done"),
    [
        ("bo", "admin", "approve", 200, ["r1 by key:bo"]),
        ("bo", "admin", "refuse", 200, ["not r1"]),
        ("bo", "support", "approve", 403, []),
        ("mei", "admin", "approve", 409, []),
    ],
)
async def test_an_act_of_another_room_is_decided_by_its_own_rule(
    app: FastAPI, database: Database, who: str, scope: str, decision: str, status: int, done: list[str]
) -> None:
    async with database.begin() as connection:
        waiting = await approvals.ask(connection, "factor_reset", "r1", "li", "key:mei", "lost", NOW)
    answer = await ask(app, f"/v1/approvals/{waiting.approval_id}/{decision}", who=who, scope=scope)

    assert (answer.status_code, app.state.resets.done) == (status, done)


async def test_what_cannot_be_done_any_more_is_not_decided(app: FastAPI, database: Database) -> None:
    async with database.begin() as connection:
        waiting = await approvals.ask(connection, "factor_reset", "gone", "li", "key:mei", "lost", NOW)
    answer = await ask(app, f"/v1/approvals/{waiting.approval_id}/approve", who="bo", scope="admin")
    found = await app.state.holds.approval(waiting.approval_id)

    assert (answer.status_code, answer.json()["type"]) == (409, "urn:payguard:problem:nothing_left")
    assert found.decision is None


async def test_ends_and_agreements_stand_in_the_audit_chain(app: FastAPI, database: Database) -> None:
    await carried(database, frozen("e1"), held("e2"), held("e3"))
    await changed(database, "password_change", PLACED_AT + 60.0)
    waiting = await asked(app)
    await ask(app, f"/v1/approvals/{waiting.approval_id}/approve", who="bo")
    await ask(app, f"{PATH}/payments/e2/release", why="known")
    app.state.clock.at = NOW + 9 * 86_400
    await app.state.holds.expire()
    rows = await audit_log.rows(database, "li")

    assert [(row.entry.action, row.entry.result, row.entry.actor) for row in reversed(rows)] == [
        ("unfreeze_asked", "waiting", "key:mei"),
        ("unfreeze", "released", "key:bo"),
        ("unfreeze_decided", "approved", "key:bo"),
        ("settle_payment", "released", "key:mei"),
        ("settle_payment", "expired", "deadline"),
    ]
    assert (await audit_log.verify(database)).broken == []


def test_a_step_that_nothing_tells_of_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="factor"):
        Unfreezing(["factor"])
