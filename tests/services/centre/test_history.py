"""The list in SQL, on both databases: rows and messages as one, each once, however the pages are cut."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.activity.repository import ActivityStore
from services.activity.rows import Row
from services.cases.news import News, put_news
from services.cases.references import reference
from services.cases.tables import notices
from services.centre.devices import devices_of
from services.centre.history import Found, Search, page_of
from services.platform.database import Database
from tests.services.cases.databases import database, database_url, migrated_file  # noqa: F401
from tests.services.centre.lived import DAY_S, HOUR_S, LAPTOP, PHONE, STRANGER, held, past, row
from tests.services.centre.made import NAMES

NOW = 1_800_000_000.0


async def write(database: Database, rows: list[Row]) -> None:  # noqa: F811
    await ActivityStore(database, {"money": 400, "access": 400}, lambda: NOW).write(rows)


async def told(database: Database, notice_id: str, at: float) -> None:  # noqa: F811
    async with database.begin() as connection:
        await put_news(connection, notice_id, "e", "li", "account_locked", News(at=at))
        await connection.execute(notices.update().values(state="delivered"))


async def page(database: Database, **more: object) -> Found:  # noqa: F811
    async with database.read() as connection:
        return await page_of(connection, "li", "all", NOW, **more)  # type: ignore[arg-type]


def name(item: object) -> str:
    return str(getattr(item, "notice_id", None) or getattr(item, "event_id"))  # noqa: B009


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 50])
async def test_rows_and_messages_are_one_list_however_it_is_cut(database: Database, limit: int) -> None:  # noqa: F811
    same = [row(f"s{number}", NOW - 600.0, "login") for number in range(4)]
    await write(database, past(NOW) + same)
    for number in range(5):
        await told(database, f"{number}" * 32, NOW - 600.0 * (number + 1) / 2)
    whole = [name(each) for each in (await page(database, limit=99)).items]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        found = await page(database, limit=limit, cursor=cursor)
        seen += [name(each) for each in found.items]
        cursor = found.cursor
        if cursor is None:
            break

    assert seen == whole
    assert len(set(seen)) == len(seen) == 16


async def test_a_message_is_found_by_its_reference_however_it_is_typed(database: Database) -> None:  # noqa: F811
    await told(database, "7" * 32, NOW - 5.0)
    await told(database, "a" * 32, NOW - 9.0)
    typed = reference("a" * 32).lower().replace("-", " ")

    assert [name(each) for each in (await page(database, search=Search(typed))).items] == ["a" * 32]


async def test_what_was_stopped_is_known_of_each_row(database: Database) -> None:  # noqa: F811
    await write(database, past(NOW))
    await held(database, NOW)

    assert (await page(database)).fates == {"held": "held"}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(typed=st.text(max_size=20))
async def test_whatever_is_typed_finds_or_finds_nothing(database: Database, typed: str) -> None:  # noqa: F811
    found = await page(database, search=Search(typed.replace("\0", "") or "x"))

    assert found.items == []


async def test_devices_are_listed_by_their_last_use_within_90_days(database: Database) -> None:  # noqa: F811
    rows = [
        *past(NOW),
        row("old", NOW - 91 * DAY_S, "login", "li-old"),
        row("edge", NOW - 89 * DAY_S, "login", "li-edge"),
    ]
    await write(database, rows)
    async with database.read() as connection:
        found = await devices_of(connection, "li", {}, NOW)
    names = [NAMES.key_of("device", each) for each in (STRANGER, PHONE, LAPTOP, "li-edge")]

    assert [each.key for each in found] == names
    assert (found[0].event_id, found[1].first_at) == ("l2", NOW - 29 * HOUR_S)
