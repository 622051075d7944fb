"""The case that follows from an owner's "it was not me": there with their word, under the id that the worker's decision has."""

from __future__ import annotations

from msgspec import structs
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import Severity, effect_id
from contracts.errors import Unavailable
from services.cases import states
from services.cases.case_rows import case_of
from services.cases.repository import change_case, unresolved_cases
from services.cases.tables import case_entries, cases
from services.platform.database import insert_new


async def open_at_once(
    connection: AsyncConnection,
    account_id: str,
    event_id: str,
    severity: Severity,
    due_at: float,
    now: float,
) -> None:
    """Open the account's case because of the report `event_id`, or put the report into the one that is open, once.

    Its owner is told that somebody answers by `due_at`. When the decision on the report comes, nothing is done twice.
    """
    known = effect_id(account_id, event_id, "open_case")
    if (await connection.execute(_entry_of(known))).first() is not None:
        return
    case, kind = await _opened_or_joined(connection, account_id, known, severity, due_at, now)
    entry = {
        "case_id": case.case_id,
        "kind": kind,
        "at": now,
        "severity": severity,
        "effect_id": known,
        "event_id": event_id,
    }
    await connection.execute(insert_new(case_entries), [entry])


async def _opened_or_joined(
    connection: AsyncConnection, account_id: str, case_id: str, severity: Severity, due_at: float, now: float
) -> tuple[states.Case, str]:
    this = cases.c.account_id == account_id
    # A second look: a decision may have opened one between the first and our own.
    for _ in range(2):
        current = (await unresolved_cases(connection, this)).get(account_id)
        if current is not None:
            joined = states.promised(states.joined(current, severity, now), due_at)
            await change_case(connection, current, joined)
            return joined, "joined"
        case = states.promised(states.opened(case_id, account_id, severity, now), due_at)
        added = insert_new(cases).values(structs.asdict(case)).returning(cases.c.case_id)
        if (await connection.execute(added)).first() is not None:
            return case, "opened"
    raise Unavailable("another process opened a case of the same account", "database_conflict")


async def case_about(connection: AsyncConnection, account_id: str, event_id: str) -> states.Case | None:
    """The case that has the owner's report `event_id` in it; None where the policy wants none."""
    known = effect_id(account_id, event_id, "open_case")
    case_id: str | None = await connection.scalar(_entry_of(known))
    return None if case_id is None else await case_of(connection, case_id, lock=False)


def _entry_of(known: str) -> Select[tuple[str]]:
    return select(case_entries.c.case_id).where(case_entries.c.effect_id == known)
