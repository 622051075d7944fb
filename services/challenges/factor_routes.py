"""HTTP of a factor's life, for the wallet's backend (scope `verify`). Every answer is no-store."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from services.challenges.http import CODE_BODY, AccountId, Code, no_store, utc
from services.challenges.lifecycle import FactorInUse, FactorLifecycle
from services.ingest.keys import require
from services.ingest.problems import RESPONSES, Problem


def _lifecycle(request: Request) -> FactorLifecycle:
    lifecycle: FactorLifecycle = request.app.state.lifecycle
    return lifecycle


Lifecycle = Annotated[FactorLifecycle, Depends(_lifecycle)]

router = APIRouter(
    prefix="/v1",
    tags=["second factor"],
    dependencies=[Depends(require("verify")), Depends(no_store)],
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


@router.post(
    "/accounts/{account_id}/totp", status_code=201, responses={409: {"description": "Has one already"}}
)
async def enrol(account_id: AccountId, lifecycle: Lifecycle) -> NewFactor:
    """Start an enrolment. An earlier one that was not confirmed is void."""
    try:
        made = await lifecycle.enrol(account_id)
    except FactorInUse as error:
        raise Problem(409, "factor_in_use", str(error)) from None
    return NewFactor(
        account_id=made.account_id, secret=made.secret, otpauth_uri=made.uri, expires_at=utc(made.expires_at)
    )


@router.post("/accounts/{account_id}/totp/confirm", openapi_extra=CODE_BODY)
async def confirm(account_id: AccountId, code: Code, lifecycle: Lifecycle) -> Confirmation:
    """Activate the pending factor with the first code of the user's authenticator."""
    return Confirmation(result="confirmed" if await lifecycle.confirm(account_id, code.code) else "refused")


@router.get("/accounts/{account_id}/totp")
async def status(account_id: AccountId, lifecycle: Lifecycle) -> FactorState:
    """The state of the account's factor; never its secret."""
    known = await lifecycle.status(account_id)
    confirmed_at = None if known.confirmed_at is None else utc(known.confirmed_at)
    return FactorState(account_id=known.account_id, state=known.state, confirmed_at=confirmed_at)
