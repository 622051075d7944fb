"""The library keeps every version, lets nobody write over another, and brings what PayGuard brings once."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select

from services.audit.audit_log import rows
from services.help.articles import SHIPPED, Locale
from services.help.library import Changed, Library
from services.help.tables import faq, faq_terms
from services.platform.database import Database
from tests.services.help.written import text


async def count(database: Database) -> int:
    async with database.read() as connection:
        return int(await connection.scalar(select(func.count()).select_from(faq)) or 0)


async def test_each_version_is_kept_and_the_last_is_shown(library: Library) -> None:
    await library.change("bus", "en", text(), 0, "key:boss")
    await library.change("bus", "en", text(title="Coins"), 1, "key:mei")

    now, before = await library.find("bus", "en"), await library.find("bus", "en", 1)

    assert now is not None
    assert before is not None
    assert (now.version, now.text.title, now.written_by) == (2, "Coins", "key:mei")
    assert (before.text.title, before.written_by) == ("Coins for the bus", "key:boss")
    assert [each.version for each in await library.versions("bus", "en")] == [2, 1]


async def test_who_has_not_read_the_last_version_writes_nothing(library: Library, database: Database) -> None:
    await library.change("bus", "en", text(), 0, "key:boss")

    for follows in (0, 2):
        with pytest.raises(Changed) as raised:
            await library.change("bus", "en", text(title="Mine"), follows, "key:mei")
        assert raised.value.current == 1

    assert await count(database) == 1


async def test_of_two_at_once_one_writes(library: Library, database: Database) -> None:
    both = await asyncio.gather(
        *(library.change("bus", "en", text(title=name), 0, "key:boss") for name in ("One", "Two")),
        return_exceptions=True,
    )

    assert sorted(type(each).__name__ for each in both) == ["Article", "Changed"]
    assert await count(database) == 1


async def test_the_audit_says_who_wrote_what(library: Library, database: Database) -> None:
    await library.change("bus", "en", text(), 0, "key:boss")

    [row] = await rows(database, action="faq_changed")

    assert (row.entry.actor, row.entry.reason, row.entry.account_id) == ("key:boss", "bus en version 1", None)


async def test_what_payguard_brings_comes_once_and_leaves_alone_what_was_changed_here(
    library: Library,
) -> None:
    mine: tuple[str, Locale] = ("bus", "en")
    theirs: tuple[str, Locale] = ("train", "en")
    first = await library.bring({mine: text(), theirs: text(title="Trains")})
    again = await library.bring({mine: text(), theirs: text(title="Trains")})
    await library.change("bus", "en", text(title="Ours"), 1, "key:boss")
    newer = await library.bring({mine: text(title="Newer"), theirs: text(title="Newer trains")})

    kept = {each.slug: each for each in await library.all()}

    assert (first, again, newer) == (2, 0, 1)
    assert (kept["bus"].text.title, kept["train"].text.title) == ("Ours", "Newer trains")
    assert kept["train"].written_by == SHIPPED


async def test_an_answer_that_is_not_shown_leaves_the_index(library: Library, database: Database) -> None:
    await library.change("bus", "en", text(), 0, "key:boss")
    await library.change("bus", "en", text(shown=False), 1, "key:boss")

    async with database.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(faq_terms)) == 0
