"""Activity in SQL: each event once, newest first, kept as long as its section is, on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import func, select, text

from contracts.errors import Malformed, Unavailable
from contracts.events import Login, Place, Transaction
from services.activity import months
from services.activity.repository import ActivityStore
from services.activity.rows import Row, row_of
from services.activity.tables import activity
from services.platform.database import Database

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
KEPT = {"money": 400, "access": 180}


def login(event_id: str = "e", at: datetime = NOW, **given: Any) -> Row:
    return row_of(
        Login(event_id=event_id, account_id="li", occurred_at=at, **({"outcome": "success"} | given))
    )


def payment(event_id: str = "p", at: datetime = NOW, amount: str = "412.00") -> Row:
    event = Transaction(
        event_id=event_id,
        account_id="li",
        occurred_at=at,
        amount=amount,
        currency="CNY",
        payee_id="chen-wei-4471",
    )
    return row_of(event)


def store_at(database: Database, now: datetime = NOW) -> ActivityStore:
    return ActivityStore(database, KEPT, now.timestamp)


async def rows_of(store: ActivityStore, **wanted: Any) -> list[Row]:
    page = await store.page("li", **({"types": (), "cursor": None, "limit": 200} | wanted))
    return page.rows


async def test_a_row_is_read_as_it_was_written(database: Database) -> None:
    store = store_at(database)
    written = [payment(), login(reason="wrong_password", outcome="failure", place=Place("CN", "上海"))]

    assert await store.write(written) == 2
    assert sorted(await rows_of(store)) == sorted(written)


async def test_a_row_that_comes_again_changes_nothing_whatever_it_comes_with(
    database: Database,
) -> None:
    store = store_at(database)
    await store.write([payment()])

    assert await store.write([payment(amount="9.99"), login(), login(outcome="failure")]) == 1
    assert [row.amount for row in await rows_of(store, types=("transaction",))] == ["412.00"]
    assert [row.outcome for row in await rows_of(store, types=("login",))] == ["success"]


async def test_pages_follow_each_other_without_a_gap_or_a_repeat(database: Database) -> None:
    store = store_at(database)
    await store.write([login(f"e{number}", NOW - timedelta(minutes=number // 2)) for number in range(9)])
    seen: list[str] = []
    cursor = None
    for _ in range(4):
        page = await store.page("li", types=(), cursor=cursor, limit=3)
        seen += [row.event_id for row in page.rows]
        cursor = page.cursor
        if cursor is None:
            break

    assert seen == ["e1", "e0", "e3", "e2", "e5", "e4", "e7", "e6", "e8"]


async def test_a_cursor_of_somebody_else_is_refused(database: Database) -> None:
    with pytest.raises(Malformed):
        await rows_of(store_at(database), cursor="bm9uZQ==")


@pytest.mark.parametrize(
    ("row", "kept_days"), [(login, KEPT["access"]), (payment, KEPT["money"])], ids=["access", "money"]
)
async def test_a_row_is_kept_for_the_days_of_its_section_and_a_month_later_it_is_gone(
    database: Database,
    row: Any,
    kept_days: int,
) -> None:
    await store_at(database).write([row()])

    await store_at(database, NOW + timedelta(days=kept_days)).forget_old()
    assert await rows_of(store_at(database)) == [row()]
    await store_at(database, NOW + timedelta(days=kept_days + 31)).forget_old()
    assert await rows_of(store_at(database)) == []


async def test_an_event_from_long_ago_or_far_ahead_has_its_row(database: Database) -> None:
    store = store_at(database)
    odd = [
        login("old", datetime(1999, 1, 1, tzinfo=UTC)),
        payment("ahead", datetime(2036, 2, 3, tzinfo=UTC)),
    ]

    assert await store.write(odd) == 2
    assert await store.write(odd) == 0


async def test_size_counts_rows_bytes_and_days(database: Database) -> None:
    store = store_at(database)
    await store.write([payment(), login(at=NOW - timedelta(days=3))])

    size = await store.size()

    assert (size.rows, size.first, size.last) == (2, date(2026, 11, 27), date(2026, 11, 30))
    assert size.bytes > 0


@pytest.mark.parametrize("database_url", [pytest.param("postgresql", marks=pytest.mark.real)], indirect=True)
async def test_a_month_that_lay_ahead_moves_into_its_own_partition_when_its_time_has_come(
    database: Database,
) -> None:
    later = datetime(2027, 5, 6, tzinfo=UTC)
    await store_at(database).write([payment("ahead", later)])
    await store_at(database, later).write([payment("then", later), payment("ahead", later)])

    async with database.read() as connection:
        month = await connection.scalar(text("SELECT count(*) FROM activity_money_202705"))
        whole = await connection.scalar(select(func.count()).select_from(activity))
    assert (month, whole) == (2, 2)


def test_days_past_keeping_or_far_ahead_have_no_month_of_their_own() -> None:
    today = NOW.date()
    days = {
        ("access", today),
        ("access", today - timedelta(days=181)),
        ("money", today - timedelta(days=181)),
        ("money", date(2026, 12, 31)),
        ("money", date(2027, 1, 1)),
    }

    assert months.wanted(days, today, KEPT) == {
        ("access", date(2026, 11, 1)),
        ("money", date(2026, 6, 1)),
        ("money", date(2026, 12, 1)),
    }


async def test_of_a_row_that_comes_twice_at_once_the_first_is_kept(database: Database) -> None:
    store = store_at(database)

    assert await store.write([payment(), login(), payment(amount="9.99"), login()]) == 2
    assert [row.amount for row in await rows_of(store, types=("transaction",))] == ["412.00"]


async def test_in_whatever_batches_rows_come_again_each_is_kept_once(database: Database) -> None:
    """Through the straight way, the way by the staging table, and the change from one to the other."""
    store, chance = store_at(database), Random(7)
    names = [f"p{number}" for number in range(120)]
    first: dict[str, str] = {}
    new = 0
    for number in range(40):
        again = chance.sample(names, 4) if number % 9 == 0 else []
        batch = [*names[3 * number : 3 * number + 3], *again]
        for name in batch:
            first.setdefault(name, f"{number + 1}.00")
        new += await store.write([payment(name, amount=f"{number + 1}.00") for name in batch])

    kept = {row.event_id: row.amount for row in await rows_of(store)}
    assert (new, kept) == (len(first), first)


@pytest.mark.real
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_connection_that_breaks_in_the_middle_of_a_copy_is_an_absence(database: Database) -> None:
    store = store_at(database)
    await store.write([login()])
    query = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'COPY activity%' AND wait_event_type = 'Lock'"
    async with database.begin() as lock, asyncio.timeout(60):
        await lock.execute(text("LOCK TABLE activity IN ACCESS EXCLUSIVE MODE"))
        writing = asyncio.create_task(store.write([login("e2")]))
        while True:
            async with database.read() as looking:
                if (pid := await looking.scalar(text(query))) is not None:
                    break
            await asyncio.sleep(0.02)
        await lock.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        with pytest.raises(Unavailable):
            await writing
    assert await store.write([login("e2"), login()]) == 1
