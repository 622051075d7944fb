"""HTTP of challenges, for the wallet's backend (scope `verify`).

Every answer is no-store. A refusal looks the same whatever its cause; a malformed code is 400 and costs no attempt.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from contracts.events import Purpose
from services.challenges.http import CODE_BODY, ChallengeId, Code, no_store, utc
from services.challenges.records import ChallengeState
from services.challenges.service import ChallengesService
from services.ingest.keys import require
from services.ingest.problems import RESPONSES, Problem, problem_answer


async def _service(request: Request) -> ChallengesService:
    service: ChallengesService = request.app.state.challenges
    return service


Service = Annotated[ChallengesService, Depends(_service)]

router = APIRouter(
    prefix="/v1",
    tags=["second factor"],
    dependencies=[Depends(require("verify")), Depends(no_store)],
    responses=RESPONSES,
)


class ChallengeShown(BaseModel):
    """What the wallet must show the user before asking for the code: amount and payee as PayGuard stored them."""

    challenge_id: str
    account_id: str
    event_id: str
    purpose: Purpose
    state: ChallengeState
    digest: str
    amount: str | None
    currency: str | None
    payee_id: str | None
    issued_at: datetime
    expires_at: datetime
    attempts_left: int


class Verification(BaseModel):
    """Whether the code was accepted, how many attempts the challenge has left, and what a pass is worth: a signed grant."""

    result: Literal["passed", "refused"]
    attempts_left: int
    grant: str | None


@router.get("/challenges/{challenge_id}", responses={404: problem_answer("Nobody issued it.")})
async def show(challenge_id: ChallengeId, service: Service) -> ChallengeShown:
    """What the user is asked to approve."""
    found = await service.challenge(challenge_id)
    if found is None:
        raise Problem(404, "unknown_challenge", "nobody issued this challenge")
    return ChallengeShown(
        challenge_id=found.challenge_id,
        account_id=found.account_id,
        event_id=found.event_id,
        purpose=found.purpose,
        state=found.state,
        digest=found.digest,
        amount=found.amount,
        currency=found.currency,
        payee_id=found.payee_id,
        issued_at=utc(found.issued_at),
        expires_at=utc(found.expires_at),
        attempts_left=found.attempts_left,
    )


@router.post("/challenges/{challenge_id}/verify", openapi_extra=CODE_BODY)
async def verify(challenge_id: ChallengeId, code: Code, service: Service) -> Verification:
    """Judge one code. Repeating an accepted one answers the same, and the same grant, until the challenge expires.

    Say `ip` and `device_id` of the user: without them PayGuard can neither slow an attacker's network down nor let the
    owner's known device in while the factor is locked.
    """
    answer = await service.verify(challenge_id, code.code, code.context)
    return Verification(
        result="passed" if answer.passed else "refused",
        attempts_left=answer.attempts_left,
        grant=answer.grant,
    )
