"""HTTP of an owner who takes a report back. Scope `verify`."""

from __future__ import annotations

from typing import Annotated, Literal, cast

from fastapi import APIRouter, Depends, Path, Request

from services.http.api_keys import require
from services.http.identifiers import AccountId, plain
from services.http.problems import RESPONSES, Problem, problem_answer
from services.mfa.factor_records import Refused
from services.mfa.factor_routes import Hinted
from services.mfa.hints import hinted
from services.mfa.http import CODE_BODY, Code, no_store
from services.mfa.report_undo import NoReport, ReportUndo, UndoOver

router = APIRouter(
    prefix="/v1/accounts/{account_id:segment}/reports",
    tags=["factors"],
    responses=RESPONSES,
    dependencies=[Depends(require("verify")), Depends(no_store)],
)


class ReportUndone(Hinted):
    """What taking the report back did. Sessions that the report ended stay ended.

    `frozen_still`: another freeze than that of the report stands. `case_withdrawn`: nobody had touched its case yet.
    """

    result: Literal["undone", "refused"]
    unfrozen: bool = False
    case_withdrawn: bool = False
    frozen_still: bool = False


async def _report_undo(request: Request) -> ReportUndo:
    return cast("ReportUndo", request.app.state.report_undo)


async def _event_path(event_id: Annotated[str, Path(min_length=1, max_length=128)]) -> str:
    return plain(event_id)


@router.post(
    "/{event_id:segment}/undo",
    openapi_extra=CODE_BODY,
    response_model_exclude_none=True,
    responses={
        404: problem_answer("The account has no such report of something that was not its owner's."),
        409: problem_answer("The report was taken back before, or its time is over: support unfreezes."),
    },
)
async def undo_report(
    account_id: AccountId,
    event_id: Annotated[str, Depends(_event_path)],
    code: Code,
    reports: Annotated[ReportUndo, Depends(_report_undo)],
) -> ReportUndone:
    """Take a "not me" back with a code, within the policy's `report.undo_s`: `event_id` is the report's own id.

    The freeze that it placed ends, its case is withdrawn if nobody has touched it, and a notice to the owner is due. Sessions
    stay ended.
    """
    try:
        done = await reports.undo(account_id, event_id, code.code, code.context)
    except NoReport:
        raise Problem(404, "no_report", "the account has no such report") from None
    except UndoOver:
        detail = "the report was taken back before, or its time is over: support unfreezes the account"
        raise Problem(409, "undo_over", detail) from None
    if isinstance(done, Refused):
        return ReportUndone(result="refused", **hinted(done.hint))
    return ReportUndone(
        result="undone",
        unfrozen=done.unfrozen,
        case_withdrawn=done.case_withdrawn,
        frozen_still=done.frozen_still,
    )
