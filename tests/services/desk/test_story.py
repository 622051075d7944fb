"""The story of a case, told to an agent: one line an event, and what is missing named."""

from __future__ import annotations

import asyncio
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from msgspec.structs import replace

from services.activity.repository import ActivityStore
from services.desk import story
from services.desk.case_file import CaseFile
from services.desk.story_parts import Day, Gap, Line
from services.platform.database import Database
from tests.services.cases.databases import opened
from tests.services.desk import worked
from tests.services.desk.telling import file_of, tell_of

NOW = 1_790_000_000.0


@pytest.fixture(scope="module")
def file(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> CaseFile:
    """The case as it was read once."""
    path = tmp_path_factory.mktemp("worked") / "worked.db"
    shutil.copy(migrated_file, path)

    async def read() -> CaseFile:
        database = opened(f"sqlite:///{path}")
        found = await file_of(database, await worked.live(database, NOW), NOW, 400)
        await database.close()
        return found

    with ThreadPoolExecutor(1) as beside:
        return beside.submit(asyncio.run, read()).result()


def _lines(told: story.Story) -> list[str]:
    return [
        f"{item.words} = {item.outcome}" if isinstance(item, Line) else f"{type(item).__name__}: {item.words}"
        for item in told.items
    ]


async def test_a_story_has_one_line_an_event_across_all_that_is_kept(database: Database) -> None:
    file = await file_of(database, await worked.live(database, NOW), NOW)

    told = story.told(file, tell_of(file))

    lines = _lines(told)
    assert [
        "Day: Sat 19 Sep 2026",
        "Signed in, iPhone or iPad, Shanghai = passed",
        "Paid CNY 86.00 to hema-fresh = passed",
        "Gap: nothing for 1 d 23 h, as often here",
        "Day: Mon 21 Sep 2026",
        "Signed in, iPhone or iPad, Shanghai = passed",
        "Paid CNY 42.50 to didi = passed",
        "Gap: 29 min; no place known for 6 events (hosting network)",
        "6 sign-ins failed, from 5 networks = refused",
        "Signed in, Android device, Manila, VPN = code asked",
        "Code right at try 2, 14 s = passed",
        "New mail address, VPN = notified",
    ] == lines[:12]
    assert "Mail l•••@qq.example → a•••@proton.example = old one told" in lines
    assert "CNY 18,000.00 to chen-wei-4471 = held, 91" in lines
    assert "Case opened, critical = " in lines
    assert "Owner: not me, by the letter’s link = 22:09:20" in lines
    assert ["Outgoing money frozen = wallet 0.8 s", "Sessions to end = no answer"] == sorted(lines[-2:])
    assert any(line.startswith("“Held” by mail PG-") and line.endswith("delivered 3 s") for line in lines)


def test_the_events_of_the_case_and_what_opened_it_are_marked(file: CaseFile) -> None:
    lines = [item for item in story.told(file, tell_of(file)).items if isinstance(item, Line)]

    assert ["login", "login", "code", "change", "money", "answer"] == [
        each.sign for each in lines if each.of_case
    ]
    assert ["t-held", "r-not-me"] == [each.event_id for each in lines if each.opened and each.severe]
    assert ["Sessions to end"] == [each.words for each in lines if each.unconfirmed]


def test_more_days_are_behind_a_link_until_all_are_shown(file: CaseFile) -> None:
    shown = [story.told(file, tell_of(file), days) for days in (3, 30, 400)]

    assert [30, 400, None] == [each.more for each in shown]
    assert [410] * 3 == [each.known_days for each in shown]
    assert sorted(len(each.items) for each in shown) == [len(each.items) for each in shown]


async def test_an_account_of_thousands_of_events_tells_a_bounded_story(database: Database) -> None:
    case_id = await worked.live(database, NOW)
    store = ActivityStore(database, {"money": 400, "access": 400}, lambda: NOW)
    await store.write(
        [worked.paid(f"much-{index}", NOW - 300 - index, "1.00", "didi") for index in range(3000)]
    )

    file = await file_of(database, case_id, NOW, 400)

    told = story.told(file, tell_of(file), story.ALL_DAYS)
    assert len([item for item in told.items if isinstance(item, Line)]) == story.MOST_LINES
    assert told.cut
    assert file.decided is not None


def test_silence_is_named_by_what_is_usual_for_the_account(file: CaseFile) -> None:
    tell, usual = tell_of(file), story.usual_silence_s(file)
    assert usual is not None

    silent = [row for row in file.rows if row.at < NOW - 200 * 86_400.0 or row.at > NOW - 3600.0]
    gaps = [
        item.words
        for item in story.told(replace(file, rows=silent, first_at=None), tell, 400).items
        if isinstance(item, Gap)
    ]

    assert any(gap.endswith("unusual here") for gap in gaps)


def test_a_story_is_told_in_chinese(file: CaseFile) -> None:
    told = story.told(file, tell_of(file, "zh-CN"))

    lines = _lines(told)
    assert "Gap: 间隔 29 分钟；6 个事件地点不明（机房网络）" in lines
    assert "本人：不是我，来自消息中的链接 = 22:09:20" in lines
    assert not any("{" in line for line in lines)


def test_days_are_those_of_the_readers_zone(file: CaseFile) -> None:
    days = [
        [
            item.words
            for item in story.told(file, tell_of(file, time_zone=zone)).items
            if isinstance(item, Day)
        ]
        for zone in ("Asia/Shanghai", "Pacific/Kiritimati")
    ]

    assert days[0] != days[1]
