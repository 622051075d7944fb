"""Who may end a freeze or a held payment, and what it takes: the acts behind `/v1/accounts/{id}/holds`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from services.audit import audit_log
from services.cases import approvals, denials, held_payments, holds
from services.cases.approvals import Act, ActRule, Approval
from services.cases.held_payments import HeldPayment
from services.cases.holds import AccountHold
from services.cases.owners import Owner, owner_of
from services.cases.subjects import NOTHING, Known, known_event
from services.cases.unfreezing import StepState, Unfreezing, entry_of
from services.http.api_keys import Acting
from services.platform.database import Database

_DUE_AT_ONCE = 200


class Holds(Struct, frozen=True):
    """What stands between an account and its money: its freeze, payments that wait, acts that wait for a second person, and
    what its owner was told.

    `known` is what is known of the event that led to the freeze, `steps` are what the policy asks before it ends.
    """

    frozen: AccountHold | None
    payments: list[HeldPayment]
    approvals: list[Approval]
    owner: Owner
    known: Known = NOTHING
    steps: list[StepState] = []


class NotHeld(Exception):
    """There is nothing of that kind to end."""


class NotAllowed(Exception):
    """Whoever decides lacks the scope that deciding this act needs."""


class HoldService:
    """Every method raises Unavailable when the database is away."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float],
        unfreezing: Unfreezing | None = None,
        acts: Mapping[Act, ActRule] | None = None,
    ) -> None:
        """`acts` are the acts besides unfreezing that one person asks for and another allows."""
        self._database = database
        self._clock = clock
        self.unfreezing = unfreezing or Unfreezing()
        self._acts: dict[Act, ActRule] = {
            "unfreeze": ActRule(self.unfreezing.allowed),
            denials.ACT: ActRule(denials.allowed),
            **(acts or {}),
        }

    async def of(self, account_id: str) -> Holds:
        """What stands for the account."""
        async with self._database.read() as connection:
            frozen = await holds.standing(connection, account_id)
            payments = await held_payments.waiting(connection, account_id)
            events = {each.event_id for each in payments} | ({frozen.event_id} if frozen else set())
            return Holds(
                frozen,
                payments,
                await approvals.open_approvals(connection, self._clock(), account_id),
                await owner_of(connection, account_id, events),
                NOTHING if frozen is None else await known_event(connection, account_id, frozen.event_id),
                [] if frozen is None else await self.unfreezing.steps(connection, frozen),
            )

    async def unfreeze(self, account_id: str, by: str, why: str) -> AccountHold | Approval:
        """End the freeze, or ask for a second person to.

        Raises NotHeld when the account is not frozen, StepsMissing before its owner has done what the policy asks.
        """
        now = self._clock()
        async with self._database.begin() as connection:
            hold = await holds.standing(connection, account_id)
            done = None
            if hold is not None:
                done = await self.unfreezing.release(connection, hold, by, why, now)
            if done is None:
                raise NotHeld("the account is not frozen")
            await audit_log.record(connection, entry_of(done, by, now))
        return done

    async def settle(
        self, account_id: str, event_id: str, outcome: Literal["released", "cancelled"], by: str, why: str
    ) -> HeldPayment | Approval:
        """Let a held payment go, or give it up; or ask a second person to let go what its owner denied.

        Raises NotHeld for one that does not wait, Denied for one that its owner says they did not make.
        """
        now = self._clock()
        async with self._database.begin() as connection:
            if outcome == "released":
                ended = await denials.release(connection, account_id, event_id, by, why, now)
            else:
                ended = await held_payments.settle(connection, account_id, event_id, outcome, by, why, now)
                if ended is not None:
                    await audit_log.record(connection, held_payments.end_of_payment(ended, by, now))
            if ended is None:
                raise NotHeld("the payment is not held, or was settled before")
        return ended

    async def payment(self, account_id: str, event_id: str) -> HeldPayment | None:
        """How it stands with a payment that was held, or with the try of it that was let go; None for one that never was."""
        async with self._database.read() as connection:
            return await held_payments.stands(connection, account_id, event_id)

    async def approvals(self, asked_by: str | None = None) -> list[Approval]:
        """Acts that wait for a second person, oldest first; or all that somebody asked for, last asked first."""
        async with self._database.read() as connection:
            if asked_by is not None:
                return [self._as_of_now(each) for each in await approvals.asked_by(connection, asked_by)]
            return await approvals.open_approvals(connection, self._clock())

    async def approval(self, approval_id: str) -> Approval | None:
        """The act of that id, decided or not."""
        async with self._database.read() as connection:
            found = await approvals.find(connection, approval_id)
        return None if found is None else self._as_of_now(found)

    async def decide(
        self, approval_id: str, by: Acting, decision: Literal["approved", "refused"]
    ) -> Approval | None:
        """Allow an act and carry it out, or refuse it; None when nothing of that id waits.

        Raises SamePerson, NotAllowed, NothingLeft, StepsMissing; then nothing was decided.
        """
        async with self._database.begin() as connection:
            return await self.decide_within(connection, approval_id, by, decision, self._clock())

    async def decide_within(
        self,
        connection: AsyncConnection,
        approval_id: str,
        by: Acting,
        decision: Literal["approved", "refused"],
        now: float,
    ) -> Approval | None:
        """The same inside the caller's transaction, which must not commit when this raises."""
        decided = await approvals.decide(connection, approval_id, by.actor, decision, now)
        if decided is None:
            return None
        rule = self._acts[decided.act]
        if not by.allows(rule.scope):
            raise NotAllowed(f"deciding this act needs the scope {rule.scope}")
        follow = rule.does if decision == "approved" else rule.undoes
        if follow is not None:
            await follow(connection, decided, by, now)
        await audit_log.record(connection, approvals.entry(decided, now))
        return decided

    async def expire(self) -> int:
        """Give up the payments whose time is over, and note the acts that nobody decided in time; how many."""
        now = self._clock()
        async with self._database.read() as connection:
            over = await held_payments.due(connection, now, _DUE_AT_ONCE)
            undecided = await approvals.overdue(connection, now, _DUE_AT_ONCE)
        for payment in over:
            await self._give_up(payment, now)
        for approval in undecided:
            async with self._database.begin() as connection:
                ended = await approvals.end(connection, approval.act, approval.subject, now)
                if ended is not None:
                    await audit_log.record(connection, approvals.entry(ended, now))
        return len(over) + len(undecided)

    async def _give_up(self, payment: HeldPayment, now: float) -> None:
        async with self._database.begin() as connection:
            ended = await held_payments.settle(
                connection, payment.account_id, payment.event_id, "expired", holds.DEADLINE, None, now
            )
            if ended is not None:
                await audit_log.record(connection, held_payments.end_of_payment(ended, holds.DEADLINE, now))

    def _as_of_now(self, approval: Approval) -> Approval:
        """What is over and not noted so yet is shown as over."""
        over = approval.decision is None and approval.expires_at <= self._clock()
        return approvals.expired(approval) if over else approval
