"""HTTP of a case's story, for support's tools (scope `support`): the same lines as on the desk's page."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from services.cases.case_rows import case_of
from services.desk import story
from services.desk.case_file import read_file
from services.desk.case_paths import CaseId
from services.desk.case_view import telling
from services.desk.frame import words
from services.desk.service import desk_of
from services.desk.story_parts import Day, Gap, Line, Sign
from services.http.api_keys import ApiKey, require
from services.http.problems import RESPONSES, Problem, problem_answer
from services.http.times import utc

router = APIRouter(prefix="/v1", tags=["cases"], responses=RESPONSES)
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: problem_answer("There is no such case.")}
Locale = Literal["zh-CN", "en"]


class StoryLine(BaseModel):
    """Something that happened, in words; `outcome` is how it ended. Of kind `gap` it says what is missing before the next line.

    `of_case`: it belongs to the case; `opened_it`: because of it the case is there; `severe`: the case turns on it;
    `unconfirmed`: the wallet has not said that it is done. `count` things of a kind may stand in one line. Addresses are masked.
    """

    at: datetime
    kind: Literal[Sign, "gap"]
    words: str
    outcome: str
    event_id: str | None
    of_case: bool
    opened_it: bool
    severe: bool
    unconfirmed: bool
    count: int

    @classmethod
    def of(cls, line: Line | Gap) -> Self:
        """The line as shown."""
        if isinstance(line, Gap):
            line = Line(at=line.at, sign="case", words=line.words, count=0)
            return cls._of(line, "gap")
        return cls._of(line, line.sign)

    @classmethod
    def _of(cls, line: Line, kind: Sign | Literal["gap"]) -> Self:
        return cls(
            at=utc(line.at),
            kind=kind,
            words=line.words,
            outcome=line.outcome,
            event_id=line.event_id,
            of_case=line.of_case,
            opened_it=line.opened,
            severe=line.severe,
            unconfirmed=line.unconfirmed,
            count=line.count,
        )


class StoryShown(BaseModel):
    """A case's story, oldest line first: of the `known_days` of its account the last `shown_days` before the case, and all since.

    `cut`: older lines of these days were left out.
    """

    case_id: str
    shown_days: int
    known_days: int
    cut: bool
    lines: list[StoryLine]


@router.get("/cases/{case_id:segment}/story", responses=_UNKNOWN)
async def case_story(
    request: Request,
    _key: Annotated[ApiKey, Depends(require("support"))],
    case_id: CaseId,
    locale: Locale = "en",
    days: Annotated[int, Query(ge=1, le=story.ALL_DAYS, description="Days before the case.")] = 3,
) -> StoryShown:
    """What happened around a case, one line an event: sign-ins, changes, money, codes, messages and how they fared, the owner's
    answers, what the wallet was asked and said, and acts of staff. Clocks in words are UTC."""
    desk = desk_of(request)
    now = desk.clock()
    async with desk.database.read() as connection:
        case = await case_of(connection, case_id, lock=False)
        if case is None:
            raise Problem(404, "unknown_case", "there is no such case")
        file = await read_file(connection, case, now, days)
    told = story.told(file, telling(words(locale), locale, "UTC", file, ""), days)
    lines = [StoryLine.of(item) for item in told.items if not isinstance(item, Day)]
    return StoryShown(
        case_id=case_id,
        shown_days=told.shown_days,
        known_days=told.known_days,
        cut=told.cut,
        lines=lines,
    )
