"""What a kind of case may wait for and how it may close, as its file says, in words."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct

from services.cases.kind_files import kinds
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


def closing_refused(kind: str, choice: str, member: Member, t: Wording) -> str | None:
    """Why a member of that role may not close a case of the kind so, in words; None where they may."""
    ending = kinds()[kind].ending(choice)
    return None if ending is None or member.role in ending.who else t("off.ending_role")


def waits(kind: str, locale: str) -> list[Choice]:
    """What a case of the kind may wait for."""
    found = kinds()[kind].waiting
    return [Choice(each.name, each.said.in_(locale), str(place)) for place, each in enumerate(found, 1)]
