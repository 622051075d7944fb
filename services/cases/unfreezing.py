"""When a frozen account may be let go: what the policy asks of its owner first, and whether a second person must agree."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import floor
from typing import Literal, Protocol

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.repository import newest_change
from services.audit import audit_log
from services.cases import approvals, holds
from services.cases.approvals import Approval
from services.cases.holds import AccountHold
from services.http.api_keys import Acting

Step = Literal["factor", "password"]
_PASSWORD = ("password_change", "password_reset")
#: What a step asks for, in words for whoever is refused.
ASKS: Mapping[Step, str] = {
    "factor": "a code of the account's factor was accepted, or a factor enrolled, since the freeze",
    "password": "the wallet told of a changed password since the freeze (account_change password_change or password_reset)",
}


class Fact(Protocol):
    """When something was done for an account at or after epoch seconds `since`; None when it was not."""

    async def __call__(
        self, connection: AsyncConnection, account_id: str, since: float, /
    ) -> float | None: ...


class StepState(Struct, frozen=True):
    """A step, and when it was done; None while it is missing."""

    step: Step
    done_at: float | None


class StepsMissing(Exception):
    """The freeze may not end yet."""

    def __init__(self, missing: Sequence[Step]) -> None:
        asked = "; ".join(f"{step}: {ASKS[step]}" for step in missing)
        super().__init__(f"before the account is unfrozen the policy asks for: {asked}")
        self.missing = list(missing)


async def password_changed(connection: AsyncConnection, account_id: str, since: float) -> float | None:
    """When the wallet told of a new password, by the time of its event; None when it did not. A wallet may tell whole seconds."""
    return await newest_change(connection, account_id, _PASSWORD, floor(since))


def entry_of(done: AccountHold | Approval, by: str, at: float) -> audit_log.Entry:
    """What the audit keeps of a freeze that ended, or was asked to."""
    return approvals.entry(done, at) if isinstance(done, Approval) else holds.end_of_freeze(done, by, at)


class Unfreezing:
    """Ends freezes. `steps` are what the policy asks first, `facts` say when each was done; `two`: two people must agree."""

    def __init__(
        self,
        steps: Collection[Step] = (),
        facts: Mapping[Step, Fact] | None = None,
        second_person: Collection[str] = (),
    ) -> None:
        """Raises ValueError for a step without a fact."""
        self._facts: dict[Step, Fact] = {"password": password_changed, **(facts or {})}
        self._steps = [step for step in ASKS if step in steps]
        self.two = "unfreeze" in second_person
        if unknown := [step for step in self._steps if step not in self._facts]:
            raise ValueError(f"nothing says when these steps are done: {', '.join(unknown)}")

    async def steps(self, connection: AsyncConnection, hold: AccountHold) -> list[StepState]:
        """Every step that the policy asks before this freeze ends, in their order."""
        return [
            StepState(step, await self._facts[step](connection, hold.account_id, hold.placed_at))
            for step in self._steps
        ]

    async def missing(self, connection: AsyncConnection, hold: AccountHold) -> list[Step]:
        """The steps that are not done."""
        return [each.step for each in await self.steps(connection, hold) if each.done_at is None]

    async def release(
        self, connection: AsyncConnection, hold: AccountHold, by: str, why: str, now: float
    ) -> AccountHold | Approval | None:
        """End the freeze, or ask a second person to; None when it ended meanwhile. Raises StepsMissing."""
        await self._require(connection, hold)
        if self.two:
            return await approvals.ask(connection, "unfreeze", hold.hold_id, hold.account_id, by, why, now)
        return await holds.unfreeze(connection, hold.hold_id, by, why, now)

    async def allowed(self, connection: AsyncConnection, approval: Approval, by: Acting, now: float) -> None:
        """End the freeze that a second person allows to end. Raises NothingLeft, StepsMissing."""
        hold = await holds.freeze_of(connection, approval.subject)
        if hold is None or hold.released_at is not None:
            raise approvals.NothingLeft("that freeze has ended already")
        await self._require(connection, hold)
        if await holds.unfreeze(connection, hold.hold_id, by.actor, approval.why, now) is None:
            raise approvals.NothingLeft("that freeze has ended already")
        await audit_log.record(connection, holds.end_of_freeze(hold, by.actor, now))

    async def _require(self, connection: AsyncConnection, hold: AccountHold) -> None:
        if missing := await self.missing(connection, hold):
            raise StepsMissing(missing)
