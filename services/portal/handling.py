"""What becomes of an owner's "it was not me": the case it is in, and by when somebody answers. As its owner reads it."""

from __future__ import annotations

from typing import Literal

from fastapi import Request
from msgspec import Struct

from contracts.decisions import effect_id
from notifier import spelled
from services.cases.owner_words import OwnerWord, OwnerWords
from services.cases.references import case_number
from services.cases.states import Case
from services.portal.centre_frame import CENTRE_PREFIX
from services.portal.wording import Wording


class Handling(Struct, frozen=True, kw_only=True):
    """The case of a report: what people call it, where it is in the centre, whether it was `opened` by this report.

    `stands`: nobody has it yet, support is at it, has written, is late, or has ended it. `due` says by when somebody answers.
    """

    number: str
    path: str
    opened: bool
    stands: Literal["waits", "taken", "written", "late", "ended"]
    due: str
    ended_at: float | None = None


async def handling_of(request: Request, word: OwnerWord, t: Wording, time_zone: str) -> Handling | None:
    """The case of the report, on that clock; None where the policy wants none. Raises Unavailable."""
    words: OwnerWords = request.app.state.words
    case = await words.case_of(word)
    return None if case is None else handled(case, word, words.now(), t, time_zone)


def handled(case: Case, word: OwnerWord, now: float, t: Wording, time_zone: str) -> Handling:
    """The same of a case, at that time (epoch seconds)."""
    due_at = case.first_response_due_at
    stands: Literal["waits", "taken", "written", "late", "ended"] = (
        "taken" if case.state == "in_review" else "waits"
    )
    if case.state == "resolved":
        stands = "ended"
    elif case.first_answered_at is not None:
        stands = "written"
    elif due_at is not None and due_at < now:
        stands = "late"
    return Handling(
        number=case_number(case.case_id),
        path=f"{CENTRE_PREFIX}/cases/{case.case_id}",
        opened=case.case_id == effect_id(word.account_id, word.event_id, "open_case"),
        stands=stands,
        due="" if due_at is None else said_soon(due_at, now, t, time_zone),
        ended_at=case.resolved_at,
    )


def said_soon(at: float, now: float, t: Wording, time_zone: str) -> str:
    """A moment (epoch seconds) as somebody says it who is in the day of `now`: "11:12 today", "今天 11:12"."""
    days = (spelled.date_of(at, time_zone) - spelled.date_of(now, time_zone)).days
    if days in (0, 1):
        return t("site.today" if days == 0 else "site.tomorrow", at=spelled.clock(at, time_zone))
    return spelled.moment(at, t.locale, time_zone)
