"""How a test reads a case: as an agent in Shanghai who reads English, or Chinese."""

from __future__ import annotations

from functools import cache

from detectors import discover
from notifier.facts import Reader
from notifier.words import words
from services.cases.case_rows import case_of
from services.desk.case_file import CaseFile, read_file
from services.desk.case_view import Known, telling
from services.desk.limits import PolicyLimits
from services.desk.story_parts import Telling
from services.platform.database import Database
from services.policy.file import read_policy
from services.portal.wording import wording
from services.scoring.explain import reasons_of

ACTOR = "staff:wang.min"


@cache
def known() -> Known:
    return Known(reasons_of([found.spec for found in discover()]), PolicyLimits(read_policy()))


def tell_of(file: CaseFile, locale: str = "en", time_zone: str = "Asia/Shanghai") -> Telling:
    return telling(wording(locale, "services.desk"), locale, time_zone, file, ACTOR)


async def file_of(database: Database, case_id: str, now: float, days: int = 3) -> CaseFile:
    async with database.read() as connection:
        case = await case_of(connection, case_id, lock=False)
        assert case is not None
        return await read_file(connection, case, now, days)


def reader_in(locale: str) -> Telling:
    """A reader without a case."""
    return Telling(
        t=wording(locale, "services.desk"), reader=Reader(words(locale), "Asia/Shanghai"), actor=ACTOR
    )
