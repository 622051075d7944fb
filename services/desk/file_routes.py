"""HTTP of the files beside a case, for support's tools (scope `support`): listed, read, and put there for colleagues alone."""

from __future__ import annotations

import secrets
from typing import Annotated, Any, cast

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel
from sqlalchemy import select

from services.cases.acts.asked import ActOff, Asked
from services.cases.acts.service import REFUSALS, refusal
from services.cases.case_records import FileKept, files_of
from services.cases.case_rows import case_of
from services.cases.report_tables import case_files
from services.cases.routes import UNKNOWN, CaseId, Supporter
from services.cases.views import FileShown
from services.desk.service import Desk, desk_of
from services.http.problems import RESPONSES, Problem, problem_answer
from services.http.uploads import Uploads
from services.mfa.vault import VaultClosed
from services.reports.file_places import STAFFS
from services.reports.pictures import FileRefused
from services.reports.routes import FILE_BODY, FILE_REFUSED, FILE_SENT, attachment
from services.reports.service import ReportService

router = APIRouter(prefix="/v1/cases", tags=["cases"], responses=RESPONSES)
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: problem_answer("There is no such case, or no such file.")}
_CLOSED: dict[int | str, dict[str, Any]] = {
    409: problem_answer("The file does not open: its key is not held.")
}
_FULL: dict[int | str, dict[str, Any]] = {
    409: problem_answer("As many files of staff's stand there as may, or somebody else put this one there.")
}
_THERE = "file_there"


class FilesShown(BaseModel):
    """The files beside a case, by number: 1 to 5 are the owner's, from 101 on staff's, which owners are not shown."""

    files: list[FileShown]


@router.get("/{case_id:segment}/files", responses=UNKNOWN)
async def list_case_files(request: Request, _key: Supporter, case_id: CaseId) -> FilesShown:
    """The files beside a case, without what is in them."""
    async with desk_of(request).database.read() as connection:
        if await case_of(connection, case_id, lock=False) is None:
            raise Problem(404, "unknown_case", "there is no such case")
        return FilesShown(files=[FileShown.of(each) for each in await files_of(connection, case_id)])


@router.post(
    "/{case_id:segment}/files",
    status_code=201,
    responses=UNKNOWN | _FULL | FILE_REFUSED,
    openapi_extra=FILE_BODY,
)
async def add_case_file(
    request: Request,
    key: Supporter,
    case_id: CaseId,
    name: Annotated[str, Query(max_length=400, description="What colleagues read as its name.")] = "",
) -> FileShown:
    """Put a picture or a PDF beside a case, for colleagues alone. The same file sent again by the same key is the same.

    Pictures are made anew: what they say of their place and device goes. The audit says who put it there.
    """
    desk, uploads = desk_of(request), cast("Uploads", request.app.state.uploads)
    async with uploads.file(request) as body:
        try:
            file = await _reports(request).attached(body, name)
        except FileRefused as error:
            raise Problem(422, "file_refused", str(error), why=error.why) from None
    try:
        asked = Asked(file=file.digest)
        done = await desk.acts.ask(
            case_id, "file", asked, key, None, secrets.token_hex(16), now=True, file=file
        )
    except ActOff as error:
        own = await _own(desk, case_id, file.digest, key.actor) if error.off.code == _THERE else None
        if own is None:
            raise Problem(409, "act_off", str(error), why=error.off.code) from None
        return FileShown.of(own)
    except REFUSALS as error:
        raise Problem(409, refusal(error).code, str(error)) from None
    kept = None if done is None else await _own(desk, case_id, file.digest, key.actor)
    if kept is None:
        raise Problem(404, "unknown_case", "there is no such case")
    return FileShown.of(kept)


@router.get(
    "/{case_id:segment}/files/{number}", responses=_UNKNOWN | _CLOSED | FILE_SENT, response_class=Response
)
async def get_case_file(
    request: Request, key: Supporter, case_id: CaseId, number: Annotated[int, Path(ge=1, le=STAFFS[-1])]
) -> Response:
    """A file beside a case, whoever put it there. The audit says who read it."""
    try:
        found = await _reports(request).file_for_support(case_id, number, key.actor)
    except VaultClosed as error:
        raise Problem(409, "file_closed", str(error)) from None
    if found is None:
        raise Problem(404, "unknown_file", "there is no such case, or no such file")
    return attachment(found)


async def _own(desk: Desk, case_id: str, digest: str, by: str) -> FileKept | None:
    """The file of that digest that `by` put beside the case."""
    columns = [case_files.c[name] for name in FileKept.__struct_fields__]
    this = case_files.c.case_id == case_id, case_files.c.digest == digest, case_files.c.added_by == by
    async with desk.database.read() as connection:
        row = (await connection.execute(select(*columns).where(*this))).mappings().first()
    return None if row is None else FileKept(**row)


def _reports(request: Request) -> ReportService:
    return cast("ReportService", request.app.state.reports)
