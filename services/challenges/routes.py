"""HTTP of the second factor, for the wallet's backend (scope `verify`).

Every answer is no-store. A refusal looks the same whatever its cause; a malformed code is 400 and costs no attempt.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel

from contracts.errors import Malformed
from contracts.events import Purpose
from services.challenges.body import read_code
from services.challenges.records import ChallengeState
from services.challenges.service import ChallengesService, FactorInUse
from services.ingest.keys import require
from services.ingest.problems import RESPONSES, Problem


def _no_store(response: Response) -> None:
    response.headers["Cache-Control"] = "no-store"


def _service(request: Request) -> ChallengesService:
    service: ChallengesService = request.app.state.challenges
    return service


def _identifier(value: str) -> str:
    if "\x00" in value:
        raise Malformed("identifier", "an identifier must not hold a NUL character")
    return value


def _account(account_id: Annotated[str, Path(min_length=1, max_length=128)]) -> str:
    return _identifier(account_id)


def _challenge(challenge_id: Annotated[str, Path(min_length=1, max_length=128)]) -> str:
    return _identifier(challenge_id)


async def _code(request: Request) -> str:
    return await read_code(request.stream())


Service = Annotated[ChallengesService, Depends(_service)]
AccountId = Annotated[str, Depends(_account)]
ChallengeId = Annotated[str, Depends(_challenge)]
Code = Annotated[str, Depends(_code)]

_CODE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["code"],
                    "additionalProperties": False,
                    "properties": {"code": {"type": "string", "pattern": "^[0-9]{6}$"}},
                }
            }
        },
    }
}

router = APIRouter(
    prefix="/v1",
    tags=["second factor"],
    dependencies=[Depends(require("verify")), Depends(_no_store)],
    responses=RESPONSES,
)


class NewFactor(BaseModel):
    """A pending factor. The secret is shown this once; put `otpauth_uri` into a QR code."""

    account_id: str
    secret: str
    otpauth_uri: str
    expires_at: datetime


class Confirmation(BaseModel):
    """Whether the first code activated the factor."""

    result: Literal["confirmed", "refused"]


class FactorState(BaseModel):
    """Whether the account has a second factor."""

    account_id: str
    state: Literal["none", "pending", "active", "disabled"]
    confirmed_at: datetime | None


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
    """Whether the code was accepted, and how many attempts the challenge has left."""

    result: Literal["passed", "refused"]
    attempts_left: int


@router.post(
    "/accounts/{account_id}/totp", status_code=201, responses={409: {"description": "Has one already"}}
)
async def enrol(account_id: AccountId, service: Service) -> NewFactor:
    """Start an enrolment. An earlier one that was not confirmed is void."""
    try:
        made = await service.enrol(account_id)
    except FactorInUse as error:
        raise Problem(409, "factor_in_use", str(error)) from None
    return NewFactor(
        account_id=made.account_id, secret=made.secret, otpauth_uri=made.uri, expires_at=_utc(made.expires_at)
    )


@router.post("/accounts/{account_id}/totp/confirm", openapi_extra=_CODE_BODY)
async def confirm(account_id: AccountId, code: Code, service: Service) -> Confirmation:
    """Activate the pending factor with the first code of the user's authenticator."""
    return Confirmation(result="confirmed" if await service.confirm(account_id, code) else "refused")


@router.get("/accounts/{account_id}/totp")
async def status(account_id: AccountId, service: Service) -> FactorState:
    """The state of the account's factor; never its secret."""
    known = await service.status(account_id)
    confirmed_at = None if known.confirmed_at is None else _utc(known.confirmed_at)
    return FactorState(account_id=known.account_id, state=known.state, confirmed_at=confirmed_at)


@router.get("/challenges/{challenge_id}", responses={404: {"description": "Nobody issued it"}})
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
        issued_at=_utc(found.issued_at),
        expires_at=_utc(found.expires_at),
        attempts_left=found.attempts_left,
    )


@router.post("/challenges/{challenge_id}/verify", openapi_extra=_CODE_BODY)
async def verify(challenge_id: ChallengeId, code: Code, service: Service) -> Verification:
    """Judge one code. Repeating an accepted one answers the same until the challenge expires."""
    answer = await service.verify(challenge_id, code)
    return Verification(result="passed" if answer.passed else "refused", attempts_left=answer.attempts_left)


def _utc(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
