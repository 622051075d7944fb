"""HTTP of challenges, for the wallet's backend (scope `verify`).

Every answer is no-store. A refusal looks the same whatever its cause; a malformed code is 400 and costs no attempt.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Depends, FastAPI, Request
from pydantic import BaseModel
from starlette.responses import Response

from contracts.events import Purpose
from services.http.api_keys import authorized, require
from services.http.direct_routes import add_direct_post
from services.http.identifiers import documented, named
from services.http.problems import RESPONSES, Problem, problem_answer
from services.http.times import utc
from services.mfa.hints import hinted
from services.mfa.http import CODE_BODY, ChallengeId, no_store, offered
from services.mfa.records import ChallengeState, Hint
from services.mfa.service import ChallengesService


async def _service(request: Request) -> ChallengesService:
    service: ChallengesService = request.app.state.challenges
    return service


Service = Annotated[ChallengesService, Depends(_service)]
_TAG = "second factor"

router = APIRouter(
    prefix="/v1",
    tags=[_TAG],
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
    """Whether the code was accepted, how many attempts the challenge has left, and what a pass is worth: a signed grant.

    `hint` and `detail` stand in a refusal whose code is right for another time: show the user that their phone's clock is wrong.
    """

    result: Literal["passed", "refused"]
    attempts_left: int
    grant: str | None
    hint: Hint | None = None
    detail: str | None = None


@router.get("/challenges/{challenge_id:segment}", responses={404: problem_answer("Nobody issued it.")})
async def show(challenge_id: ChallengeId, service: Service) -> ChallengeShown:
    """What the user is asked to approve."""
    found = await service.challenge(challenge_id)
    if found is None:
        raise Problem(404, "unknown_challenge", "nobody issued this challenge")
    shown = {name: getattr(found, name) for name in ChallengeShown.model_fields}
    return ChallengeShown(**shown | {"issued_at": utc(found.issued_at), "expires_at": utc(found.expires_at)})


async def verify(request: Request) -> Response:
    """Judge one code. Repeating an accepted one answers the same, and the same grant, until the challenge expires.

    Say `ip` and `device_id` of the user: without them PayGuard can neither slow an attacker's network down nor let the
    owner's known device in while the factor is locked.
    """
    await authorized(request, "verify")
    challenge_id = named(request, "challenge_id")
    code = await offered(request)
    service = await _service(request)
    answer = await service.verify(challenge_id, code.code, code.context)
    body = {
        "result": "passed" if answer.passed else "refused",
        "attempts_left": answer.attempts_left,
        "grant": answer.grant,
        **hinted(answer.hint),
    }
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(body), media_type="application/json", headers=headers)


def add_verify_route(app: FastAPI) -> None:
    """`POST /v1/challenges/{challenge_id}/verify`: somebody waits for its answer."""
    docs = {
        **CODE_BODY,
        "security": [{"ApiKey": []}],
        "parameters": [documented("challenge_id", "Challenge Id")],
    }
    add_direct_post(
        app,
        "/v1/challenges/{challenge_id:segment}/verify",
        verify,
        tags=[_TAG],
        responses=RESPONSES,
        response_model=Verification,
        openapi_extra=docs,
    )
