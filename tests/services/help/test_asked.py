"""What is kept of a question says nothing of who asks, and counts once."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from services.help.asked import MOST_WORDS, note_opened, note_read, note_search, vote, voted, without_private
from services.help.tables import faq_reads, faq_searches
from services.platform.database import Database
from tests.services.help.written import NOW


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ("my card 6222 0212 3456 7890 failed", "my card … failed"),
        ("1 3 8 1 2 3 4 5 6 7 8", "…"),
        ("转给１３８１２３４５６７８的5000元", "转给 … 的 … 元"),
        ("电话一三八零零一三八零零零", "电话 …"),
        ("call me on one three eight one", "call me on …"),
        ("li.wei@example.com 收不到", "… 收不到"),
        ("写信到李伟@例子.公司。没有回信", "… 。没有回信"),
        ("@alice has my money", "… has my money"),
        ("paid chen-wei-4471, PG-7F3K-92", "paid …"),
        ("what is http://a.example/x?y=z and www.b.example/q", "what is … and …"),
        ("evil-bank.com wants my code", "… wants my code"),
        ("from 203.0.113.9 or fe80::a:b", "from … or …"),
        ("sent to 12 Baker Street by mistake", "sent to … by mistake"),
        ("寄到北京市朝阳区建国路88号的快递", "… 的快递"),
        ("住在南京路100弄", "…"),
        ("IBAN DE89 3704 0044 0532 0130 00", "IBAN …"),
        ("2FA does not work", "2FA does not work"),
        ("手机号换了", "手机号换了"),
        ("the road to my account", "the road to my account"),
        ("a\nb\x00c", "a b c"),
    ],
)
def test_numbers_and_addresses_are_gone_and_the_question_is_left(asked: str, kept: str) -> None:
    assert without_private(asked) == kept


@given(st.text(max_size=300))
def test_no_digit_and_no_mail_address_is_ever_kept(asked: str) -> None:
    kept = without_private(asked)

    assert not re.search(r"\d", re.sub("2fa", "", kept, flags=re.IGNORECASE))
    assert "@" not in kept
    assert len(kept) <= MOST_WORDS


async def test_of_a_search_the_answer_that_was_opened_first_is_kept(database: Database) -> None:
    async with database.begin() as connection:
        search_id = await note_search(connection, "top up 500 late", "en", 3, NOW)
        await note_opened(connection, search_id, "top-up-missing")
        await note_opened(connection, search_id, "limits")
        row = (await connection.execute(select(faq_searches))).one()

    assert (row.words, row.hits, row.opened) == ("top up … late", 3, "top-up-missing")


async def test_reads_are_counted_by_day(database: Database) -> None:
    async with database.begin() as connection:
        for at in (NOW, NOW + 1.0, NOW + 86_400.0):
            await note_read(connection, "limits", "en", at)
        rows = (await connection.execute(select(faq_reads.c.reads).order_by(faq_reads.c.day))).scalars()

    assert list(rows) == [2, 1]


async def test_a_second_vote_takes_the_place_of_the_first(database: Database) -> None:
    async with database.begin() as connection:
        before = await voted(connection, "v")
        for useful in (True, False):
            await vote(connection, "v", "limits", "en", 1, useful, NOW)
        after = await voted(connection, "v")

    assert (before, after) == (None, False)
