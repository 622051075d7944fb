"""Report a problem: lock first, then what kind it is, then one form with what is known filled in."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from msgspec import Struct
from starlette.responses import Response

from contracts.identifiers import is_identifier
from contracts.report_kinds import REPORTS, RULES, ReportKind, ReportRule
from services.cases.kind_files import kinds
from services.http.problems import Problem
from services.platform.metrics import FAQ_SUGGESTED
from services.portal.centre_frame import CENTRE_PREFIX, CentreRoute, centre_page, centre_session
from services.portal.pages import locale_of
from services.portal.sessions import Session, go_to
from services.reports import suggestions
from services.reports.fields import MOST_TEXT, Missing, fields_of
from services.reports.file_places import TooMany
from services.reports.pictures import MOST_FILES, FileRefused
from services.reports.readers import happened, reader_of, recent
from services.reports.service import Report, ReportService
from services.reports.upload_forms import upload_form

router = APIRouter(prefix=CENTRE_PREFIX, route_class=CentreRoute, include_in_schema=False)

#: What is reported first, and read about after.
URGENT: frozenset[ReportKind] = frozenset({"unauthorised", "lost_device"})


class Filled(Struct, frozen=True):
    """What somebody has typed so far, and what is wrong with it: the field, and the sentence about it."""

    values: Mapping[str, str] = {}
    wrong: str = ""
    error: str = ""
    names: Sequence[str] = ()


def reports_of(request: Request) -> ReportService:
    """The application's reports."""
    reports: ReportService = request.app.state.reports
    return reports


@router.get("/report")
async def report_page(request: Request) -> Response:
    """The kinds of problems; the event that `about` names and the words in `text` are handed on to the form, at once where `kind`
    says which."""
    session = await centre_session(request)
    about, text = _about(request.query_params.get("about")), _words(request)
    handed = urlencode({name: said for name, said in (("about", about), ("text", text)) if said})
    query = f"?{handed}" if handed else ""
    if (kind := request.query_params.get("kind")) in RULES:
        return go_to(request, f"centre/report/{kind}{query}")
    signs = {name: kind.owner.sign for name, kind in kinds().items() if kind.owner is not None}
    values: dict[str, Any] = {"kinds": REPORTS, "signs": signs, "about": about, "text": text, "query": query}
    return centre_page(request, session, "centre/report", "report", **values)


@router.get("/report/{kind}")
async def form_page(request: Request, kind: str) -> Response:
    """The form of one kind, and answers that may make it needless."""
    session = await centre_session(request)
    values = {
        "about": _about(request.query_params.get("about")),
        "text": _words(request),
        "draft": secrets.token_hex(16),
    }
    return await _form(request, session, _rule(kind), Filled(values))


@router.post("/report/send")
async def send(request: Request) -> Response:
    """Take the report and show its case; what is wrong is said beside what was typed."""
    session = await centre_session(request, "text")
    async with upload_form(request) as (fields, files):
        rule = _rule(fields.get("kind", ""))
        names = [name for name, _ in files if name]
        if fields.get("do") == "look":
            return await _form(request, session, rule, Filled(fields, names=names), looked=True)
        try:
            if len(files) > MOST_FILES:
                raise Missing("files", "too many files")
            for name, body in files:
                await reports_of(request).taken(body, name)
            case = await reports_of(request).make(
                _report(session, rule, fields), "page", fields.get("draft") or None
            )
            for name, body in files:
                await reports_of(request).add_file(session.visit.account_id, case.case_id, body, name)
        except Missing as missing:
            error = (
                f"report.wrong_{missing.field}"
                if missing.field in ("text", "files")
                else "report.wrong_choice"
            )
            return await _form(request, session, rule, Filled(fields, missing.field, error, names), 400)
        except FileRefused as refused:
            filled = Filled(fields, "files", f"report.file_{refused.why}", names)
            return await _form(request, session, rule, filled, 400)
        except TooMany:
            return await _form(request, session, rule, Filled(fields, "all", "report.wrong_many", names), 409)
    FAQ_SUGGESTED.labels("sent").inc()
    return go_to(request, f"centre/cases/{case.case_id}?new=1")


def _report(session: Session, rule: ReportRule, fields: Mapping[str, str]) -> Report:
    about = _about(fields.get("about"))
    return Report(
        account_id=session.visit.account_id,
        kind=rule.name,
        text=fields.get("text", ""),
        answers={field.name: fields.get(field.name, "") for field in fields_of(rule.name)},
        about_event_id=about or None,
        through="page",
    )


async def _form(
    request: Request,
    session: Session,
    rule: ReportRule,
    filled: Filled,
    status: int = 200,
    *,
    looked: bool = False,
) -> Response:
    """The form; `looked`: its writer asks for answers to what they wrote before they send it."""
    reports, text = reports_of(request), filled.values.get("text", "")
    locale = locale_of(request, session.visit.locale)
    answers = [] if filled.wrong else await suggestions.offered(request, rule.name, text, locale, looked)
    account_id, now = session.visit.account_id, reports.clock()
    async with reports.database.read() as connection:
        reader = await reader_of(request, session, connection)
        about = await happened(connection, account_id, filled.values.get("about") or None, reader)
        rows = [] if about is not None else await recent(connection, account_id, rule.subject, reader, now)
    clock = reports.clock_of(rule.name, now)
    shown: dict[str, Any] = {
        "rule": rule,
        "fields": fields_of(rule.name),
        "filled": filled,
        "about": about,
        "rows": rows,
        "first": reader.moment(now + clock.first_answer_s),
        "closed": reader.moment(now + clock.closed_s),
        "zone": reader.zone(now),
        "most_text": MOST_TEXT,
        "answers": answers,
        "looked": looked,
        "urgent": rule.name in URGENT,
    }
    return centre_page(request, session, "centre/report-form", "report", status=status, **shown)


def _rule(kind: str) -> ReportRule:
    rule = next((rule for name, rule in RULES.items() if name == kind), None)
    if rule is None:
        raise Problem(404, "not_found", "there is no such kind of report")
    return rule


def _words(request: Request) -> str:
    """What somebody has written before they came here, as an address hands it on: no more than a report takes."""
    said = request.query_params.get("text", "")[:MOST_TEXT]
    return "".join(each for each in said if each.isprintable() or each == "\n").strip()


def _about(said: str | None) -> str:
    """The event id in an address or a form; empty for none and for what is none."""
    return said if said and is_identifier(said) and len(said) <= 128 else ""
