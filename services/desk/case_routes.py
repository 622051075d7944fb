"""HTTP of one case with all that is known of it, for support's tools (scope `support`)."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from fastapi import APIRouter, Request
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cases.case_work import Work
from services.cases.event_views import AboutShown
from services.cases.kind_files import kinds
from services.cases.owner_views import OwnerShown
from services.cases.routes import UNKNOWN, CaseId, Cases, Supporter
from services.cases.states import Case
from services.cases.subjects import NOTHING, Known
from services.cases.views import ActShown, CaseShown, EntryShown, ReportShown
from services.cases.work_views import FieldShown
from services.connect.standing import of_case
from services.connect.ticket_views import TicketShown
from services.desk.case_file import read_file
from services.desk.case_view import telling
from services.desk.frame import words
from services.desk.kind_reading import read_around
from services.desk.service import desk_of
from services.desk.steps_done import Done, step_done
from services.http.problems import RESPONSES, Problem
from services.http.times import utc_if

router = APIRouter(prefix="/v1", tags=["cases"], responses=RESPONSES)
_LOCALE = "en"


class CaseStep(BaseModel):
    """A step of the case's kind, in order. It is `done` by somebody (`done_by`), or by what happened: then `done_by` is null, and
    `done_at` too where nothing says when."""

    step: str
    done: bool
    done_at: datetime | None
    done_by: str | None

    @classmethod
    def of(cls, step: str, done: Done | None) -> Self:
        """The step as shown; `done` is None while it is not."""
        if done is None:
            return cls(step=step, done=False, done_at=None, done_by=None)
        return cls(step=step, done=True, done_at=utc_if(done.at), done_by=done.by)


class CaseWithHistory(BaseModel):
    """A case, all that happened to it, what the account's owner was told of its events, and what can be done now.

    `report` is what the owner reported, where that opened the case; `about` is the event that the report is about. `steps` and
    `fields` are those of the case's kind. `tickets` are the case's in help desks that are connected.
    """

    case: CaseShown
    history: list[EntryShown]
    owner: OwnerShown
    acts: list[ActShown]
    report: ReportShown | None
    about: AboutShown | None
    steps: list[CaseStep]
    fields: list[FieldShown]
    tickets: list[TicketShown]


@router.get("/cases/{case_id:segment}", responses=UNKNOWN)
async def show_case(request: Request, cases: Cases, _key: Supporter, case_id: CaseId) -> CaseWithHistory:
    """One case with its history, oldest first, the decisions that joined it, what its owner was told of them, and what can be
    done now: the acts that belong to each verdict.

    Each shows its event as people recognise it; a case that an owner's report opened says what the report is `about`.
    """
    found = await cases.case(case_id)
    if found is None:
        raise Problem(404, "unknown_case", "there is no such case")
    case, entries = found
    events = {entry.event_id for entry in entries if entry.event_id is not None}
    subject = case.subject_event_id or ""
    known = await cases.known((case.account_id, event_id) for event_id in {*events, subject} - {""})
    told, files = await cases.answers.told(case_id)
    work = await cases.work.of(case_id)
    desk = desk_of(request)
    async with desk.database.read() as connection:
        tickets = await of_case(connection, case_id)
        steps = await _steps(connection, case, work, desk.clock())
    return CaseWithHistory(
        case=CaseShown.of(case),
        history=[
            EntryShown.of(entry, known.get((case.account_id, entry.event_id or ""), NOTHING))
            for entry in entries
        ],
        owner=OwnerShown.of(await cases.owner(case.account_id, {*events, case_id}), addresses=True),
        acts=[ActShown.of(act) for act in await cases.acts(case)],
        report=None if told is None else ReportShown.of(told, files),
        about=AboutShown.of(
            Known(None, case.subject_event_id, known.get((case.account_id, subject), NOTHING).own)
        ),
        steps=steps,
        fields=FieldShown.all_of(work),
        tickets=[TicketShown.of(each) for each in tickets],
    )


async def _steps(connection: AsyncConnection, case: Case, work: Work, now: float) -> list[CaseStep]:
    """Every step of the case's kind; what its evidence needs is read where some step may be done by it."""
    steps = kinds()[case.kind].steps
    if all(step.evidence is None or step.name in work.steps for step in steps):
        ticked = {name: Done(each.done_at, each.done_by) for name, each in work.steps.items()}
        return [CaseStep.of(step.name, ticked.get(step.name)) for step in steps]
    file = await read_file(connection, case, now)
    around = await read_around(connection, file, _LOCALE, now)
    tell = telling(words(_LOCALE), _LOCALE, "UTC", file, "")
    return [CaseStep.of(step.name, step_done(step, around, tell, now)) for step in steps]
