"""The weekly summary: on Monday at nine on the owner's clock, once, and only if something happened."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import json
from sqlalchemy import select

from contracts.events import AnyEvent, Login, Transaction
from services.activity.rows import row_of
from services.activity.tables import activity
from services.cases.contact_points import Contact, change_contact
from services.cases.news import Moved, News
from services.cases.preferences import stop_weekly
from services.cases.tables import notices
from services.cases.weekly import WeeklyLetters
from services.platform.database import Database

SHANGHAI = ZoneInfo("Asia/Shanghai")
NINE = datetime(2026, 11, 30, 9, tzinfo=SHANGHAI).timestamp()
SUNDAY = datetime(2026, 11, 29, 23, 59, tzinfo=SHANGHAI).timestamp()


def paid(
    event_id: str, amount: str, kind: Any = "payment", status: Any = "completed", at: float = SUNDAY
) -> AnyEvent:
    return Transaction(
        event_id=event_id, account_id="li", occurred_at=int(at * 1000), amount=amount, currency="CNY", kind=kind,
        status=status,
    )  # fmt: skip


async def world(database: Database, *events: AnyEvent) -> None:
    async with database.begin() as connection:
        contact = Contact("li@upay.example", "en", "Asia/Shanghai")
        await change_contact(connection, "li", contact, NINE - 9e6, "p" * 32)
        if events:
            await connection.execute(activity.insert(), [row_of(event)._asdict() for event in events])


async def weeks(database: Database) -> list[News]:
    async with database.read() as connection:
        found = (
            await connection.execute(select(notices.c.news).where(notices.c.template == "weekly"))
        ).scalars()
        return [json.decode(each, type=News) for each in found]


async def write(database: Database, at: float) -> int:
    return await WeeklyLetters(database, lambda: at).write()


async def test_it_says_what_happened_once_from_nine_on_monday(database: Database) -> None:
    login = Login(event_id="l", account_id="li", occurred_at=int(SUNDAY * 1000), outcome="success")
    await world(
        database,
        login,
        paid("p0", "100.00", status="requested"),
        paid("p1", "100.00"),
        paid("p2", "18.4"),
        paid("p3", "820.00", "top_up"),
        paid("p4", "5.00", at=SUNDAY + 120.0),
        paid("p5", "7.00", at=SUNDAY - 8 * 86_400.0),
    )

    assert [await write(database, NINE + late_s) for late_s in (-1.0, 0.0, 1.0, 3600.0)] == [0, 1, 0, 0]
    [news] = await weeks(database)
    assert news.week is not None
    assert (news.week.sign_ins, news.week.stopped) == (1, 0)
    assert news.week.paid == (Moved(amount="118.4", currency="CNY", count=2),) or news.week.paid == (
        Moved(amount="118.40", currency="CNY", count=2),
    )
    assert [each.count for each in news.week.received] == [1]


async def test_a_week_without_anything_has_none(database: Database) -> None:
    await world(database)

    assert await write(database, NINE) == 0


async def test_whoever_ended_it_gets_none(database: Database) -> None:
    await world(database, paid("p1", "1.00"))
    async with database.begin() as connection:
        await stop_weekly(connection, "li", "link", NINE)

    assert await write(database, NINE) == 0


async def test_a_process_that_was_away_at_nine_makes_up_for_it_and_not_at_night(database: Database) -> None:
    await world(database, paid("p1", "1.00"))

    assert [await write(database, NINE + hours * 3600.0) for hours in (13, 24, 11)] == [0, 0, 1]
