"""Cases and their history in SQL, one at a time, inside the caller's transaction."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import Severity
from services.cases import states
from services.cases.repository import change_case
from services.cases.tables import case_entries, cases, decision_of_entry, recorded_decisions
from services.platform.database import insert_new


class Conflict(Exception):
    """Somebody else changed the case since the caller looked at it."""


class Entry(Struct, frozen=True, kw_only=True):
    """One line of a case's history; `decision` as JSON where an event joined."""

    kind: str
    at: float
    actor: str | None = None
    note: str | None = None
    verdict: states.Closing | None = None
    severity: Severity | None = None
    event_id: str | None = None
    decision: str | None = None


async def case_of(connection: AsyncConnection, case_id: str, *, lock: bool) -> states.Case | None:
    """The case, locked until the transaction ends if asked; None when there is none."""
    query = select(cases).where(cases.c.case_id == case_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    return None if row is None else states.Case(**row)


async def entries_of(connection: AsyncConnection, case_id: str) -> list[Entry]:
    """The history of the case, oldest first."""
    query = (
        select(
            case_entries.c.kind,
            case_entries.c.at,
            case_entries.c.actor,
            case_entries.c.note,
            case_entries.c.verdict,
            case_entries.c.severity,
            case_entries.c.event_id,
            recorded_decisions.c.body.label("decision"),
        )
        .select_from(case_entries.join(cases).outerjoin(recorded_decisions, decision_of_entry()))
        .where(case_entries.c.case_id == case_id)
        .order_by(case_entries.c.sequence)
    )
    return [Entry(**row) for row in (await connection.execute(query)).mappings()]


async def write(
    connection: AsyncConnection, old: states.Case, case: states.Case, kind: str, actor: str, note: str | None
) -> None:
    """Put the changed case down, and what changed it as a line of its history."""
    await change_case(connection, old, case)
    await note_entry(connection, case, kind, actor, note)


async def note_entry(
    connection: AsyncConnection,
    case: states.Case,
    kind: str,
    actor: str,
    note: str | None = None,
    entry_id: str | None = None,
) -> bool:
    """A line of the case's history; False, and none, where one of that `entry_id` stands already."""
    row = {
        "case_id": case.case_id,
        "kind": kind,
        "at": case.changed_at,
        "actor": actor,
        "note": note,
        "verdict": case.verdict,
        "effect_id": entry_id,
    }
    added = insert_new(case_entries).values(**row).returning(case_entries.c.sequence)
    return (await connection.execute(added)).first() is not None


def of_version(case: states.Case, version: int | None) -> states.Case:
    """The case. Raises Conflict where the caller looked at another version of it."""
    if version is not None and version != case.version:
        raise Conflict(f"the case is at version {case.version}")
    return case
