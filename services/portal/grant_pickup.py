"""How the wallet's backend gets the grant of a challenge that its user approved on a page: it asks until it is decided."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from services.http.api_keys import require
from services.http.problems import RESPONSES, Problem, problem_answer
from services.mfa.grants import Grants
from services.mfa.http import ChallengeId, no_store
from services.mfa.records import ChallengeState
from services.mfa.service import ChallengesService

router = APIRouter(
    prefix="/v1",
    tags=["pages"],
    dependencies=[Depends(require("verify")), Depends(no_store)],
    responses=RESPONSES,
)


class Decided(BaseModel):
    """How a challenge stands, and what it is worth once it has passed: a signed grant."""

    state: ChallengeState
    grant: str | None


@router.get("/challenges/{challenge_id:segment}/grant", responses={404: problem_answer("Nobody issued it.")})
async def pick_up(challenge_id: ChallengeId, request: Request) -> Decided:
    """The grant of a challenge that the user approved on a page; the same one as often as it is asked for.

    Ask every second or two while the page is open. The grant lives from the moment of the pass, not from this answer.
    """
    service: ChallengesService = request.app.state.challenges
    grants: Grants = request.app.state.grants
    found = await service.challenge(challenge_id)
    if found is None:
        raise Problem(404, "unknown_challenge", "nobody issued this challenge")
    if found.state != "passed" or found.closed_at is None:
        return Decided(state=found.state, grant=None)
    return Decided(state="passed", grant=grants.issue(found, found.closed_at))
