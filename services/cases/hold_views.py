"""What HTTP shows of freezes, held payments and acts that need a second person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel

from services.cases.approvals import Act, Approval
from services.cases.approvals import Decision as Decided
from services.cases.event_views import AboutShown, EventShown
from services.cases.held_payments import HeldPayment
from services.cases.hold_service import Holds
from services.cases.holds import AccountHold
from services.cases.owner_views import OwnerShown
from services.cases.subjects import Known
from services.cases.unfreezing import Step, StepState
from services.http.times import utc, utc_if


class StepShown(BaseModel):
    """What the policy asks before a freeze ends, and when it was done; null while it is missing."""

    step: Step
    done_at: datetime | None


class FreezeShown(BaseModel):
    """A freeze: `event_id` led to it, `hold_id` is the id of the wallet's action.

    `shown` is that event in words and figures; of an owner's report, `about` is the event that it speaks of. `steps` are what
    must have been done since before anybody may end it, `missing` those that were not.
    """

    hold_id: str
    event_id: str
    placed_at: datetime
    placed_by: str
    released_at: datetime | None
    shown: EventShown | None
    about: AboutShown | None
    steps: list[StepShown]
    missing: list[Step]

    @classmethod
    def of(cls, hold: AccountHold, known: Known, steps: Sequence[StepState]) -> Self:
        """The freeze as shown, with what is known of its event."""
        return cls(
            hold_id=hold.hold_id,
            event_id=hold.event_id,
            placed_at=utc(hold.placed_at),
            placed_by=hold.placed_by,
            released_at=utc_if(hold.released_at),
            shown=EventShown.of_if(known.shown),
            about=AboutShown.of(known),
            steps=[StepShown(step=each.step, done_at=utc_if(each.done_at)) for each in steps],
            missing=[each.step for each in steps if each.done_at is None],
        )


class PaymentShown(BaseModel):
    """A payment that was held; while it waits, it is given up at `due_at`. `shown` is what people recognise it by.

    `joins` names the payment that it repeats and ends with; `tries` is how often one that waits was tried again.
    `waits_for` is whose word it waits for: its owner's alone, or support's.
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
    waits_for: Literal["owner", "support"]

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
            waits_for=payment.waits_for,
        )


class ApprovalShown(BaseModel):
    """An act that waits for a second person, until `expires_at`, or what was decided.

    `subject` is what it was asked for: the freeze, or the request of the factor's reset or of the erasure. `expired`: nobody
    decided in time, or what it was about ended otherwise.
    """

    approval_id: str
    act: Act
    subject: str
    account_id: str
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    why: str
    decision: Decided | None
    decided_by: str | None
    decided_at: datetime | None

    @classmethod
    def of(cls, approval: Approval) -> Self:
        """The act as shown."""
        return cls(
            approval_id=approval.approval_id,
            act=approval.act,
            subject=approval.subject,
            account_id=approval.account_id,
            asked_by=approval.asked_by,
            asked_at=utc(approval.asked_at),
            expires_at=utc(approval.expires_at),
            why=approval.why,
            decision=approval.decision,
            decided_by=approval.decided_by,
            decided_at=utc_if(approval.decided_at),
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
            frozen=None if found.frozen is None else FreezeShown.of(found.frozen, found.known, found.steps),
            payments=[PaymentShown.of(each) for each in found.payments],
            approvals=[ApprovalShown.of(each) for each in found.approvals],
            owner=OwnerShown.of(found.owner, addresses),
        )


class ApprovalList(BaseModel):
    """Acts that wait for a second person, oldest first; or those that one asked for, last asked first."""

    approvals: list[ApprovalShown]
