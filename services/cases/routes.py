"""HTTP of alerts and cases, for support's tools (scope `support`), and of contacts, for the wallet's backend."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from msgspec.structs import replace

from contracts.decisions import Severity
from contracts.report_kinds import Kind
from services.cases.case_rows import Conflict
from services.cases.case_service import CaseService
from services.cases.contact_points import Contact
from services.cases.endings import NeedsMissing, OtherOpen
from services.cases.owner_views import MessageShown, MessagesShown, OwnerShown
from services.cases.queue_query import Looked
from services.cases.states import Case, IllegalTransition, State
from services.cases.subjects import NOTHING
from services.cases.views import (
    AlertPage,
    AlertShown,
    Assignment,
    CasePage,
    CaseShown,
    ContactGiven,
    Reopening,
    Resolution,
)
from services.http.api_keys import ApiKey, require
from services.http.identifiers import AccountId, AccountQuery, plain
from services.http.problems import RESPONSES, Problem, problem_answer


async def _cases(request: Request) -> CaseService:
    return cast("CaseService", request.app.state.cases)


async def _case_path(case_id: Annotated[str, Path(min_length=1, max_length=128)]) -> str:
    return plain(case_id)


Cases = Annotated[CaseService, Depends(_cases)]
Supporter = Annotated[ApiKey, Depends(require("support"))]
CaseId = Annotated[str, Depends(_case_path)]
Cursor = Annotated[str | None, Query(max_length=400, description="`next_cursor` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=200)]

router = APIRouter(prefix="/v1", tags=["cases"], responses=RESPONSES)
UNKNOWN: dict[int | str, dict[str, Any]] = {404: problem_answer("There is no such case.")}
_NOT_OURS: dict[int | str, dict[str, Any]] = {404: problem_answer("No letter of ours bears it.")}
CONFLICT: dict[int | str, dict[str, Any]] = {
    409: problem_answer("The case is not in that state, or `version` is not the present one.")
}


@router.get("/alerts")
async def list_alerts(
    cases: Cases,
    _key: Supporter,
    account_id: AccountQuery,
    severity: Severity | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> AlertPage:
    """Alerts, newest first, each with its decision and what people recognise its event by."""
    page = await cases.alerts(severity=severity, account_id=account_id, cursor=cursor, limit=limit)
    known = await cases.known((alert.account_id, alert.event_id) for alert in page.rows)
    return AlertPage(
        alerts=[
            AlertShown.of(alert, known.get((alert.account_id, alert.event_id), NOTHING))
            for alert in page.rows
        ],
        next_cursor=page.cursor,
    )


@router.get("/cases")
async def list_cases(
    cases: Cases,
    key: Supporter,
    account_id: AccountQuery,
    look: Looked,
    state: State | None = None,
    severity: Severity | None = None,
    kind: Kind | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> CasePage:
    """Cases, last opened first.

    With a `view`, an `assignee`, `due_before` or `q`, what must be answered or decided first is first, by `next_due_at`.
    """
    if look.asks:
        wanted = replace(look.filter, kind=kind, severity=severity, state=state, account_id=account_id)
        if look.q is not None:
            wanted = await cases.queue.named(wanted, look.q, key.actor)
        listed = await cases.queue.listed(wanted, look.assignee or "", cursor, limit)
        return CasePage(cases=[CaseShown.of(case) for case in listed.cases], next_cursor=listed.cursor)
    page = await cases.cases(
        state=state, severity=severity, account_id=account_id, cursor=cursor, limit=limit, kind=kind
    )
    return CasePage(cases=[CaseShown.of(case) for case in page.rows], next_cursor=page.cursor)


@router.post("/cases/{case_id:segment}/assign", responses=UNKNOWN | CONFLICT)
async def assign_case(cases: Cases, key: Supporter, case_id: CaseId, body: Assignment) -> CaseShown:
    """Put the case into review by a person; 409 once resolved, or when `version` is not the present one."""
    return await changed(cases.assign(case_id, body.assignee, key.actor, body.version))


@router.post("/cases/{case_id:segment}/resolve", responses=UNKNOWN | CONFLICT)
async def resolve_case(cases: Cases, key: Supporter, case_id: CaseId, body: Resolution) -> CaseShown:
    """Close the case with a verdict, which goes back into the event stream as labels, unless it is `unclear`.

    A legitimate verdict also asks that a frozen account be let go, where the policy's steps are done; whatever the verdict, the
    case's `acts` say what can be done next. 409 unless the case is in review, or when `version` is not the present one.
    """
    return await changed(cases.resolve(case_id, body.verdict, key.actor, body.note, body.version))


@router.get("/messages/{reference:segment}", responses=_NOT_OURS)
async def show_messages(
    cases: Cases,
    key: Annotated[ApiKey, Depends(require("support", "verify"))],
    reference: Annotated[str, Path(min_length=1, max_length=64)],
) -> MessagesShown:
    """Whether a letter is from us: what bears the reference that somebody reads out, and what became of it.

    Understood however it is typed. Masked addresses are for support alone. 404 when no letter of ours bears it.
    """
    found = await cases.messages(reference)
    if not found:
        raise Problem(404, "not_ours", "no letter of ours bears this reference; it has the form PG-7F3K-92")
    return MessagesShown(messages=[MessageShown.of(each, key.allows("support")) for each in found])


@router.post("/cases/{case_id:segment}/reopen", responses=UNKNOWN | CONFLICT)
async def reopen_case(cases: Cases, key: Supporter, case_id: CaseId, body: Reopening) -> CaseShown:
    """Take up a resolved case again. What its verdict sent out stands until another verdict labels the events anew.

    409 unless the case is resolved, when `version` is not the present one, or (`other_case_open`, with its `case_id`) while
    the account has another unresolved case.
    """
    return await changed(cases.reopen(case_id, body.reason, key.actor, body.version))


@router.put(
    "/accounts/{account_id:segment}/contact",
    status_code=204,
    response_class=Response,
    dependencies=[Depends(require("contacts"))],
)
async def set_contact(cases: Cases, account_id: AccountId, body: ContactGiven) -> None:
    """Where and how notices reach the owner: address, language and time zone."""
    await cases.set_contact(account_id, Contact(body.email, body.locale, body.time_zone))


@router.get("/accounts/{account_id:segment}/letters")
async def list_letters(cases: Cases, _key: Supporter, account_id: AccountId) -> OwnerShown:
    """The newest 200 notices to the account's owner, oldest first, and how each fared.

    Each letter bears a `reference`: of one that an owner reads out, this says whether it is ours.
    """
    return OwnerShown.of(await cases.owner(account_id, None), addresses=True)


async def changed(changing: Awaitable[Case | None]) -> CaseShown:
    """The case as changed. Raises Problem 404 where there is none, 409 where it does not allow that."""
    try:
        case = await changing
    except IllegalTransition as error:
        raise Problem(409, "illegal_transition", str(error)) from None
    except Conflict as error:
        raise Problem(409, "conflict", str(error)) from None
    except OtherOpen as error:
        raise Problem(409, "other_case_open", str(error), case_id=error.case_id) from None
    except NeedsMissing as error:
        raise Problem(409, "needs", str(error), missing=[error.field]) from None
    if case is None:
        raise _unknown_case()
    return CaseShown.of(case)


def _unknown_case() -> Problem:
    return Problem(404, "unknown_case", "there is no such case")
