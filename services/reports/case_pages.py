"""My cases: where each stands, what comes next and by when; a note, a file, taking back, an appeal."""

from __future__ import annotations

import secrets
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy import select
from starlette.responses import Response

from contracts.report_kinds import APPEAL_S
from services.cases.case_records import files_of, told_of
from services.cases.case_rows import entries_of
from services.cases.references import case_number
from services.cases.states import Case, IllegalTransition, may_appeal
from services.cases.tables import cases
from services.http.problems import Problem
from services.portal.centre_frame import CENTRE_PREFIX, CentreRoute, centre_form, centre_page, centre_session
from services.portal.pages import headers_of, locale_of
from services.portal.sessions import Session, go_to
from services.portal.wording import wording
from services.reports.fields import MOST_TEXT, Missing, fields_of
from services.reports.file_places import TooMany
from services.reports.history import standing, steps
from services.reports.pictures import MOST_FILES, FileRefused
from services.reports.readers import happened, happened_of, reader_of
from services.reports.report_pages import reports_of
from services.reports.routes import attachment
from services.reports.upload_forms import upload_form

router = APIRouter(prefix=CENTRE_PREFIX, route_class=CentreRoute, include_in_schema=False)
_LISTED = 100


@router.get("/cases")
async def cases_page(request: Request) -> Response:
    """Every case of the account, newest first."""
    session = await centre_session(request)
    reports = reports_of(request)
    t = wording(locale_of(request, session.visit.locale))
    mine = select(cases).where(cases.c.account_id == session.visit.account_id)
    query = mine.order_by(cases.c.opened_at.desc(), cases.c.case_id).limit(_LISTED)
    async with reports.database.read() as connection:
        reader = await reader_of(request, session, connection)
        found = [Case(**row) for row in (await connection.execute(query)).mappings()]
        subjects = {case.subject_event_id for case in found if case.subject_event_id is not None}
        about = await happened_of(connection, session.visit.account_id, subjects, reader)
    shown = [
        {
            "case": case,
            "number": case_number(case.case_id),
            "about": about.get(case.subject_event_id or ""),
            "opened": reader.moment(case.opened_at),
            **standing(case, reports.clock(), reader, t),
        }
        for case in found
    ]
    return centre_page(request, session, "centre/cases", "cases", found=shown)


@router.get("/cases/{case_id}")
async def case_page(request: Request, case_id: str) -> Response:
    """One case: what comes next on top, then what happened so far."""
    session = await centre_session(request)
    return await _shown(request, session, case_id)


@router.post("/cases/{case_id}/add")
async def add(request: Request, case_id: str) -> Response:
    """Add words, a file, or both."""
    session = await centre_session(request, "note")
    reports, account_id = reports_of(request), session.visit.account_id
    async with upload_form(request) as (fields, files):
        text = fields.get("note", "")
        wrong = ""
        try:
            if not text.strip() and not files:
                raise Missing("text", "nothing to add")
            for name, body in files:
                if await reports.add_file(account_id, case_id, body, name) is None:
                    raise _unknown()
            if (
                text.strip()
                and await reports.add_note(account_id, case_id, text, fields.get("draft", "")) is None
            ):
                raise _unknown()
        except FileRefused as refused:
            wrong = f"report.file_{refused.why}"
        except Missing:
            wrong = "case.add_wrong"
        except TooMany as many:
            wrong = "report.wrong_files" if "files" in many.what else "case.add_many"
        except IllegalTransition:
            wrong = "case.add_closed"
        if wrong:
            return await _shown(request, session, case_id, error=wrong, note=text, status=400)
    return go_to(request, f"centre/cases/{case_id}?added=1")


@router.get("/cases/{case_id}/withdraw")
async def withdraw_page(request: Request, case_id: str) -> Response:
    """Ask once more before a case is taken back."""
    session = await centre_session(request)
    case = await _own(request, session, case_id)
    if case.state == "resolved" or case.kind == "risk":
        return go_to(request, f"centre/cases/{case_id}")
    return centre_page(
        request, session, "centre/case-withdraw", "cases", case=case, number=case_number(case_id)
    )


