"""HTTP of taking cases (scope `support`): a certain one, or the most urgent that nobody has."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from contracts.report_kinds import Kind
from services.cases import routes
from services.cases.claims import Held
from services.cases.routes import UNKNOWN, CaseId, Cases, Supporter, changed
from services.cases.views import CaseShown
from services.http.identifiers import BodyIdentifier
from services.http.problems import RESPONSES, Problem, problem_answer

router = APIRouter(prefix="/v1/cases", tags=["cases"], responses=RESPONSES)
#: Those of cases themselves, and these.
CASE_ROUTERS = (routes.router, router)
_HELD: dict[int | str, dict[str, Any]] = {
    409: problem_answer("Somebody else has the case, it is resolved, or an appeal against this person.")
}
_NONE: dict[int | str, dict[str, Any]] = {404: problem_answer("No case waits that this person may take.")}


class Claim(BaseModel):
    """Who takes the case."""

    model_config = ConfigDict(extra="forbid", strict=True)
    assignee: BodyIdentifier


class NextClaim(Claim):
    """Who takes the next case; of this kind alone, if one is named. Those that were escalated are for a `senior` person."""

    kind: Kind | None = None
    senior: bool = False


@router.post("/next", responses=_NONE)
async def claim_next_case(cases: Cases, key: Supporter, body: NextClaim) -> CaseShown:
    """Give somebody the most urgent case that nobody has. No two people who ask at once get the same.

    Snoozed and waiting cases stay where they are, and an appeal goes to nobody who decided before. 404 when none waits.
    """
    taken = await cases.queue.next(body.assignee, key.actor, senior=body.senior, kind=body.kind)
    if taken is None:
        raise Problem(404, "nothing_waits", "no case waits that this person may take")
    return CaseShown.of(taken)


@router.post("/{case_id:segment}/claim", responses=UNKNOWN | _HELD)
async def claim_case(cases: Cases, key: Supporter, case_id: CaseId, body: Claim) -> CaseShown:
    """Give somebody this case, unless another has it; asked again, it stays theirs. 409 `held` says who the `holder` is.

    `POST /v1/cases/{case_id}/assign` hands a case on, whoever has it.
    """
    try:
        return await changed(cases.queue.claim(case_id, body.assignee, key.actor))
    except Held as error:
        raise Problem(409, "held", str(error), holder=error.holder) from None
