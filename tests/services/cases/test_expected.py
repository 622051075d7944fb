"""Letters that owners expect of events that nothing speaks against."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import json, structs
from sqlalchemy import select

from contracts.events import AccountChange, AnyEvent, Device, Login, Network, Place, Transaction
from services.activity.rows import row_of
from services.activity.tables import activity
from services.cases.expected import ExpectedLetters
from services.cases.incident_rows import DECIDED
from services.cases.news import News
from services.cases.preferences import Wanted, change_preferences
from services.cases.repository import keep
from services.cases.tables import notices
from services.platform.database import Database, insert_new
from tests.services.cases.decided import no_challenges, notify, recorded

NOW = 1_790_000_000.0
DAY_S = 86_400.0
PHONE, LAPTOP = b"p" * 16, b"l" * 16
IPHONE = Device(kind="phone", os="iOS", browser="Mobile Safari")


def login(
    event_id: str, at: float, key: bytes | None = LAPTOP, outcome: Any = "success", account: str = "li"
) -> Login:
    return Login(
        event_id=event_id,
        account_id=account,
        occurred_at=int(at * 1000),
        outcome=outcome,
        device=IPHONE,
        device_key=key,
    )


def top_up(event_id: str, status: Any, at: float = NOW, **more: Any) -> Transaction:
    return Transaction(
        event_id=event_id, account_id="li", occurred_at=int(at * 1000), amount="200.00", currency="CNY", kind="top_up",
        status=status, **more,
    )  # fmt: skip


OLD = login("old", NOW - 10 * DAY_S, PHONE)


async def happened(database: Database, *events: AnyEvent, letters: ExpectedLetters | None = None) -> None:
    """As the keeper of activity does: first their rows, then their letters."""
    async with database.begin() as connection:
        await connection.execute(insert_new(activity), [row_of(event)._asdict() for event in events])
    await (letters or ExpectedLetters(database, lambda: NOW)).tell(events)


async def told(database: Database) -> list[tuple[str, str, str]]:
    async with database.read() as connection:
        query = select(notices.c.event_id, notices.c.template, notices.c.state).order_by(
            notices.c.recorded_at
        )
        return [tuple(row) for row in await connection.execute(query)]


async def test_a_devices_first_sign_in_is_told_once_and_not_each_sign_in(database: Database) -> None:
    letters = ExpectedLetters(database, lambda: NOW)
    await happened(database, OLD, login("e1", NOW), login("e2", NOW + 1.0), letters=letters)
    await happened(database, login("e3", NOW + 60.0), letters=letters)
    await happened(database, login("e1", NOW), login("e4", NOW + 9_000.0))

    assert await told(database) == [("e1", "new_device", "waiting")]


async def test_a_failed_try_before_does_not_make_a_device_known(database: Database) -> None:
    await happened(database, OLD, login("e0", NOW - 60.0, outcome="failure"), login("e1", NOW))

    assert await told(database) == [("e1", "new_device", "waiting")]


@pytest.mark.parametrize(
    "events",
    [
        [login("young", NOW - 3600.0, PHONE), login("e1", NOW)],
        [OLD, login("e1", NOW, PHONE)],
        [OLD, login("e1", NOW, None)],
        [OLD, login("e1", NOW, outcome="failure")],
        [login("ancient", NOW - 90 * DAY_S, PHONE), login("e1", NOW - 2 * DAY_S)],
    ],
    ids=["a_young_account", "a_known_device", "no_device", "a_failed_try", "history"],
)
async def test_nobody_is_told_of(database: Database, events: list[AnyEvent]) -> None:
    await happened(database, *events)

    assert await told(database) == []


async def test_the_letter_says_what_the_account_used_before(database: Database) -> None:
    await happened(database, OLD, login("e1", NOW))

    async with database.read() as connection:
        news = json.decode((await connection.execute(select(notices.c.news))).scalar_one(), type=News)
    assert news.about is not None
    assert news.about.shown is not None
    assert news.about.shown.device == "iOS, Mobile Safari"
    assert news.about.shown.usual is not None
    assert news.about.shown.usual.at == NOW - 10 * DAY_S


async def test_the_letter_says_how_far_it_is_from_there_where_both_places_are_known(
    database: Database,
) -> None:
    shanghai = Place(country="CN", city="Shanghai", latitude=31.23, longitude=121.47)
    suzhou = Place(country="CN", city="Suzhou", latitude=31.30, longitude=120.62)
    hidden = Network(kind="vpn")
    letters = ExpectedLetters(database, lambda: NOW)
    await happened(
        database,
        structs.replace(OLD, place=shanghai),
        structs.replace(login("e1", NOW), place=suzhou),
        structs.replace(login("e2", NOW + 1.0, b"t" * 16), place=suzhou, network=hidden),
        structs.replace(login("e3", NOW + 2.0, b"u" * 16)),
        letters=letters,
    )

    async with database.read() as connection:
        query = select(notices.c.event_id, notices.c.news)
        known = {row.event_id: json.decode(row.news, type=News) for row in await connection.execute(query)}
    far = {
        name: news.about.shown.usual.distance_km
        for name, news in known.items()
        if news.about and news.about.shown and news.about.shown.usual
    }
    assert far["e1"] == pytest.approx(81.2, abs=0.5)
    assert [far.get("e2"), far.get("e3")] == [None, None]


@pytest.mark.parametrize("decided_first", [True, False])
async def test_what_a_decision_tells_of_is_not_told_twice(database: Database, decided_first: bool) -> None:
    change = AccountChange(
        event_id="e2", account_id="li", occurred_at=int(NOW * 1000), change="password_reset"
    )

    async def decide() -> None:
        records = [
            recorded("e1", effects=(notify("e1"),), at=NOW),
            recorded("e2", effects=(notify("e2", "change_notice"),), at=NOW + 1.0, type="account_change"),
        ]
        async with database.begin() as connection:
            await keep(connection, records, no_challenges)

    if decided_first:
        await decide()
    await happened(database, OLD, login("e1", NOW), change)
    if not decided_first:
        await decide()

    sent = [(event_id, template) for event_id, template, state in await told(database) if state == "waiting"]
    assert ("e2", "change_notice") in sent
    assert len([each for each in sent if each[0] == "e1"]) == 1
    assert ("e2", "password_changed") not in sent
    async with database.read() as connection:
        query = select(notices.c.last_error).where(notices.c.template == "password_changed")
        assert (await connection.execute(query)).scalars().all() == ([] if decided_first else [DECIDED])


async def test_a_finished_password_reset_is_told(database: Database) -> None:
    for number, change in enumerate(("password_reset", "password_change", "limit_raise")):
        event = AccountChange(
            event_id=f"e{number}",
            account_id="li",
            occurred_at=int(NOW * 1000) + number,
            change=change,  # type: ignore[arg-type]
        )
        await happened(database, event)
        await happened(database, event)

    assert await told(database) == [
        ("e0", "password_changed", "waiting"), ("e1", "password_changed", "waiting"),
    ]  # fmt: skip


async def test_top_ups_are_told_where_the_owner_chose_it_with_what_the_wallet_says(
    database: Database,
) -> None:
    await happened(database, top_up("e0", "completed"))
    async with database.begin() as connection:
        await change_preferences(
            connection, "li", Wanted(alerts={"top_up": frozenset({"mail"})}), "owner", NOW
        )
    await happened(
        database,
        top_up("e1", "completed", NOW + 1.0, balance_after=24050),
        top_up("e2", "failed", NOW + 2.0, reason="bank-limit"),
        top_up("e3", "requested", NOW + 3.0),
    )

    assert await told(database) == [("e1", "top_up_arrived", "waiting"), ("e2", "top_up_failed", "waiting")]
    async with database.read() as connection:
        found = (await connection.execute(select(notices.c.news).order_by(notices.c.recorded_at))).scalars()
        arrived, failed = (json.decode(each, type=News) for each in found)
    assert (arrived.balance, arrived.balance_before) == ("240.50", None)
    assert failed.about is not None
    assert failed.about.shown is not None
    assert failed.about.shown.failure == "bank-limit"
