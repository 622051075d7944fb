"""What a deed works with: one transaction, who asks, and what follows once it has committed."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from services.audit import audit_log
from services.cases import states
from services.cases.acts.attached import Attached
from services.cases.acts.situation import Ground, Situation
from services.cases.case_rows import write
from services.cases.states import Case
from services.http.api_keys import Acting


class Doing(Struct, kw_only=True):
    """An act under way. `person` is known while whoever asks waits for it, and so is a `file` that came with it; what was staged
    has the name (`by`) alone."""

    connection: AsyncConnection
    act_id: str
    by: str
    now: float
    ground: Ground
    person: Acting | None = None
    file: Attached | None = None
    after: list[Callable[[], None]] = []

    async def put(self, old: Case, changed: Case, kind: str, note: str | None = None) -> Case:
        """The changed case and its line of history."""
        await write(self.connection, old, changed, kind, self.by, note)
        return changed

    async def taken(self, case: Case) -> Case:
        """The case in review: by whoever has it, else by whoever acts. Raises IllegalTransition."""
        if case.state != "open":
            return case
        name = plain_name(self.by)
        changed = states.assigned(case, name, self.now)
        return await self.put(case, changed, "assigned", name)

    async def record(self, situation: Situation, action: str, reason: str = "") -> None:
        """What the audit keeps of it. Call it last."""
        entry = audit_log.Entry(
            at=self.now,
            action=action,
            result="done",
            actor=self.by,
            account_id=situation.case.account_id,
            reason=reason or f"case {situation.case.case_id}",
        )
        await audit_log.record(self.connection, entry)


def plain_name(actor: str) -> str:
    """The name of a member of staff or key, as cases have it for their assignee."""
    return actor.partition(":")[2] or actor
