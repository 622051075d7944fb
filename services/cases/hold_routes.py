"""HTTP of freezes and held payments: what stands, and the acts of support that end it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self, cast

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.cases.approvals import Approval, SamePerson
from services.cases.event_views import AboutShown, EventShown
from services.cases.held_payments import HeldPayment
from services.cases.hold_service import Holds, HoldService, NotHeld
from services.cases.holds import AccountHold
from services.cases.owner_views import OwnerShown
from services.cases.subjects import Known
from services.http.api_keys import ApiKey, require
from services.http.identifiers import AccountId, plain
from services.http.problems import RESPONSES, Problem, problem_answer
from services.http.times import utc, utc_if

router = APIRouter(prefix="/v1", tags=["holds"], responses=RESPONSES)
_CONFLICT: dict[int | str, dict[str, Any]] = {
    409: problem_answer("There is nothing to end, or the same person asked for it.")
}
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: problem_answer("Nothing of that id waits.")}


class FreezeShown(BaseModel):
    """A freeze: `event_id` led to it, `hold_id` is the id of the wallet's action.

    `shown` is that event in words and figures; of an owner's report, `about` is the event that it speaks of.
    """

    hold_id: str
    event_id: str
    placed_at: datetime
    placed_by: str
    released_at: datetime | None
    shown: EventShown | None
    about: AboutShown | None

    @classmethod
    def of(cls, hold: AccountHold, known: Known) -> Self:
        """The freeze as shown, with what is known of its event."""
        return cls(
            hold_id=hold.hold_id,
            event_id=hold.event_id,
            placed_at=utc(hold.placed_at),
            placed_by=hold.placed_by,
            released_at=utc_if(hold.released_at),
            shown=EventShown.of_if(known.shown),
            about=AboutShown.of(known),
        )


class PaymentShown(BaseModel):
    """A payment that was held; while it waits, it is given up at `due_at`. `shown` is what people recognise it by.

    `joins` names the payment that it repeats and ends with; `tries` is how often one that waits was tried again.
    """

    event_id: str
    amount: str
    currency: str
    payee_id: str | None
    state: Literal["held", "released", "cancelled", "expired"]
    placed_at: datetime
    due_at: datetime
    settled_at: datetime | None
    settled_by: str | None
    shown: EventShown | None
    joins: str | None
    tries: int

    @classmethod
    def of(cls, payment: HeldPayment) -> Self:
        """The payment as shown."""
        return cls(
            event_id=payment.event_id,
            amount=payment.amount,
            currency=payment.currency,
            payee_id=payment.payee_id,
            state=payment.state,
            placed_at=utc(payment.placed_at),
            due_at=utc(payment.due_at),
            settled_at=utc_if(payment.settled_at),
            settled_by=payment.settled_by,
            shown=EventShown.of_if(payment.shown),
            joins=payment.joins,
            tries=payment.tries,
        )


class ApprovalShown(BaseModel):
    """An act that waits for a second person, until `expires_at`."""

    approval_id: str
    act: Literal["unfreeze", "factor_reset", "erasure"]
    account_id: str
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    why: str
    decision: Literal["approved", "refused", "expired"] | None
    decided_by: str | None

    @classmethod
    def of(cls, approval: Approval) -> Self:
        """The act as shown."""
        return cls(
            approval_id=approval.approval_id,
            act=approval.act,
            account_id=approval.account_id,
            asked_by=approval.asked_by,
            asked_at=utc(approval.asked_at),
            expires_at=utc(approval.expires_at),
            why=approval.why,
            decision=approval.decision,
            decided_by=approval.decided_by,
        )


class HoldsShown(BaseModel):
    """What stands between an account and its money, and what its owner was told of that."""

    frozen: FreezeShown | None
    payments: list[PaymentShown]
    approvals: list[ApprovalShown]
    owner: OwnerShown

    @classmethod
    def of(cls, found: Holds, addresses: bool) -> Self:
        """All of it as shown, with masked `addresses` of the owner or without any."""
        return cls(
            frozen=None if found.frozen is None else FreezeShown.of(found.frozen, found.known),
            payments=[PaymentShown.of(each) for each in found.payments],
            approvals=[ApprovalShown.of(each) for each in found.approvals],
            owner=OwnerShown.of(found.owner, addresses),
        )


class ApprovalList(BaseModel):
    """Acts that wait for a second person, oldest first."""

    approvals: list[ApprovalShown]


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
ApprovalId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


@router.get("/accounts/{account_id:segment}/holds")
async def show_holds(
    service: Service, key: Annotated[ApiKey, Depends(require("support", "verify"))], account_id: AccountId
) -> HoldsShown:
    """Whether the account is frozen, which payments wait, and what waits for a second person."""
    return HoldsShown.of(await service.of(account_id), addresses=key.allows("support"))


@router.post("/accounts/{account_id:segment}/unfreeze", responses=_CONFLICT | {202: {"model": HoldsShown}})
async def unfreeze(
    service: Service, key: Supporter, account_id: AccountId, body: Why, response: Response
) -> HoldsShown:
    """Let money out of the account again; the wallet is told.

    Where the policy asks for a second person, 202: it waits under `approvals` until another key allows it.
    """
    try:
        done = await service.unfreeze(account_id, key.actor, body.why)
    except NotHeld as error:
        raise Problem(409, "not_held", str(error)) from None
    if isinstance(done, Approval):
        response.status_code = 202
    return HoldsShown.of(await service.of(account_id), addresses=True)


@router.post("/accounts/{account_id:segment}/payments/{event_id:segment}/release", responses=_CONFLICT)
async def release_payment(
    service: Service, key: Supporter, account_id: AccountId, event_id: EventId, body: Why
) -> PaymentShown:
    """Let a held payment go: the wallet carries it out, and what it tells of the account is learned."""
    return await _settle(service, account_id, event_id, "released", key, body)


@router.post("/accounts/{account_id:segment}/payments/{event_id:segment}/cancel", responses=_CONFLICT)
async def cancel_payment(
    service: Service, key: Supporter, account_id: AccountId, event_id: EventId, body: Why
) -> PaymentShown:
    """Give a held payment up: the wallet drops it."""
    return await _settle(service, account_id, event_id, "cancelled", key, body)


@router.get("/approvals")
async def list_approvals(service: Service, _key: Supporter) -> ApprovalList:
    """Acts that wait for a second person."""
    return ApprovalList(approvals=[ApprovalShown.of(each) for each in await service.approvals()])


@router.post("/approvals/{approval_id}/approve", responses=_UNKNOWN | _CONFLICT)
async def approve(service: Service, key: Supporter, approval_id: ApprovalId) -> ApprovalShown:
    """Allow an act that another person asked for; it is carried out at once."""
    return await _decide(service, approval_id, key, "approved")


@router.post("/approvals/{approval_id}/refuse", responses=_UNKNOWN | _CONFLICT)
async def refuse(service: Service, key: Supporter, approval_id: ApprovalId) -> ApprovalShown:
    """Refuse it, or take back what one asked for oneself."""
    return await _decide(service, approval_id, key, "refused")


async def _settle(
    service: HoldService,
    account_id: str,
    event_id: str,
    outcome: Literal["released", "cancelled"],
    key: ApiKey,
    body: Why,
) -> PaymentShown:
    try:
        return PaymentShown.of(await service.settle(account_id, event_id, outcome, key.actor, body.why))
    except NotHeld as error:
        raise Problem(409, "not_held", str(error)) from None


async def _decide(
    service: HoldService, approval_id: str, key: ApiKey, decision: Literal["approved", "refused"]
) -> ApprovalShown:
    try:
        decided = await service.decide(approval_id, key.actor, decision)
    except SamePerson as error:
        raise Problem(409, "same_person", str(error)) from None
    if decided is None:
        raise Problem(404, "unknown_approval", "nothing of that id waits")
    return ApprovalShown.of(decided)
