"""Files that staff put beside a case, by the act's form, and any file of a case to be saved, which the audit notes."""

from __future__ import annotations

import re
from typing import Annotated, cast

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from services.cases.acts.asked import Asked
from services.cases.acts.service import REFUSALS, refusal
from services.cases.case_rows import Conflict
from services.desk.act_pages import case_page, found_act, show_act
from services.desk.case_paths import CaseId
from services.desk.frame import go_to, headers, on_clock, require_own_page, require_token, words
from services.desk.offered import off_words
from services.desk.service import desk_of
from services.http.problems import Problem
from services.http.uploads import Uploads
from services.mfa.vault import VaultClosed
from services.reports.pictures import FileRefused
from services.reports.routes import attachment
from services.reports.service import ReportService
from services.staff.access import Agent

router = APIRouter(prefix="/desk", include_in_schema=False)
_ACT_ID = re.compile(r"[0-9a-f]{32}")
_MOST_NUMBER = 999


@router.post("/cases/{case_id:segment}/acts/file")
async def add_file(request: Request, member: Agent, case_id: CaseId) -> Response:
    """Put a file beside the case. What is not taken shows the act's page again, which says why."""
    require_own_page(request)
    act, situation = await found_act(request, case_id, "file", member)
    uploads: Uploads = request.app.state.uploads
    async with uploads.form(request) as (fields, files):
        await require_token(request, fields.get("csrf", ""))
        act_id, version = fields.get("act_id", ""), fields.get("version", "")
        if not _ACT_ID.fullmatch(act_id) or not version.isdigit():
            raise Problem(422, "invalid_act", "the form was not made by the act's page")
        shown = request, member, act, situation, Asked(), int(version)
        if len(files) != 1:
            return await show_act(*shown, 422, wrong="file", act_id=act_id)
        name, body = files[0]
        try:
            file = await _reports(request).attached(body, name)
            asked = Asked(file=file.digest)
            await desk_of(request).acts.ask(case_id, "file", asked, member, None, act_id, file=file)
        except FileRefused as refused:
            return await show_act(*shown, 422, wrong=f"file_{refused.why}", act_id=act_id)
        except Conflict as error:
            raise Problem(409, "conflict", str(error)) from None
        except REFUSALS as error:
            why = off_words(refusal(error), words(member.locale), on_clock(member)["clock"])
            return await show_act(*shown, 409, off=why, act_id=act_id)
    return go_to(request, case_page(case_id))


@router.get("/cases/{case_id:segment}/files/{number}")
async def save_file(
    request: Request, member: Agent, case_id: CaseId, number: Annotated[int, Path(ge=1, le=_MOST_NUMBER)]
) -> Response:
    """A file beside the case, to be saved. The audit says who read it."""
    try:
        found = await _reports(request).file_for_support(case_id, number, member.actor)
    except VaultClosed as error:
        raise Problem(409, "file_closed", str(error)) from None
    if found is None:
        raise Problem(404, "unknown_file", "there is no such case, or no such file")
    answer = attachment(found)
    for name, value in headers(request).items():
        answer.headers.setdefault(name, value)
    return answer


def _reports(request: Request) -> ReportService:
    return cast("ReportService", request.app.state.reports)
