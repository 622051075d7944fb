"""The work on a case by form: steps that are ticked or taken back, and fields that are filled in."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from services.cases.case_rows import Conflict
from services.cases.case_work import Refused
from services.cases.kind_files import kinds
from services.cases.kind_shapes import ROLES
from services.cases.states import Case, IllegalTransition
from services.desk.case_file import CaseFile
from services.desk.case_header import Header
from services.desk.case_paths import CaseId
from services.desk.case_view import telling
from services.desk.frame import form, go_to, words
from services.desk.kind_reading import Around, read_around
from services.desk.kind_views import kind_values
from services.desk.money_view import money_values
from services.desk.ready_messages import owner_locale
from services.desk.service import Desk, desk_of
from services.desk.story_parts import Telling
from services.http.problems import Problem
from services.staff.access import Agent
from services.staff.members import Member

router = APIRouter(prefix="/desk", include_in_schema=False)


async def read_kind(connection: AsyncConnection, file: CaseFile, now: float) -> Around | None:
    """What a case of a kind besides risk needs read; of risk, nothing."""
    return None if file.case.kind == "risk" else await read_around(connection, file, owner_locale(file), now)


def kind_view(
    desk: Desk, around: Around | None, head: Header, tell: Telling, member: Member, now: float
) -> dict[str, Any]:
    """What the page of a case of a kind besides risk has in place of a decision; of risk, nothing."""
    if around is None:
        return {"k": None}
    locale = owner_locale(around.file)
    owner = telling(words(locale), locale, tell.owner_zone, around.file, "")
    values = kind_values(around, head, desk.deadlines, tell, owner, member.role, now)
    return {**values, "k": {**values["k"], **money_values(around, desk.service, tell)}}


@router.post("/cases/{case_id:segment}/steps/{step}")
async def tick_step(request: Request, member: Agent, case_id: CaseId, step: str) -> Response:
    """Tick the step, or take it back."""
    fields, _ = await form(request)
    role = next((each for each in ROLES if each == member.role), None)
    work, done = desk_of(request).cases.work, fields.get("done") != "no"
    version = _version(fields.get("version"))
    await _done(work.tick(case_id, step, member.actor, version, done=done, role=role))
    return go_to(request, f"/desk/cases/{quote(case_id, safe='')}#steps")


@router.post("/cases/{case_id:segment}/fields")
async def fill_fields(request: Request, member: Agent, case_id: CaseId) -> Response:
    """Fill in the fields that the form names; one that is left as it was stays so, with who wrote it."""
    fields, _ = await form(request)
    values = {name: value for name, value in fields.items() if name != "version"}
    known = {field.name for kind in kinds().values() for field in kind.fields}
    role = next((each for each in ROLES if each == member.role), None)
    work, version = desk_of(request).cases.work, _version(fields.get("version"))
    wanted = {name: value for name, value in values.items() if name in known}
    await _done(work.fill(case_id, wanted, member.actor, version, role=role))
    return go_to(request, f"/desk/cases/{quote(case_id, safe='')}#fields")


def _version(said: str | None) -> int | None:
    if said is None or not said.isdigit() or len(said) > 9:
        raise Problem(422, "invalid_form", "the form was not made by the case's page")
    return int(said)


async def _done(working: Awaitable[Case | None]) -> None:
    try:
        case = await working
    except (IllegalTransition, Conflict) as error:
        raise Problem(409, "conflict", f"{error}; nothing was written. Open the case again.") from None
    except Refused as error:
        raise Problem(403, "role_too_small", str(error)) from None
    if case is None:
        raise Problem(404, "unknown_case", "there is no such case")
