"""The week's list: what is read, what is asked and not found, what is due."""

from __future__ import annotations

from datetime import date

import pytest

from contracts.errors import Malformed
from services.help.asked import DAY_S, note_read, note_search, vote
from services.help.due import Due, measure
from services.help.library import Library
from services.help.week import Missed, Read, week
from services.platform.database import Database
from services.platform.metrics import FAQ_DUE
from tests.services.help.written import NOW, text


async def test_reads_and_votes_of_the_last_seven_days_are_listed(database: Database) -> None:
    async with database.begin() as connection:
        for at in (NOW - 30 * DAY_S, NOW - DAY_S, NOW):
            await note_read(connection, "limits", "en", at)
        await note_read(connection, "devices", "zh-CN", NOW)
        await vote(connection, "a", "limits", "en", 1, True, NOW)
        await vote(connection, "b", "limits", "en", 1, False, NOW)
        await vote(connection, "c", "limits", "en", 1, False, NOW - 30 * DAY_S)
        found = await week(connection, NOW)

    assert found.read == [Read("limits", "en", 2, 1, 1), Read("devices", "zh-CN", 1, 0, 0)]


async def test_what_was_asked_and_not_found_is_listed_most_asked_first(
    database: Database,
) -> None:
    async with database.begin() as connection:
        for asked, hits, at in (
            ("gift card", 0, NOW), ("Gift card", 0, NOW), ("gold", 0, NOW - 8 * DAY_S), ("limit", 2, NOW),
        ):  # fmt: skip
            await note_search(connection, asked, "en", hits, at)
        found = await week(connection, NOW)

    assert found.missed == [Missed("gift card", "en", 2)]
    assert (found.searches, found.without_hit) == (3, 2)


async def test_a_review_is_due_after_its_day_and_only_of_what_is_shown(
    database: Database, library: Library
) -> None:
    await library.change("late", "en", text(review_by=date(2026, 11, 2)), 0, "key:boss")
    await library.change("hidden", "en", text(review_by=date(2026, 11, 2), shown=False), 0, "key:boss")
    await library.change("early", "en", text(), 0, "key:boss")

    async with database.read() as connection:
        found = await week(connection, NOW)

    assert found.due == [Due("late", "en", date(2026, 11, 2), "the bus team")]


async def test_what_nobody_here_has_reviewed_is_listed_apart_and_both_are_counted(
    database: Database, library: Library
) -> None:
    await library.bring({("new", "en"): text(reviewed_by="", review_by=date(2026, 11, 2))})
    await library.change("late", "en", text(review_by=date(2026, 11, 2)), 0, "key:boss")

    async with database.read() as connection:
        found = await week(connection, NOW)
    await measure(database, NOW)

    assert found.unreviewed == [Due("new", "en", date(2026, 11, 2), "")]
    assert [each.slug for each in found.due] == ["late"]
    assert [FAQ_DUE.labels(why)._value.get() for why in ("unreviewed", "overdue")] == [1, 1]


async def test_a_team_notes_that_it_has_read_an_answer_and_its_words_stay(
    database: Database, library: Library
) -> None:
    await library.bring({("new", "en"): text(reviewed_by=""), ("other", "en"): text(reviewed_by="")})
    noted = await library.review(["new"], "客服团队", date(2027, 5, 1), "cli:lin")
    kept = await library.find("new", "en")

    assert [each.slug for each in noted] == ["new"]
    assert kept is not None
    assert (kept.version, kept.text.reviewed_by, kept.text.body) == (2, "客服团队", text().body)
    async with database.read() as connection:
        assert [each.slug for each in (await week(connection, NOW)).unreviewed] == ["other"]


async def test_a_name_that_no_answer_has_notes_nothing(library: Library) -> None:
    await library.bring({("new", "en"): text(reviewed_by="")})

    with pytest.raises(Malformed, match="there is no answer nwe"):
        await library.review(["new", "nwe"], "the bus team", date(2027, 5, 1), "cli:lin")
    assert [each.version for each in await library.all()] == [1]


async def test_an_empty_week_is_empty(database: Database) -> None:
    async with database.read() as connection:
        found = await week(connection, NOW)

    assert (found.searches, found.without_hit, found.read, found.missed, found.due) == (0, 0, [], [], [])
