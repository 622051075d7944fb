"""HTTP of freezes and held payments: what stands, and the acts of support that end it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.cases.approvals import Approval
from services.cases.denials import Denied
from services.cases.hold_service import HoldService, NotHeld
from services.cases.hold_views import HoldsShown, PaymentShown
from services.cases.unfreezing import StepsMissing
from services.http.api_keys import ApiKey, require
from services.http.identifiers import AccountId, plain
from services.http.problems import RESPONSES, Problem, problem_answer

router = APIRouter(prefix="/v1", tags=["holds"], responses=RESPONSES)
_CONFLICT: dict[int | str, dict[str, Any]] = {
    409: problem_answer("There is nothing to end, or the policy asks for steps first (`missing`).")
}


class Why(BaseModel):
    """Why somebody does it, for whoever looks later."""

    model_config = ConfigDict(extra="forbid", strict=True)
    why: Annotated[str, Field(min_length=1, max_length=4000, pattern=r"^[^\x00]*$")]


async def _service(request: Request) -> HoldService:
    return cast("HoldService", request.app.state.holds)


async def _event_path(event_id: Annotated[str, Path(min_length=1, max_length=128)]) -> str:
    return plain(event_id)


Service = Annotated[HoldService, Depends(_service)]
Supporter = Annotated[ApiKey, Depends(require("support"))]
EventId = Annotated[str, Depends(_event_path)]


def steps_missing(error: StepsMissing) -> Problem:
    """The problem that names what must be done before the account is unfrozen."""
    return Problem(409, "steps_missing", str(error), missing=error.missing)


@router.get("/accounts/{account_id:segment}/holds")
async def show_holds(
    service: Service, key: Annotated[ApiKey, Depends(require("support", "verify"))], account_id: AccountId
) -> HoldsShown:
    """Whether the account is frozen and what is missing before it may be let go, which payments wait, and what waits for a second
    person."""
    return HoldsShown.of(await service.of(account_id), addresses=key.allows("support"))


@router.post("/accounts/{account_id:segment}/unfreeze", responses=_CONFLICT | {202: {"model": HoldsShown}})
async def unfreeze(
    service: Service, key: Supporter, account_id: AccountId, body: Why, response: Response
) -> HoldsShown:
    """Let money out of the account again, whatever the verdict of its case; the wallet is told.

    409 `steps_missing` names the steps that the policy asks first and that were not done since the freeze. Where it asks for a
    second person, 202: the act waits under `approvals` until another key allows it.
    """
    try:
        done = await service.unfreeze(account_id, key.actor, body.why)
    except NotHeld as error:
        raise Problem(409, "not_held", str(error)) from None
    except StepsMissing as error:
        raise steps_missing(error) from None
    if isinstance(done, Approval):
        response.status_code = 202
    return HoldsShown.of(await service.of(account_id), addresses=True)


@router.post(
    "/accounts/{account_id:segment}/payments/{event_id:segment}/release",
    responses=_CONFLICT | {202: {"model": PaymentShown}},
)
async def release_payment(
    service: Service, key: Supporter, account_id: AccountId, event_id: EventId, body: Why, response: Response
) -> PaymentShown:
    """Let a held payment go: the wallet carries it out, and what it tells of the account is learned.

    409 `owner_denies` while its owner says that they did not make it and no case was found legitimate since. Afterwards 202:
    it waits under `approvals` until another person allows it.
    """
    shown = await _settle(service, account_id, event_id, "released", key, body)
    response.status_code = 202 if shown.state == "held" else 200
    return shown


@router.post("/accounts/{account_id:segment}/payments/{event_id:segment}/cancel", responses=_CONFLICT)
async def cancel_payment(
    service: Service, key: Supporter, account_id: AccountId, event_id: EventId, body: Why
) -> PaymentShown:
    """Give a held payment up: the wallet drops it."""
    return await _settle(service, account_id, event_id, "cancelled", key, body)


async def _settle(
    service: HoldService,
    account_id: str,
    event_id: str,
    outcome: Literal["released", "cancelled"],
    key: ApiKey,
    body: Why,
) -> PaymentShown:
    try:
        ended = await service.settle(account_id, event_id, outcome, key.actor, body.why)
        if isinstance(ended, Approval):
            waits = await service.payment(account_id, event_id)
            if waits is None:
                raise NotHeld("the payment is not held")
            ended = waits
    except NotHeld as error:
        raise Problem(409, "not_held", str(error)) from None
    except Denied as error:
        raise Problem(409, "owner_denies", str(error)) from None
    return PaymentShown.of(ended)
