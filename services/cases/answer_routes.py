"""HTTP of what support answers owners in cases (scope `support`)."""

from __future__ import annotations

from fastapi import APIRouter

from services.cases.case_answers import Answer
from services.cases.routes import CONFLICT, UNKNOWN, CaseId, Cases, Supporter, changed
from services.cases.views import CaseShown, Close, MessageGiven
from services.http.problems import RESPONSES

router = APIRouter(prefix="/v1/cases", tags=["cases"], responses=RESPONSES)


@router.post("/{case_id:segment}/messages", responses=UNKNOWN | CONFLICT)
async def write_to_owner(cases: Cases, key: Supporter, case_id: CaseId, body: MessageGiven) -> CaseShown:
    """Write to the account's owner. The words stand in their case, where only they read them; a letter says that they do.

    409 once the case is resolved, or when `version` is not the present one: with it, a repeat writes nothing twice.
    """
    return await changed(cases.answers.write(case_id, body.text, key.actor, body.version))


@router.post("/{case_id:segment}/close", responses=UNKNOWN | CONFLICT)
async def close_case(cases: Cases, key: Supporter, case_id: CaseId, body: Close) -> CaseShown:
    """End what an owner reported, and tell them how and why. Their appeal within 30 days, once, goes to another person.

    A case of risk ends with a verdict instead. 409 unless the case is in review and its kind ends so, when `version` is not the
    present one, or while what that end needs is not filled in (`needs`, with the fields in `missing`).
    """
    answer = Answer(outcome=body.outcome, message=body.message, note=body.note)
    return await changed(cases.answers.close(case_id, answer, key.actor, body.version))
