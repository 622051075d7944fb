"""Pages of what happened, newest first: month by month they are what one query over everything would give."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from contracts.errors import Malformed
from services.activity.recent import newest, of_types
from services.activity.repository import ActivityStore
from services.activity.rows import Row
from services.activity.tables import activity
from services.centre.history import KEPT_DAYS, TYPES, Found, Search, Shown, page_of
from services.platform import cursors
from services.platform.database import Database

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp()
KEPT = {"money": 400, "access": 180}
DAY_S = 86_400
_ACCOUNTS = itertools.count()


class Happened(NamedTuple):
    """How long ago something happened, how many days later it claimed to be, and what it was."""

    days: int
    seconds: int
    ahead: int
    type: str
    city: str


#: Few seconds of the day, its first and last among them, so that many times are alike and lie where months meet.
HAPPENED = st.builds(
    Happened,
    days=st.one_of(st.integers(-3, 3), st.integers(25, 66), st.integers(-40, 460)),
    seconds=st.sampled_from([0, 1, 43_200, DAY_S - 1]),
    ahead=st.sampled_from([0, 0, 0, 0, 0, 1, 31, 95, 900]),
    type=st.sampled_from(["transaction", "transaction", "login", "account_change", "label"]),
    city=st.sampled_from(["Shanghai", "Suzhou"]),
)


def rows_of(account_id: str, happened: Sequence[Happened]) -> list[Row]:
    """A row for each, of an account that nobody else has."""
    midnight = NOW // DAY_S * DAY_S
    rows = []
    for number, each in enumerate(happened):
        at = midnight - each.days * DAY_S + each.seconds
        day = datetime.fromtimestamp(at, UTC).date() + timedelta(days=each.ahead)
        section = "money" if each.type == "transaction" else "access"
        name = f"e{number * 7 % 101:03}-{number}"
        rows.append(Row(section, day, account_id, name, at, each.type, city=each.city))
    return rows


def in_order(rows: Sequence[Row], types: Sequence[str]) -> list[str]:
    """The names of the rows of these types, newest first."""
    of_them = [row for row in rows if not types or row.type in types]
    return [row.event_id for row in sorted(of_them, key=lambda row: (row.at, row.event_id), reverse=True)]


async def written(database: Database, happened: Sequence[Happened]) -> tuple[ActivityStore, str, list[Row]]:
    account_id = f"owner-{next(_ACCOUNTS)}"
    rows = rows_of(account_id, happened)
    store = ActivityStore(database, KEPT, lambda: NOW)
    await store.write(rows)
    return store, account_id, rows


SOME = settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@SOME
@given(
    happened=st.lists(HAPPENED, max_size=40),
    types=st.sampled_from([(), ("transaction",), ("login", "account_change"), ("login", "transaction")]),
    limit=st.integers(1, 9),
)
async def test_pages_over_months_are_the_rows_of_one_query(
    database: Database, happened: list[Happened], types: tuple[str, ...], limit: int
) -> None:
    store, account_id, rows = await written(database, happened)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = await store.page(account_id, types=types, cursor=cursor, limit=limit)
        assert len(page.rows) == limit or page.cursor is None
        seen += [row.event_id for row in page.rows]
        cursor = page.cursor
        if cursor is None:
            break

    assert seen == in_order(rows, types)


@SOME
@given(
    happened=st.lists(HAPPENED, max_size=40),
    shown=st.sampled_from(["all", "money", "logins", "changes"]),
    city=st.sampled_from([None, "Suzhou"]),
    limit=st.integers(1, 9),
)
async def test_so_are_the_pages_of_the_centre_back_to_400_days(
    database: Database, happened: list[Happened], shown: Shown, city: str | None, limit: int
) -> None:
    _, account_id, rows = await written(database, happened)
    search = None if city is None else Search(city)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        async with database.read() as connection:
            found: Found = await page_of(
                connection, account_id, shown, NOW, search=search, cursor=cursor, limit=limit
            )
        seen += [item.event_id for item in found.items]
        cursor = found.cursor
        if cursor is None:
            break

    kept = [row for row in rows if row.at >= NOW - KEPT_DAYS * DAY_S and city in (None, row.city)]
    assert seen == in_order(kept, TYPES[shown])


@pytest.mark.parametrize("at", [-1e300, -1.0, 0.0, 1e300])
async def test_a_place_outside_of_all_time_is_before_or_behind_everything(
    database: Database, at: float
) -> None:
    store, account_id, rows = await written(
        database, [Happened(each, 0, 0, "login", "Suzhou") for each in (0, 40, 399)]
    )

    page = await store.page(account_id, types=(), cursor=cursors.write(at, "e"), limit=5)

    assert len(page.rows) == (len(rows) if at > NOW else 0)


async def test_a_place_that_is_no_number_is_refused(database: Database) -> None:
    store, account_id, _ = await written(database, [])

    with pytest.raises(Malformed):
        await store.page(account_id, types=(), cursor=cursors.write(float("nan"), "e"), limit=5)


@pytest.mark.parametrize("database_url", [pytest.param("postgresql", marks=pytest.mark.real)], indirect=True)
@pytest.mark.parametrize(
    ("types", "sections"),
    [(("transaction",), {"money"}), (("login",), {"access"}), ((), {"money", "access"})],
)
async def test_a_page_that_is_full_opens_no_old_month_and_no_other_section(
    database: Database, types: tuple[str, ...], sections: set[str]
) -> None:
    kinds = ("transaction", "login")
    _, account_id, _ = await written(
        database, [Happened(each // 2, 0, 0, kinds[each % 2], "Suzhou") for each in range(350)]
    )
    which = activity.c.account_id == account_id
    async with database.begin() as connection:
        found = await newest(connection, which & of_types(types) if types else which, 20, now=NOW)
        locked = await connection.execute(
            text(
                "SELECT DISTINCT relname FROM pg_locks JOIN pg_class ON pg_class.oid = relation"
                " WHERE pid = pg_backend_pid() AND relkind = 'r' AND relname LIKE 'activity_%'"
            )
        )
        opened = set(locked.scalars())

    assert len(found) == 20
    assert opened == {
        f"activity_{section}_{part}" for section in sections for part in ("202610", "202611", "rest")
    }
