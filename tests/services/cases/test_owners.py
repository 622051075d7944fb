"""What is said of an account's owner is what truly happened to each notice."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import insert

from contracts.decisions import effect_id
from services.activity.repository import ActivityStore
from services.cases import hold_routes, routes
from services.cases.case_service import CaseService
from services.cases.contact_points import Contact
from services.cases.hold_service import HoldService
from services.cases.mail_addresses import address_key
from services.cases.message_tables import messages
from services.cases.owners import owner_of, unreachable_cases
from services.cases.repository import keep
from services.cases.tables import notices
from services.desk import case_routes
from services.http import problems
from services.http.api_keys import ApiKeys
from services.platform.database import Database
from tests.services.cases.decided import freeze, no_challenges, notify, open_case, recorded
from tests.services.desk.made import desk_over

NOW = 1_790_000_100.0
MAIL = "li@upay.example"
DIGEST = "d" * 32


@pytest.fixture
def desk(database: Database) -> CaseService:
    return CaseService(database, lambda: NOW)


async def stolen(database: Database, account: str = "li") -> None:
    effects = (
        open_case("e1", account_id=account),
        freeze("e1", account),
        notify("e1", "deny_notice", account_id=account),
    )
    async with database.begin() as connection:
        await keep(connection, [recorded("e1", account, effects)], no_challenges)


async def became(database: Database, **values: Any) -> None:
    async with database.begin() as connection:
        await connection.execute(notices.update().where(notices.c.template != "digest").values(**values))


async def took(database: Database, notice_id: str, address: str, outcome: str) -> None:
    key = address_key(address)
    row = {
        "message_id": f"{notice_id}.mail.{key}",
        "notice_id": notice_id,
        "account_id": "li",
        "channel": "mail",
        "address_key": key,
        "message_class": "critical",
        "template": "deny_notice",
        "locale": "en",
        "time_zone": "UTC",
        "state": "handed_over" if outcome == "handed_over" else "failed",
        "why": None if outcome == "handed_over" else outcome,
        "planned_at": NOW,
        "next_at": NOW,
        "ended_at": NOW,
    }
    async with database.begin() as connection:
        await connection.execute(insert(messages).values(**row))


async def put_digest(database: Database, **values: Any) -> None:
    row = {
        "notice_id": DIGEST,
        "event_id": DIGEST,
        "account_id": "li",
        "template": "digest",
        "recorded_at": NOW,
        "next_at": NOW,
    }
    async with database.begin() as connection:
        await connection.execute(insert(notices).values(**row | values))


async def test_an_owner_without_an_address_is_not_reachable_and_was_told_nothing(
    database: Database, desk: CaseService
) -> None:
    await stolen(database)
    await became(database, state="undeliverable", last_error="no_contact", ended_at=NOW)

    owner = await desk.owner("li", ["e1"])

    assert not owner.reachable
    assert [(each.state, each.why, each.tries) for each in owner.told] == [
        ("undeliverable", "no_contact", [])
    ]


@pytest.mark.parametrize(
    ("state", "error", "shown"),
    [
        ("waiting", None, ("waiting", None)),
        ("waiting", "the server is away", ("waiting", "the server is away")),
        ("failed", "address_refused", ("failed", "address_refused")),
        ("planned", "the server is away", ("waiting", "the server is away")),
        ("undeliverable", "no_contact", ("undeliverable", "no_contact")),
        ("suppressed", None, ("suppressed", None)),
        ("delivered", "tried again", ("delivered", None)),
    ],
)
async def test_a_notice_is_shown_as_it_stands(
    database: Database, desk: CaseService, state: str, error: str | None, shown: tuple[str, str | None]
) -> None:
    await stolen(database)
    await became(database, state=state, last_error=error)

    told = (await desk.owner("li", ["e1"])).told

    assert [(each.state, each.why) for each in told] == [shown]


@pytest.mark.parametrize("state", ["waiting", "delivered", "failed", "undeliverable"])
async def test_a_notice_in_a_digest_fares_as_the_digest_does(
    database: Database, desk: CaseService, state: str
) -> None:
    await stolen(database)
    await put_digest(database, state=state, ended_at=NOW)
    await became(database, state="digested", digest_id=DIGEST, ended_at=NOW - 60.0)
    await took(database, DIGEST, MAIL, "handed_over")

    told = (await desk.owner("li", ["e1"])).told

    assert [(each.state, len(each.tries)) for each in told] == [(state, 1)]


async def test_each_address_is_shown_masked_with_how_it_took_the_letter(
    database: Database, desk: CaseService
) -> None:
    await stolen(database)
    await desk.set_contact("li", Contact(MAIL, "en", "UTC"))
    notice = effect_id("li", "e1", "notify")
    await took(database, notice, MAIL.upper(), "handed_over")
    await took(database, notice, "gone@upay.example", "address_refused")

    owner = await desk.owner("li", ["e1"])

    assert [(way.channel, way.address) for way in owner.ways] == [("mail", "l•••@upay.example")]
    assert {(tried.address, tried.state, tried.why) for tried in owner.told[0].tries} == {
        ("l•••@upay.example", "handed_over", None),
        (None, "failed", "address_refused"),
    }


async def test_an_address_that_is_closed_is_no_way_to_the_owner(
    database: Database, desk: CaseService
) -> None:
    await desk.set_contact("li", Contact("old@upay.example", "en", "UTC"))
    await desk.set_contact("li", Contact("new@upay.example", "en", "UTC"))

    assert [way.address for way in (await desk.owner("li", [])).ways] == ["n•••@upay.example"]


async def test_only_notices_of_the_account_and_the_events_are_told(
    database: Database, desk: CaseService
) -> None:
    await stolen(database)
    await stolen(database, "wang")

    assert [len((await desk.owner(account, events)).told) for account, events in (
        ("li", ["e1"]), ("li", ["e2"]), ("li", []), ("zhao", ["e1"]),
    )] == [1, 0, 0, 0]  # fmt: skip


async def test_open_cases_without_a_way_to_the_owner_are_counted(
    database: Database, desk: CaseService
) -> None:
    await stolen(database)
    await stolen(database, "wang")
    await desk.set_contact("wang", Contact(MAIL, "en", "UTC"))

    async with database.read() as connection:
        assert await unreachable_cases(connection) == 1
        assert not (await owner_of(connection, "li", [])).reachable


@pytest.mark.parametrize(
    ("path", "scope", "address"),
    [
        (f"/v1/cases/{effect_id('li', 'e1', 'open_case')}", "support", "l•••@upay.example"),
        ("/v1/accounts/li/letters", "support", "l•••@upay.example"),
        ("/v1/accounts/li/holds", "support", "l•••@upay.example"),
        ("/v1/accounts/li/holds", "verify", None),
    ],
)
async def test_cases_and_holds_say_what_the_owner_was_told(
    database: Database, desk: CaseService, path: str, scope: str, address: str | None
) -> None:
    await stolen(database)
    await desk.set_contact("li", Contact(MAIL, "en", "UTC"))
    app = FastAPI()
    problems.install(app)
    app.include_router(case_routes.router)
    app.include_router(hold_routes.router)
    app.include_router(routes.router)
    holds, kept = HoldService(database, lambda: NOW), ActivityStore(database, {}, lambda: NOW)
    app.state.desk = desk_over(database, lambda: NOW, desk, holds, kept)
    app.state.cases, app.state.holds = desk, holds
    app.state.keys = ApiKeys(database)
    text, _ = await app.state.keys.create("desk", [scope])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://payguard.test") as client:
        answer = (await client.get(path, headers={"Authorization": f"Bearer {text}"})).json()
        owner = answer.get("owner", answer)
    await app.state.keys.close()

    assert (owner["reachable"], owner["channels"]) == (
        True,
        [{"channel": "mail", "address": address, "bouncing": False}],
    )
    assert [(each["template"], each["state"]) for each in owner["told"]] == [("deny_notice", "waiting")]
