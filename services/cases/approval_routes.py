"""HTTP of acts that one person asks for and another allows."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query

from services.cases.approvals import NothingLeft, SamePerson
from services.cases.hold_routes import Service, Supporter, steps_missing
from services.cases.hold_service import HoldService, NotAllowed
from services.cases.hold_views import ApprovalList, ApprovalShown
from services.cases.unfreezing import StepsMissing
from services.http.api_keys import ApiKey
from services.http.problems import RESPONSES, Problem, problem_answer

router = APIRouter(prefix="/v1", tags=["holds"], responses=RESPONSES)
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: problem_answer("Nothing of that id waits.")}
_REFUSED: dict[int | str, dict[str, Any]] = {
    403: problem_answer("Deciding this act needs another scope: a factor reset or an erasure needs `admin`."),
    409: problem_answer("The same person asked for it, steps are missing, or there is nothing left to do."),
}
ApprovalId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Mine = Annotated[bool, Query(description="Those that this key asked for, with what was decided.")]


@router.get("/approvals")
async def list_approvals(service: Service, key: Supporter, mine: Mine = False) -> ApprovalList:
    """Acts that wait for a second person; with `mine=true` what became of those that one asked for."""
    found = await service.approvals(key.actor if mine else None)
    return ApprovalList(approvals=[ApprovalShown.of(each) for each in found])


@router.get("/approvals/{approval_id}", responses=_UNKNOWN)
async def show_approval(service: Service, _key: Supporter, approval_id: ApprovalId) -> ApprovalShown:
    """One act, and whether it was approved, refused or has expired."""
    found = await service.approval(approval_id)
    if found is None:
        raise Problem(404, "unknown_approval", "there is no act of that id")
    return ApprovalShown.of(found)


@router.post("/approvals/{approval_id}/approve", responses=_UNKNOWN | _REFUSED)
async def approve(service: Service, key: Supporter, approval_id: ApprovalId) -> ApprovalShown:
    """Allow an act that another person asked for; it is carried out at once, a factor reset once its delay is over."""
    return await _decide(service, approval_id, key, "approved")


@router.post("/approvals/{approval_id}/refuse", responses=_UNKNOWN | _REFUSED)
async def refuse(service: Service, key: Supporter, approval_id: ApprovalId) -> ApprovalShown:
    """Refuse it, or take back what one asked for oneself."""
    return await _decide(service, approval_id, key, "refused")


async def _decide(
    service: HoldService, approval_id: str, key: ApiKey, decision: Literal["approved", "refused"]
) -> ApprovalShown:
    try:
        decided = await service.decide(approval_id, key, decision)
    except SamePerson as error:
        raise Problem(409, "same_person", str(error)) from None
    except NothingLeft as error:
        raise Problem(409, "nothing_left", str(error)) from None
    except StepsMissing as error:
        raise steps_missing(error) from None
    except NotAllowed as error:
        raise Problem(403, "forbidden", str(error)) from None
    if decided is None:
        raise Problem(404, "unknown_approval", "nothing of that id waits")
    return ApprovalShown.of(decided)