@router.post("/cases/{case_id}/withdraw")
async def withdraw(request: Request, case_id: str) -> Response:
    """Take the case back."""
    session, _ = await centre_form(request)
    try:
        if await reports_of(request).withdraw(session.visit.account_id, case_id, "page") is None:
            raise _unknown()
    except IllegalTransition:
        pass
    return go_to(request, f"centre/cases/{case_id}")


@router.get("/cases/{case_id}/appeal")
async def appeal_page(request: Request, case_id: str) -> Response:
    """Ask why the owner disagrees."""
    session = await centre_session(request)
    case = await _own(request, session, case_id)
    if not may_appeal(case, reports_of(request).clock()):
        return go_to(request, f"centre/cases/{case_id}")
    return _appeal(request, session, case)


@router.post("/cases/{case_id}/appeal")
async def appeal(request: Request, case_id: str) -> Response:
    """Have another person decide."""
    session = await centre_session(request, "text")
    case = await _own(request, session, case_id)
    async with upload_form(request) as (fields, _):
        text = fields.get("text", "")
    try:
        await reports_of(request).appeal(session.visit.account_id, case_id, text, "page")
    except Missing:
        return _appeal(request, session, case, text, "report.wrong_text", 400)
    except IllegalTransition:
        pass
    return go_to(request, f"centre/cases/{case_id}")


@router.get("/cases/{case_id}/files/{number}")
async def file(request: Request, case_id: str, number: int) -> Response:
    """A file that the owner added, to be saved."""
    session = await centre_session(request)
    found = await reports_of(request).file(case_id, number, session.visit.account_id)
    if found is None:
        raise _unknown()
    answer = attachment(found)
    strict = headers_of(request)
    answer.headers.update({name: strict[name] for name in strict if name not in answer.headers})
    return answer


async def _shown(
    request: Request, session: Session, case_id: str, *, error: str = "", note: str = "", status: int = 200
) -> Response:
    reports = reports_of(request)
    case = await _own(request, session, case_id)
    t = wording(locale_of(request, session.visit.locale))
    async with reports.database.read() as connection:
        reader = await reader_of(request, session, connection)
        entries = await entries_of(connection, case_id)
        about = await happened(connection, case.account_id, case.subject_event_id, reader)
        told, files = (
            await told_of(connection, case_id),
            await files_of(connection, case_id, owners_alone=True),
        )
    said: list[tuple[str, str]] = []
    if told is not None and case.kind != "risk":
        for field in fields_of(case.kind):
            if (answer := told.answers.get(field.name)) is not None:
                key = f"report.{field.name}_{answer}"
                said.append((t(f"report.ask_{field.name}"), t(key) if key in t else answer))
    shown: dict[str, Any] = {
        "case": case,
        "number": case_number(case_id),
        "opened": reader.moment(case.opened_at),
        "about": about,
        "told": told,
        "said": said,
        "files": files,
        "may_file": len(files) < MOST_FILES,
        "steps": steps(entries, case, reader, t),
        "open": case.state != "resolved",
        "appeal": may_appeal(case, reports.clock()),
        "until": None if case.resolved_at is None else reader.day(case.resolved_at + APPEAL_S),
        "draft": secrets.token_hex(16),
        "news": next((name for name in ("new", "added") if name in request.query_params), ""),
        "error": error,
        "note": note,
        "most_text": MOST_TEXT,
        **standing(case, reports.clock(), reader, t),
    }
    return centre_page(request, session, "centre/case", "cases", status=status, **shown)


def _appeal(
    request: Request, session: Session, case: Case, text: str = "", error: str = "", status: int = 200
) -> Response:
    shown: dict[str, Any] = {"case": case, "number": case_number(case.case_id), "text": text, "error": error}
    return centre_page(
        request, session, "centre/case-appeal", "cases", status=status, most_text=MOST_TEXT, **shown
    )


async def _own(request: Request, session: Session, case_id: str) -> Case:
    case = await reports_of(request).case(session.visit.account_id, case_id)
    if case is None:
        raise _unknown()
    return case


def _unknown() -> Problem:
    return Problem(404, "unknown_case", "the account has no such case")
