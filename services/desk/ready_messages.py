"""Messages of a case's kind as they are read for a page: all of them, and the one that goes with an ending."""

from __future__ import annotations

from services.cases.case_deadlines import deadlines_of
from services.cases.case_rows import case_of
from services.cases.kind_files import kinds
from services.cases.states import Case
from services.desk.advice_answers import PICKED
from services.desk.case_file import CaseFile, read_file
from services.desk.case_view import telling
from services.desk.frame import words
from services.desk.kind_messages import Ready, messages_of
from services.desk.kind_reading import read_around
from services.desk.service import Desk
from services.http.problems import Problem
from services.staff.members import Member


async def messages_for(
    desk: Desk, case_id: str, member: Member, now: float, picked: str = ""
) -> tuple[Case, list[Ready]]:
    """The case, and its kind's messages as they read at that time, with the answer that was picked. Raises Problem 404."""
    async with desk.database.read() as connection:
        case = await case_of(connection, case_id, lock=False)
        if case is None:
            raise Problem(404, "unknown_case", "there is no such case")
        file = await read_file(connection, case, now)
        locale = owner_locale(file)
        around = await read_around(connection, file, locale, now)
    tell = telling(words(member.locale), member.locale, member.time_zone, file, member.actor)
    owner = telling(words(locale), locale, tell.owner_zone, file, "")
    due = deadlines_of(case, desk.deadlines, now)
    return case, messages_of(around, tell, owner, due, desk.deadlines.regulator.in_(locale), now, picked)


async def closing_message(
    desk: Desk, case: Case, outcome: str, member: Member, picked: str = ""
) -> Ready | None:
    """What the owner is told with that ending; None where it has no message, or one with a gap that nobody has filled.

    Where an answer of the help was `picked`, that.
    """
    ending = next((each for each in kinds()[case.kind].closings if each.outcome == outcome), None)
    if ending is None or ending.macro is None:
        return None
    _, found = await messages_for(desk, case.case_id, member, desk.clock(), picked)
    wanted = PICKED if picked else ending.macro
    ready = next((each for each in found if each.name == wanted), None)
    if ready is None:
        return None
    return None if words(ready.locale)("message.gap_answer") in ready.text else ready


def owner_locale(file: CaseFile) -> str:
    """The owner's language; Chinese where nobody has said."""
    point = next((each for each in reversed(file.points) if each.until is None), None)
    return "zh-CN" if point is None else point.locale
