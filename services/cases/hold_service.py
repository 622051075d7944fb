"""Who may end a freeze or a held payment, and what it takes: the acts behind `/v1/accounts/{id}/holds`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Literal

from msgspec import Struct

from contracts.events import UserReport
from services.cases import approvals, held_payments, holds
from services.cases.approvals import Approval
from services.cases.held_payments import HeldPayment
from services.cases.holds import AccountHold
from services.cases.owners import Owner, owner_of
from services.cases.subjects import NOTHING, Known, known_event
from services.platform.database import Database

_DUE_AT_ONCE = 200


class Holds(Struct, frozen=True):
    """What stands between an account and its money: its freeze, payments that wait, acts that wait for a second person, and
    what its owner was told.

    `known` is what is known of the event that led to the freeze.
    """

    frozen: AccountHold | None
    payments: list[HeldPayment]
    approvals: list[Approval]
    owner: Owner
    known: Known = NOTHING


class NotHeld(Exception):
    """There is nothing of that kind to end."""


class HoldService:
    """`second_person` names the acts that need one, `not_me` what follows from an owner's word.

    Every method raises Unavailable when the database is away.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float],
        second_person: Collection[str] = (),
        not_me: Collection[str] = (),
    ) -> None:
        self._database = database
        self._clock = clock
        self._second_person = frozenset(second_person)
        self.not_me = frozenset(not_me)

    async def believe(self, reports: Sequence[UserReport]) -> None:
        """Act at once on each owner's "not me", before any worker has read it; see `holds.stop_at_once`."""
        async with self._database.begin() as connection:
            for report in reports:
                await holds.stop_at_once(
                    connection, self.not_me, report.account_id, report.event_id, report.at, self._clock()
                )

    async def of(self, account_id: str) -> Holds:
        """What stands for the account."""
        async with self._database.read() as connection:
            frozen = await holds.standing(connection, account_id)
            payments = await held_payments.waiting(connection, account_id)
            events = {each.event_id for each in payments} | ({frozen.event_id} if frozen else set())
            return Holds(
                frozen,
                payments,
                await approvals.open_approvals(connection, account_id),
                await owner_of(connection, account_id, events),
                NOTHING if frozen is None else await known_event(connection, account_id, frozen.event_id),
            )

    async def unfreeze(self, account_id: str, by: str, why: str) -> AccountHold | Approval:
        """End the freeze, or ask for a second person to. Raises NotHeld when the account is not frozen."""
        now = self._clock()
        async with self._database.begin() as connection:
            done = await approvals.release(connection, account_id, by, why, now, self._second_person)
        if done is None:
            raise NotHeld("the account is not frozen")
        return done

    async def settle(
        self, account_id: str, event_id: str, outcome: Literal["released", "cancelled"], by: str, why: str
    ) -> HeldPayment:
        """Let a held payment go, or give it up. Raises NotHeld for one that does not wait."""
        async with self._database.begin() as connection:
            ended = await held_payments.settle(
                connection, account_id, event_id, outcome, by, why, self._clock()
            )
        if ended is None:
            raise NotHeld("the payment is not held, or was settled before")
        return ended

    async def payment(self, account_id: str, event_id: str) -> HeldPayment | None:
        """How it stands with a payment that was held, or with the try of it that was let go; None for one that never was."""
        async with self._database.read() as connection:
            return await held_payments.stands(connection, account_id, event_id)

    async def approvals(self) -> list[Approval]:
        """Acts that wait for a second person, oldest first."""
        async with self._database.read() as connection:
            return await approvals.open_approvals(connection)

    async def decide(
        self, approval_id: str, by: str, decision: Literal["approved", "refused"]
    ) -> Approval | None:
        """Allow an act and carry it out, or refuse it; None when nothing of that id waits. Raises SamePerson."""
        now = self._clock()
        async with self._database.begin() as connection:
            decided = await approvals.decide(connection, approval_id, by, decision, now)
            if decided is not None and decision == "approved" and decided.act == "unfreeze":
                await holds.unfreeze(connection, decided.account_id, by, decided.why, now)
        return decided

    async def expire(self) -> int:
        """Give up the payments whose time is over; how many."""
        now = self._clock()
        async with self._database.begin() as connection:
            over = await held_payments.due(connection, now, _DUE_AT_ONCE)
            for payment in over:
                await held_payments.settle(
                    connection, payment.account_id, payment.event_id, "expired", "deadline", None, now
                )
        return len(over)
