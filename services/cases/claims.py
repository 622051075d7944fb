"""Taking a case: the most urgent one that nobody holds, or a certain one. No two people get the same."""

from __future__ import annotations

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cases import states
from services.cases.case_rows import case_of, write
from services.cases.queue import active
from services.cases.tables import cases

#: An entry of a case's history: somebody took it.
_CLAIMED = "assigned"
#: More appeals than this stand nowhere before the first case that somebody may have.
_MOST_PASSED = 20


class Held(Exception):
    """Somebody else has the case; `holder` is their name."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"{holder} has this case; ask them for it, or assign it to yourself by name")
        self.holder = holder


async def claim_next(
    connection: AsyncConnection, name: str, actor: str, now: float, *, senior: bool, kind: str | None = None
) -> states.Case | None:
    """Give `name` the most urgent case that nobody holds, inside the caller's transaction; None when none waits.

    Snoozed and waiting ones stay where they are, escalated ones are for those who are `senior`, and an appeal goes to nobody who
    decided before. What another transaction is just taking is passed over, not waited for.
    """
    passed: list[str] = []
    while len(passed) < _MOST_PASSED:
        query = (
            select(cases)
            .where(active(now), cases.c.assignee.is_(None), cases.c.case_id.not_in(passed))
            .where(or_(cases.c.decided_by.is_(None), func.lower(cases.c.decided_by) != name.lower()))
            .order_by(cases.c.next_due_at, cases.c.case_id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if not senior:
            query = query.where(cases.c.escalated_at.is_(None))
        if kind is not None:
            query = query.where(cases.c.kind == kind)
        row = (await connection.execute(query)).mappings().one_or_none()
        if row is None:
            return None
        case = states.Case(**row)
        try:
            taken = states.assigned(case, name, now)
        except states.IllegalTransition:  # an appeal against them, their name written otherwise
            passed.append(case.case_id)
            continue
        await write(connection, case, taken, _CLAIMED, actor, name)
        return taken
    return None


async def claim(
    connection: AsyncConnection, case_id: str, name: str, actor: str, now: float
) -> states.Case | None:
    """Give `name` this case, inside the caller's transaction; None when there is none. One that they have already stays theirs.

    Raises Held where somebody else has it, IllegalTransition once resolved and for an appeal against them.
    """
    case = await case_of(connection, case_id, lock=True)
    if case is None or (case.assignee == name and case.state == "in_review"):
        return case
    if case.assignee is not None and case.state == "in_review":
        raise Held(case.assignee)
    taken = states.assigned(case, name, now)
    await write(connection, case, taken, _CLAIMED, actor, name)
    return taken
