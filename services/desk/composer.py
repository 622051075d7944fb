"""What can be sent to an owner as it stands: the messages of the case's kind, and those that fit any case."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from services.cases.kind_files import kinds
from services.cases.references import case_number
from services.cases.states import Case
from services.desk.frame import words
from services.desk.ready_messages import messages_for
from services.desk.service import Desk
from services.http.problems import Problem
from services.staff.members import Member

#: Messages that support may send in any case.
ANY_CASE = ("call_back", "stopped", "reset", "works_again", "more_time")
#: So long after it was shown a message may be sent.
GOOD_S = 3600.0
_OF_KIND = "kind."
_MOST_KEYS = 9


class Pick(Struct, frozen=True, kw_only=True):
    """A message to choose: what support calls it, its key, and its words in the owner's language."""

    name: str
    said: str
    key: str
    locale: str
    text: str


def check_of(case: Case, locale: str, service: str) -> Pick:
    """The message that goes with a code that is asked for."""
    text = words(locale)("template_text.check", number=case_number(case.case_id), service=service)
    return Pick(name="check", said="", key="", locale=locale, text=text)


async def picks(desk: Desk, case: Case, member: Member, now: float, locale: str) -> list[Pick]:
    """All of them as they read at that time, of a report those of its kind first; `locale` is the owner's. Raises Unavailable."""
    t, own = words(member.locale), words(locale)
    _, of_kind = await messages_for(desk, case.case_id, member, now)
    special = [(f"{_OF_KIND}{each.name}", each.said, each.locale, each.text) for each in of_kind]
    number = case_number(case.case_id)
    usual = [
        (
            name,
            t(f"template.{name}"),
            locale,
            own(f"template_text.{name}", number=number, service=desk.service),
        )
        for name in ANY_CASE
    ]
    found = [*usual, *special] if case.kind == "risk" else [*special, *usual]
    return [
        Pick(name=name, said=said, key=str(place) if place <= _MOST_KEYS else "", locale=in_, text=text)
        for place, (name, said, in_, text) in enumerate(found, 1)
    ]


def picked(found: Sequence[Pick], name: str, kind: str) -> Pick:
    """The one of that name, else what usually comes next in a case of the kind, else the first."""
    usual = {f"{_OF_KIND}{macro.name}" for macro in kinds()[kind].macros if macro.ready}
    named = [each for each in found if each.name == name]
    return next(iter([*named, *(each for each in found if each.name in usual), *found]))


def shown_at(said: str, now: float) -> float:
    """When the message was shown, so that it is sent as it was read. Raises Problem 409 after an hour."""
    try:
        at = float(said)
    except ValueError:
        at = 0.0
    if not now - GOOD_S <= at <= now:
        raise Problem(
            409, "page_too_old", "the message was shown too long ago; open it again and send it then"
        )
    return at
