"""What can be done about a case's account, which verdict each act belongs to, and what it takes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, Protocol

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cases import approvals, held_payments, holds
from services.cases.states import Case, Verdict
from services.cases.tables import cases
from services.cases.unfreezing import Unfreezing

Offer = Literal["unfreeze", "release_payment", "cancel_payment", "factor_reset", "reopen"]


class HasFactor(Protocol):
    """Whether the account has a second factor, in use or disabled."""

    async def __call__(self, connection: AsyncConnection, account_id: str, /) -> bool: ...


class OfferedAct(Struct, frozen=True, kw_only=True):
    """One act: whether it may be done now, and if not, what is `missing` or which case is in its way.

    `subject` is the freeze, the payment's event, or the case. `verdicts` are those that it belongs to; `approval_id` is the act
    that waits for a second person already.
    """

    act: Offer
    subject: str
    may: bool
    missing: list[str] = []
    blocked_by: str | None = None
    second_person: bool = False
    approval_id: str | None = None
    verdicts: list[Verdict] = []


class CaseActs:
    """Says what can be done. `has_factor` may be unknown: then no factor reset is offered."""

    def __init__(
        self,
        unfreezing: Unfreezing | None = None,
        second_person: Collection[str] = (),
        has_factor: HasFactor | None = None,
    ) -> None:
        self.unfreezing = unfreezing or Unfreezing()
        self._second_person = frozenset(second_person)
        self._has_factor = has_factor

    async def of(self, connection: AsyncConnection, case: Case, now: float) -> list[OfferedAct]:
        """The acts of the case's account, those that end something first."""
        found = await self._unfreeze(connection, case.account_id, now)
        for payment in await held_payments.waiting(connection, case.account_id):
            found.append(_of_payment("release_payment", payment.event_id, "legitimate"))
            found.append(_of_payment("cancel_payment", payment.event_id, "fraud"))
        if self._has_factor is not None and await self._has_factor(connection, case.account_id):
            two = "factor_reset" in self._second_person
            found.append(
                OfferedAct(
                    act="factor_reset",
                    subject=case.account_id,
                    may=True,
                    second_person=two,
                    verdicts=["fraud"],
                )
            )
        if case.state == "resolved":
            other = await unresolved_of(connection, case.account_id) if case.kind == "risk" else None
            found.append(OfferedAct(act="reopen", subject=case.case_id, may=other is None, blocked_by=other))
        return found

    async def _unfreeze(self, connection: AsyncConnection, account_id: str, now: float) -> list[OfferedAct]:
        hold = await holds.standing(connection, account_id)
        if hold is None:
            return []
        missing = await self.unfreezing.missing(connection, hold)
        asked = await approvals.open_of(connection, "unfreeze", hold.hold_id, now)
        return [
            OfferedAct(
                act="unfreeze",
                subject=hold.hold_id,
                may=not missing,
                missing=[*missing],
                second_person=self.unfreezing.two,
                approval_id=None if asked is None else asked.approval_id,
                verdicts=["fraud", "legitimate"],
            )
        ]


async def unresolved_of(connection: AsyncConnection, account_id: str) -> str | None:
    """The account's case of risk that is not resolved; it has one at most."""
    unresolved = cases.c.state != "resolved", cases.c.kind == "risk"
    query = select(cases.c.case_id).where(cases.c.account_id == account_id, *unresolved)
    found: str | None = await connection.scalar(query)
    return found


def _of_payment(
    act: Literal["release_payment", "cancel_payment"], event_id: str, verdict: Verdict
) -> OfferedAct:
    return OfferedAct(act=act, subject=event_id, may=True, verdicts=[verdict])
