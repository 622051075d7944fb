"""HTTP of what owners report: from the wallet's own app (scope `verify`), and its files for support."""

from __future__ import annotations

from typing import Annotated, Any, cast
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from services.cases.states import IllegalTransition
from services.http.api_keys import ApiKey, require
from services.http.identifiers import AccountId, plain
from services.http.problems import RESPONSES, Problem, problem_answer
from services.http.uploads import Uploads
from services.reports import pictures
from services.reports.file_places import FileThere, TooMany
from services.reports.pictures import FileRefused, Taken
from services.reports.service import Report, ReportService
from services.reports.views import FileTaken, ReportGiven, ReportMade

router = APIRouter(prefix="/v1", tags=["reports"], responses=RESPONSES)
Wallet = Annotated[ApiKey, Depends(require("verify"))]
Supporter = Annotated[ApiKey, Depends(require("support"))]


async def _reports(request: Request) -> ReportService:
    return cast("ReportService", request.app.state.reports)


async def _report_path(report_id: Annotated[str, Path(min_length=1, max_length=128)]) -> str:
    return plain(report_id)


Reports = Annotated[ReportService, Depends(_reports)]
ReportId = Annotated[str, Depends(_report_path)]
Number = Annotated[int, Path(ge=1, le=pictures.MOST_FILES)]
_FULL: dict[int | str, dict[str, Any]] = {
    409: problem_answer("The account has as many reports as it may have, or the report is closed.")
}
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: problem_answer("There is no such report, or no such file.")}
FILE_REFUSED: dict[int | str, dict[str, Any]] = {
    422: problem_answer("The file is none of the four kinds, too large, or broken (`why`).")
}
FILE_BODY = {
    "requestBody": {
        "required": True,
        "description": "The file itself: PNG, JPEG, WebP or PDF, by what is in it, at most 10 MB.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
FILE_SENT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file, as an attachment.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
#: What an owner sent is shown by nobody's browser: it is saved, and opens nothing of this site.
ATTACHMENT = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@router.post("/accounts/{account_id:segment}/reports", status_code=201, responses=_FULL)
async def make_report(reports: Reports, key: Wallet, account_id: AccountId, body: ReportGiven) -> ReportMade:
    """Take a problem that the account's owner reports in the wallet's own app; it becomes a case of support's.

    The answer says until when the first answer comes, and the owner gets a letter with it. It stops no money: for something
    that the owner did not do, send a `user_report` event as well, or lock the account. 409 (`too_many`) for an account with ten
    open reports.
    """
    report = Report(
        account_id=account_id,
        kind=body.kind,
        text=body.text,
        answers=body.fields,
        about_event_id=body.about_event_id,
        through="api",
    )
    try:
        return ReportMade.of(await reports.make(report, key.actor, body.report_id))
    except TooMany as error:
        raise Problem(409, "too_many", str(error)) from None


@router.put(
    "/reports/{report_id:segment}/files/{number}",
    responses=_UNKNOWN | _FULL | FILE_REFUSED,
    openapi_extra=FILE_BODY,
)
async def put_file(
    request: Request,
    reports: Reports,
    _key: Wallet,
    report_id: ReportId,
    number: Number,
    name: Annotated[str, Query(max_length=400, description="What the owner calls it.")] = "",
) -> FileTaken:
    """Put a picture or a PDF beside a report, as its first to fifth file. A repeat with the same file is the same.

    Pictures are made anew: what they say of their place and device goes. 409 where another file has the number.
    """
    uploads: Uploads = request.app.state.uploads
    account_id = await reports.account_of(report_id)
    if account_id is None:
        raise _unknown()
    try:
        async with uploads.file(request) as body:
            taken = await reports.add_file(account_id, report_id, body, name, number)
    except FileRefused as error:
        raise Problem(422, "file_refused", str(error), why=error.why) from None
    except (FileThere, TooMany) as error:
        raise Problem(409, "file_there", str(error)) from None
    except IllegalTransition as error:
        raise Problem(409, "illegal_transition", str(error)) from None
    if taken is None:
        raise _unknown()
    return FileTaken(number=taken)


@router.get(
    "/reports/{report_id:segment}/files/{number}",
    responses=_UNKNOWN | FILE_SENT,
    response_class=Response,
)
async def get_file(reports: Reports, key: Supporter, report_id: ReportId, number: Number) -> Response:
    """A file that an owner added, for support. The audit says who read it."""
    found = await reports.file_for_support(report_id, number, key.actor)
    if found is None:
        raise _unknown()
    return attachment(found)


def attachment(file: Taken) -> Response:
    """The file, to be saved and shown nowhere."""
    disposition = f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"
    headers = {**ATTACHMENT, "Content-Disposition": disposition}
    return Response(file.body, media_type=file.media_type, headers=headers)


def _unknown() -> Problem:
    return Problem(404, "unknown_report", "there is no such report, or no such file")
