"""HTTP of the work on cases (scope `support`): steps and fields."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from services.cases.routes import CONFLICT, UNKNOWN, CaseId, Cases, Supporter, changed
from services.cases.views import CaseShown
from services.cases.work_views import FieldsGiven, StepGiven
from services.http.problems import RESPONSES

router = APIRouter(prefix="/v1/cases", tags=["cases"], responses=RESPONSES)


@router.put("/{case_id:segment}/fields", responses=UNKNOWN | CONFLICT)
async def fill_fields(cases: Cases, key: Supporter, case_id: CaseId, body: FieldsGiven) -> CaseShown:
    """Write down what the case's kind asks support for; a field that does a step does it. A repeat changes nothing.

    409 once the case is resolved, or when `version` is not the present one; 422 for a field or a value that the kind has not.
    """
    return await changed(cases.work.fill(case_id, body.fields, key.actor, body.version))


@router.post("/{case_id:segment}/steps/{step}", responses=UNKNOWN | CONFLICT)
async def tick_step(
    cases: Cases,
    key: Supporter,
    case_id: CaseId,
    step: Annotated[str, Path(pattern="^[a-z][a-z0-9_]{0,31}$")],
    body: StepGiven,
) -> CaseShown:
    """Tick a step of the case's kind, or take it back. A repeat changes nothing.

    409 once the case is resolved, or when `version` is not the present one; 422 for a step that the kind has not.
    """
    return await changed(cases.work.tick(case_id, step, key.actor, body.version, done=body.done))
