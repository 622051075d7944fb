"""The event that a case, an alert, a freeze or a held payment speaks of is told with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from msgspec import json
from msgspec.structs import replace
from sqlalchemy import select, update

from contracts.decisions import HoldPayment, effect_id
from contracts.events import Device, Network, Place, Transaction, UserReport
from contracts.shown import Shown, Usual
from services.activity.repository import ActivityStore
from services.activity.rows import row_of
from services.cases import hold_routes, holds, routes
from services.cases.case_service import CaseService
from services.cases.hold_service import HoldService
from services.cases.hold_tables import held_payments
from services.cases.repository import keep
from services.cases.tables import outbox
from services.desk import case_routes
from services.http import problems
from services.http.api_keys import ApiKeys
from services.platform.database import Database
from tests.services.cases.decided import alert, freeze, no_challenges, open_case, recorded
from tests.services.desk.made import desk_over

NOW = 1_790_000_100.0
SHOWN = Shown(
    device="iOS, Mobile Safari",
    country="BR",
    city="Recife",
    accuracy_km=50.0,
    network_kind="hosting",
    amount="9000.00",
    currency="CNY",
    payee_id="stranger",
    kind="payment",
    status="requested",
    session_id="s-1",
    usual=Usual(country="CN", at=1_789_000_000.0, amount="50.00", currency="CNY", payee_known=False),
)
PAID = Transaction(
    event_id="paid",
    account_id="li",
    occurred_at=int(NOW * 1000) - 60_000,
    amount="20",
    currency="CNY",
    payee_id="grocer",
    device=Device(os="Android", browser="Chrome"),
    place=Place("CN", "Shanghai"),
    network=Network(kind="mobile"),
)
REPORT = UserReport(
    event_id="report",
    account_id="li",
    occurred_at=int(NOW * 1000) - 1000,
    about_event_id="paid",
    verdict="not_me",
)


@pytest.fixture
async def app(database: Database) -> AsyncIterator[FastAPI]:
    app = FastAPI()
    problems.install(app)
    for router in (routes.router, case_routes.router, hold_routes.router):
        app.include_router(router)
    cases, stops = CaseService(database, lambda: NOW), HoldService(database, lambda: NOW)
    kept = ActivityStore(database, {"money": 400, "access": 180}, lambda: NOW)
    app.state.desk = desk_over(database, lambda: NOW, cases, stops, kept)
    app.state.cases, app.state.holds = cases, stops
    app.state.keys = ApiKeys(database)
    yield app
    await app.state.keys.close()


async def read(app: FastAPI, path: str) -> Any:
    text, _ = await app.state.keys.create("desk", ["support"])
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {text}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://it", headers=headers) as client:
        return (await client.get(path)).json()


async def carried(database: Database, *records: Any) -> None:
    async with database.begin() as connection:
        await keep(connection, records, no_challenges)


async def lived(database: Database, *events: Any) -> None:
    days = {"money": 400, "access": 180}
    await ActivityStore(database, days, lambda: NOW).write([row_of(event) for event in events])


def reported(**changes: Any) -> Any:
    effects = (freeze("report"), alert("report"), open_case("report"))
    return recorded(
        "report", effects=effects, **({"type": "user_report", "about_event_id": "paid"} | changes)
    )


def held(shown: Shown | None = SHOWN) -> Any:
    effect = HoldPayment(
        effect_id=effect_id("li", "paid", "hold_payment"),
        due_s=86_400,
        amount="9000.00",
        currency="CNY",
        payee_id="stranger",
    )
    return recorded(
        "paid", effects=(effect, alert("paid"), open_case("paid")), type="transaction", shown=shown
    )


async def history(app: FastAPI, event_id: str) -> Any:
    return (await read(app, f"/v1/cases/{effect_id('li', event_id, 'open_case')}"))["history"][0]


async def test_a_case_shows_the_event_that_opened_it(app: FastAPI, database: Database) -> None:
    await carried(database, held())
    entry = await history(app, "paid")

    assert entry["about"] is None
    assert {name: entry["shown"][name] for name in ("amount", "payee_id", "device", "city")} == {
        "amount": "9000.00",
        "payee_id": "stranger",
        "device": "iOS, Mobile Safari",
        "city": "Recife",
    }
    assert entry["shown"]["usual"]["at"] == "2026-09-10T00:26:40Z"
    assert entry["shown"]["usual"]["payee_known"] is False


async def test_a_case_opened_by_a_report_carries_the_event_that_the_report_is_about(
    app: FastAPI, database: Database
) -> None:
    await carried(database, held(), reported())
    case = effect_id("li", "paid", "open_case")
    joined = (await read(app, f"/v1/cases/{case}"))["history"][1]

    assert (joined["event_id"], joined["shown"]) == ("report", None)
    about = joined["about"]
    assert (about["event_id"], about["type"], about["source"]) == ("paid", "transaction", "decision")
    assert about["shown"]["amount"] == "9000.00"


async def test_an_event_that_had_no_effects_is_told_by_its_activity(app: FastAPI, database: Database) -> None:
    await lived(database, PAID, REPORT)
    await carried(database, reported())
    about = (await history(app, "report"))["about"]

    assert (about["event_id"], about["source"], about["at"]) == ("paid", "activity", "2026-09-21T14:14:00Z")
    told = {name: value for name, value in about["shown"].items() if value is not None}
    assert told == {
        "device": "Android, Chrome",
        "country": "CN",
        "city": "Shanghai",
        "network_kind": "mobile",
        "amount": "20.00",
        "currency": "CNY",
        "payee_id": "grocer",
        "kind": "payment",
        "status": "requested",
    }


async def test_an_event_that_nobody_knows_is_named_all_the_same(app: FastAPI, database: Database) -> None:
    await carried(database, reported())

    assert (await history(app, "report"))["about"] == {
        "event_id": "paid",
        "type": None,
        "at": None,
        "source": None,
        "shown": None,
    }


async def test_an_event_of_another_account_is_not_shown(app: FastAPI, database: Database) -> None:
    await lived(database, replace(PAID, account_id="wu"))
    await carried(database, reported())

    assert (await history(app, "report"))["about"]["source"] is None


async def test_a_report_decided_before_decisions_named_the_event_is_told_by_its_activity(
    app: FastAPI, database: Database
) -> None:
    await lived(database, PAID, REPORT)
    await carried(database, reported(about_event_id=None))

    assert (await history(app, "report"))["about"]["shown"]["payee_id"] == "grocer"


async def test_a_decision_of_before_anything_was_shown_is_told_by_its_activity(
    app: FastAPI, database: Database
) -> None:
    await lived(database, PAID)
    await carried(database, held(shown=None))

    assert (await history(app, "paid"))["shown"]["payee_id"] == "grocer"


async def test_an_alert_shows_its_event_and_what_a_report_is_about(app: FastAPI, database: Database) -> None:
    await carried(database, held(), reported())
    alerts = {each["event_id"]: each for each in (await read(app, "/v1/alerts"))["alerts"]}

    assert (alerts["paid"]["shown"]["amount"], alerts["paid"]["about"]) == ("9000.00", None)
    assert (alerts["report"]["shown"], alerts["report"]["about"]["event_id"]) == (None, "paid")


async def test_a_held_payment_shows_what_it_is_recognised_by(app: FastAPI, database: Database) -> None:
    await carried(database, held())
    (payment,) = (await read(app, "/v1/accounts/li/holds"))["payments"]

    assert (payment["shown"]["device"], payment["shown"]["usual"]["amount"]) == (
        "iOS, Mobile Safari",
        "50.00",
    )


async def test_a_payment_held_before_that_was_kept_shows_nothing(app: FastAPI, database: Database) -> None:
    await carried(database, held())
    async with database.begin() as connection:
        await connection.execute(update(held_payments).values(shown=None))
    (payment,) = (await read(app, "/v1/accounts/li/holds"))["payments"]

    assert (payment["amount"], payment["shown"]) == ("9000.00", None)


async def test_a_freeze_tells_what_led_to_it(app: FastAPI, database: Database) -> None:
    await carried(database, recorded("paid", effects=(freeze("paid"),), type="transaction", shown=SHOWN))
    found = (await read(app, "/v1/accounts/li/holds"))["frozen"]

    assert (found["shown"]["amount"], found["about"]) == ("9000.00", None)


async def test_a_freeze_by_its_owner_tells_what_they_said_was_not_theirs(
    app: FastAPI, database: Database
) -> None:
    """Before the worker has decided on the report: activity alone knows it."""
    await lived(database, PAID, REPORT)
    async with database.begin() as connection:
        await holds.stop_at_once(connection, ["freeze"], "li", "report", "e1", NOW, NOW)
    found = (await read(app, "/v1/accounts/li/holds"))["frozen"]

    assert (found["shown"], found["about"]["shown"]["payee_id"]) == (None, "grocer")


async def test_an_account_that_is_not_frozen_shows_no_freeze(app: FastAPI) -> None:
    assert (await read(app, "/v1/accounts/li/holds"))["frozen"] is None


async def labels(database: Database, case: str) -> list[Any]:
    """What the stream is told when the case is resolved as fraud."""
    desk = CaseService(database, lambda: NOW)
    await desk.assign(case, "mei", "key:mei", None)
    await desk.resolve(case, "fraud", "key:mei", None, None)
    async with database.read() as connection:
        sent = (await connection.execute(select(outbox.c.payload).where(outbox.c.kind == "event"))).scalars()
        return [each for each in map(json.decode, sent) if each["type"] == "label"]


async def test_a_verdict_on_a_report_labels_the_event_that_it_is_about(database: Database) -> None:
    await lived(database, PAID)
    await carried(database, reported())
    (told,) = await labels(database, effect_id("li", "report", "open_case"))

    assert (told["about_event_id"], told["payee_id"]) == ("paid", "grocer")
    assert told["about_occurred_at"] == PAID.occurred_at


async def test_an_event_and_the_report_about_it_are_labelled_once(database: Database) -> None:
    await carried(database, reported(), held())
    (told,) = await labels(database, effect_id("li", "report", "open_case"))

    assert (told["about_event_id"], told["payee_id"]) == ("paid", "stranger")


async def test_a_reported_event_that_nobody_knows_is_labelled_all_the_same(database: Database) -> None:
    await carried(database, reported())
    (told,) = await labels(database, effect_id("li", "report", "open_case"))

    assert told["about_event_id"] == "paid"
    assert (told.get("payee_id"), told.get("about_occurred_at")) == (None, None)
