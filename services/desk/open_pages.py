"""A case that support opens by hand: for whom and of what kind, then the form of that kind; whoever opens it has it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Annotated, Any, cast
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from sqlalchemy import exists, or_, select
from starlette.responses import Response

from contracts.identifiers import is_identifier
from contracts.report_kinds import Kind
from notifier.facts import Reader as Telling
from notifier.words import words as letter_words
from services.activity.tables import activity
from services.cases.acts.opening import Opening, Said, open_by_hand
from services.cases.endings import OtherOpen
from services.cases.kind_files import kinds
from services.cases.states import SEVERITIES
from services.cases.tables import cases
from services.desk.frame import PREFIX, form, go_to, page, words
from services.desk.queue_lines import kind_name
from services.desk.service import desk_of
from services.http.problems import Problem
from services.reports.fields import MOST_TEXT, Missing, checked_answers, checked_text
from services.reports.readers import recent
from services.staff.access import Agent
from services.staff.members import Member

router = APIRouter(prefix=PREFIX, include_in_schema=False)
_REQUEST_ID = re.compile(r"[0-9a-f]{32}")
_MOST_ID = 128
_Text = Annotated[str, Query(max_length=400)]


@router.get("/open")
async def open_page(request: Request, member: Agent, account: _Text = "", kind: _Text = "") -> Response:
    """Whom and what it is about; once that is said, the form of the kind."""
    account = account.strip()
    if kind not in kinds() or not _is_account(account):
        wrong = "account" if account and not _is_account(account) else ""
        return await _first(request, member, account, wrong)
    fields = {"account": account, "kind": kind, "request_id": secrets.token_hex(16)}
    return await _second(request, member, fields)


@router.post("/open")
async def open_case(request: Request, member: Agent) -> Response:
    """Open the case, which whoever opened it has from then on."""
    fields, _ = await form(request)
    kind, account = fields.get("kind", ""), fields.get("account", "")
    if (
        kind not in kinds()
        or not _is_account(account)
        or not _REQUEST_ID.fullmatch(fields.get("request_id", ""))
    ):
        raise Problem(422, "invalid_form", "the form was not made by the desk's page")
    desk = desk_of(request)
    try:
        opening = _opening(cast("Kind", kind), account, fields)
        case = await open_by_hand(
            desk.database, opening, member, desk.clock(), desk.acts.clock_of, claim=True
        )
    except Missing as missing:
        return await _second(request, member, fields, 422, wrong=missing.field)
    except OtherOpen as error:
        return await _second(request, member, fields, 409, other=error.case_id)
    return go_to(request, f"{PREFIX}/cases/{quote(case.case_id, safe='')}")


def _opening(kind: Kind, account: str, fields: Mapping[str, str]) -> Opening:
    """Raises Missing."""
    text, request_id = checked_text(fields.get("text", "")), fields["request_id"]
    if kind == "risk":
        severity = fields.get("severity", "")
        if severity not in SEVERITIES:
            raise Missing("severity", "how grave it is")
        return Opening(
            account_id=account,
            kind=kind,
            why=text,
            severity=severity,
            request_id=request_id,
        )
    owner = kinds()[kind].owner
    asked = () if owner is None else owner.fields
    given = {field.name: fields.get(f"f-{field.name}", "") for field in asked}
    about = fields.get("about", "")
    return Opening(
        account_id=account,
        kind=kind,
        why="",
        about_event_id=about if about and _is_account(about) else None,
        request_id=request_id,
        said=Said(text, checked_answers(kind, given)),
    )


async def _first(request: Request, member: Member, account: str, wrong: str) -> Response:
    t = words(member.locale)
    choices = [(name, kind_name(name, t)) for name in kinds()]
    return await page(
        request, member, "open", "queue", choices=choices, account=account, wrong=wrong, kind=None
    )


async def _second(
    request: Request,
    member: Member,
    fields: Mapping[str, str],
    status: int = 200,
    *,
    wrong: str = "",
    other: str | None = None,
) -> Response:
    t, kind, account = words(member.locale), fields["kind"], fields["account"]
    file, now = kinds()[kind], desk_of(request).clock()
    async with desk_of(request).database.read() as connection:
        known = await connection.scalar(
            select(
                or_(
                    exists().where(activity.c.account_id == account),
                    exists().where(cases.c.account_id == account),
                )
            )
        )
        reader = Telling(letter_words(member.locale), member.time_zone)
        rows = await recent(connection, account, file.subject, reader, now)
    asked = () if file.owner is None else file.owner.fields
    shown: dict[str, Any] = {
        "kind": kind,
        "kind_name": kind_name(kind, t),
        "account": account,
        "asked": [
            (
                f"f-{field.name}",
                field.ask.in_(member.locale),
                [(each.name, each.in_(member.locale)) for each in field.choices],
            )
            for field in asked
        ],
        "rows": rows,
        "severities": [(name, t(f"queue_severity.{name}")) for name in SEVERITIES] if kind == "risk" else [],
        "fields": fields,
        "known": bool(known),
        "wrong": wrong,
        "standing": other,
        "most_text": MOST_TEXT,
    }
    return await page(request, member, "open", "queue", status, **shown)


def _is_account(said: str) -> bool:
    return is_identifier(said) and len(said) <= _MOST_ID
