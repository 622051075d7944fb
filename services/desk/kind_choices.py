"""What a kind of case may wait for and how it may close, as its file says, in words."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from services.cases.case_work import work_of
from services.cases.kind_files import kinds
from services.cases.states import Case
from services.platform.database import Database
from services.portal.wording import Wording
from services.staff.members import Member, Role


class Choice(Struct, frozen=True):
    """One of several: its name, its words, and its key, if it has one."""

    name: str
    words: str
    key: str = ""
    who: Collection[Role] = ()


def closings(kind: str, locale: str) -> list[Choice]:
    """How a case of the kind may close."""
    return [
        Choice(each.outcome, each.said.in_(locale), each.key, each.who) for each in kinds()[kind].closings
    ]


async def closing_refused(
    database: Database, case: Case, choice: str, member: Member, t: Wording
) -> str | None:
    """Why the member may not close the case so, in words; None where they may. Raises Unavailable."""
    kind = kinds()[case.kind]
    ending = next((each for each in kind.closings if each.outcome == choice), None)
    if ending is None:
        return None
    if member.role not in ending.who:
        return t("off.ending_role")
    if ending.needs is None:
        return None
    async with database.read() as connection:
        if (await work_of(connection, case.case_id)).value(ending.needs):
            return None
    field = kind.field(ending.needs)
    return t("off.needs", field=ending.needs if field is None else field.said.in_(t.locale))


def waits(kind: str, locale: str) -> list[Choice]:
    """What a case of the kind may wait for."""
    found = kinds()[kind].waiting
    return [Choice(each.name, each.said.in_(locale), str(place)) for place, each in enumerate(found, 1)]
