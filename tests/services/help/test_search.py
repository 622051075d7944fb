"""The search finds what people mean: the questions of `questions.toml`, and the kinds of writing behind them."""

from __future__ import annotations

import asyncio
import shutil
import tomllib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from benchmarks.parts.real_parts import PostgresServer
from services.help.articles import LOCALES
from services.help.library import Library
from services.help.search import Found, search
from services.platform.database import Database
from tests.services.cases.databases import KINDS, MIGRATED, opened
from tests.services.help.written import FACTS, NOW, text

QUESTIONS = tomllib.loads(Path(__file__).with_name("questions.toml").read_text())


@pytest.fixture(scope="module", params=KINDS)
def helped_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, migrated_file: Path
) -> Iterator[str]:
    """URL of a database with every answer that PayGuard brings, one of each kind for all of these tests."""
    if request.param == "sqlite":
        file = shutil.copy(migrated_file, tmp_path_factory.mktemp("help") / "help.db")
        asyncio.run(bring(url := f"sqlite:///{file}"))
        yield url
        return
    server: PostgresServer = request.getfixturevalue("migrated_postgres")
    asyncio.run(bring(url := server.new_database("help", MIGRATED)))
    yield url
    server.drop_database("help")


async def bring(url: str) -> None:
    database = opened(url)
    await Library(database, lambda: NOW, FACTS).bring()
    await database.close()


@pytest.fixture
async def helped(helped_url: str) -> AsyncIterator[Database]:
    database = opened(helped_url)
    yield database
    await database.close()


async def found(database: Database, asked: str, locale: str = "en") -> Found:
    async with database.read() as connection:
        return await search(connection, asked, locale)


async def first(database: Database, asked: str, locale: str = "en") -> str:
    return next((hit.slug for hit in (await found(database, asked, locale)).hits), "")


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("part", ["tuned", "kept"])
async def test_the_first_hit_is_right_nine_times_in_ten(helped: Database, locale: str, part: str) -> None:
    wrong = [
        (asked, hit)
        for asked, right in QUESTIONS[locale][part]
        if (hit := await first(helped, asked, locale)) != right
    ]

    assert len(QUESTIONS[locale][part]) == 20
    assert len(wrong) <= 2, wrong


@pytest.mark.parametrize(
    "word", ["充值", "限额", "解冻", "密码", "退款", "注销", "手机", "诈骗", "余额", "闪退"]
)
async def test_a_word_of_two_characters_is_found(helped: Database, word: str) -> None:
    assert (await found(helped, word, "zh-CN")).hits


@pytest.mark.parametrize(
    ("asked", "right"),
    [
        ("pasword", "forgot-password"),
        ("FORGOT   PASSWORD!!!", "forgot-password"),
        ("passwords forgotten", "forgot-password"),
        ("I can’t log in", "forgot-password"),
        ("money not there", "top-up-missing"),
        ("app crashes", "payment-network"),
        ("app keeps crashing", "payment-network"),
        ("acount frozen", "account-frozen"),
        ("top-up", "top-up-how"),
        ("topup", "top-up-how"),
        ("２FA", "authenticator-setup"),
    ],
)
async def test_forms_slips_and_synonyms_are_one(helped: Database, asked: str, right: str) -> None:
    assert await first(helped, asked) == right


@pytest.mark.parametrize(
    ("asked", "right"),
    [
        ("密碼忘記了", "forgot-password"),
        ("帐号登陆不了，密码忘了", "forgot-password"),
        ("ＡＰＰ 闪退", "payment-network"),
        ("充值 没到账", "top-up-missing"),
        ("“充值没到账”？？？", "top-up-missing"),
    ],
)
async def test_other_ways_to_write_chinese_are_read(helped: Database, asked: str, right: str) -> None:
    assert await first(helped, asked, "zh-CN") == right


async def test_who_asks_in_the_other_language_is_answered_in_it(helped: Database) -> None:
    chinese, english = await found(helped, "忘记密码", "en"), await found(helped, "forgot password", "zh-CN")

    assert (chinese.locale, chinese.hits[0].slug) == ("zh-CN", "forgot-password")
    assert (english.locale, english.hits[0].slug) == ("en", "forgot-password")


@pytest.mark.parametrize(
    ("asked", "locale"),
    [
        ("gift card in euro", "en"),
        ("what is the weather", "en"),
        ("best pizza", "en"),
        ("asdfgh", "en"),
        ("欧元礼品卡", "zh-CN"),
        ("今天天气怎么样", "zh-CN"),
        ("股票推荐", "zh-CN"),
        ("", "en"),
        ("？！", "zh-CN"),
        ("the of a", "en"),
        ("' OR 1=1 --", "en"),
    ],
)
async def test_what_no_answer_is_about_finds_nothing(helped: Database, asked: str, locale: str) -> None:
    assert (await found(helped, asked, locale)).hits == []


async def test_a_very_long_question_is_read_in_part(helped: Database) -> None:
    assert await first(helped, "forgot password " + "zebra " * 5000) == "forgot-password"


async def test_a_new_answer_is_found_at_once_and_one_taken_out_is_not(helped: Database) -> None:
    library = Library(helped, lambda: NOW, FACTS)

    await library.change("bus", "en", text(), 0, "key:boss")
    there = await first(helped, "bus fare")
    await library.change("bus", "en", text(shown=False), 1, "key:boss")

    assert there == "bus"
    assert await first(helped, "bus fare") != "bus"
