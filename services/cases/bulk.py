"""What one person does to several cases at once, and takes back within half a minute."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Literal

from msgspec import Struct, json
from msgspec.structs import asdict
from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cases import queue_states, states
from services.cases.case_rows import case_of, write
from services.cases.queue_tables import bulk_acts
from services.cases.references import case_number
from services.cases.tables import cases

Kind = Literal["assign", "snooze", "merge"]
#: So long it can be taken back.
UNDO_S = 30.0
MOST_CASES = 100
_ENTRIES: dict[Kind, str] = {"assign": "assigned", "snooze": "snoozed", "merge": "resolved"}


class Before(Struct, frozen=True, kw_only=True):
    """What a case was before, and the `version` that it has since."""

    version: int
    state: states.State
    assignee: str | None
    verdict: states.Closing | None
    resolved_at: float | None
    snoozed_until: float | None
    waiting_for: str | None
    waiting_since: float | None
    escalated_at: float | None
    merged_into: str | None


class Kept(Struct, frozen=True):
    """The cases as they were, by id, and who got them, if anybody did."""

    cases: dict[str, Before]
    to: str | None = None


_kept = json.Decoder(Kept).decode


class Done(Struct, frozen=True, kw_only=True):
    """What became of it: the cases that it was `done` to, and why others were left alone, by id."""

    bulk_id: str
    kind: Kind
    done: list[str]
    left: dict[str, str]


class Recent(Struct, frozen=True, kw_only=True):
    """What somebody did to `count` cases at epoch seconds `at`, and can still take back; `to` is who got them."""

    bulk_id: str
    kind: Kind
    at: float
    count: int
    to: str | None


class Undone(Struct, frozen=True, kw_only=True):
    """The cases that are as they were, and those that somebody changed meanwhile and that stay."""

    back: list[str]
    changed: list[str]


Change = Callable[[states.Case], states.Case]


async def assign(
    connection: AsyncConnection, case_ids: Sequence[str], name: str, actor: str, now: float
) -> Done:
    """Give the cases to `name`, whoever holds them, inside the caller's transaction."""
    return await _each(
        connection, "assign", case_ids, lambda case: states.assigned(case, name, now), actor, name, now
    )


async def snooze(
    connection: AsyncConnection, case_ids: Sequence[str], until: float, why: str, actor: str, now: float
) -> Done:
    """Look away from the cases until then, inside the caller's transaction."""
    return await _each(
        connection, "snooze", case_ids, lambda case: queue_states.snoozed(case, until, now), actor, why, now
    )


async def merge(connection: AsyncConnection, case_ids: Sequence[str], actor: str, now: float) -> Done:
    """Close the cases as duplicates, each into what `targets` says, inside the caller's transaction."""
    picked = await _locked(connection, case_ids)
    into = await targets(connection, picked)
    others = {case.case_id: case for case in await _locked(connection, [*into.values()])}
    kept: dict[str, Before] = {}
    left: dict[str, str] = {}
    for case in picked:
        other = others.get(into.get(case.case_id, ""))
        if case.case_id in into.values():
            continue
        if other is None:
            left[case.case_id] = "the account has no other case that is open"
            continue
        try:
            ended = queue_states.merged(case, other, now)
        except states.IllegalTransition as error:
            left[case.case_id] = str(error)
            continue
        joined = states.changed(other, now)
        others[other.case_id] = joined
        await write(connection, case, ended, _ENTRIES["merge"], actor, f"into {case_number(other.case_id)}")
        await write(connection, other, joined, "merged", actor, case_number(case.case_id))
        kept[case.case_id] = _before(case, ended)
    return await _noted(connection, "merge", kept, left, actor, now)


async def targets(connection: AsyncConnection, picked: Sequence[states.Case]) -> dict[str, str]:
    """Which open case of its account each of the picked ones would go on in: one that is not picked before one that is, one of
    risk before a report, and then the oldest."""
    accounts = sorted({case.account_id for case in picked})
    query = select(cases).where(cases.c.account_id.in_(accounts), cases.c.state != "resolved")
    of: dict[str, list[states.Case]] = {}
    for row in (await connection.execute(query)).mappings():
        of.setdefault(row["account_id"], []).append(states.Case(**row))
    chosen = {case.case_id for case in picked}
    found: dict[str, str] = {}
    for there in of.values():
        best = min(
            there,
            key=lambda case: (case.case_id in chosen, case.kind != "risk", case.opened_at, case.case_id),
        )
        for case in there:
            if case.case_id in chosen and case.case_id != best.case_id:
                found[case.case_id] = best.case_id
    return found


async def recent(connection: AsyncConnection, bulk_id: str, actor: str, now: float) -> Recent | None:
    """What this person did, while it can be taken back; None otherwise."""
    query = select(bulk_acts).where(bulk_acts.c.bulk_id == bulk_id, *_may_undo(actor, now))
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    kept = _kept(row.kept)
    return Recent(bulk_id=bulk_id, kind=row.kind, at=row.at, count=len(kept.cases), to=kept.to)


async def undo(connection: AsyncConnection, bulk_id: str, actor: str, now: float) -> Undone | None:
    """Take back what this person did, inside the caller's transaction; None where it is too late, or was not theirs.

    A case that somebody changed since then stays as it is.
    """
    taken = (
        update(bulk_acts)
        .where(bulk_acts.c.bulk_id == bulk_id, *_may_undo(actor, now))
        .values(undone_at=now)
        .returning(bulk_acts.c.kept)
    )
    kept = (await connection.execute(taken)).scalar_one_or_none()
    if kept is None:
        return None
    back, changed = [], []
    for case_id, before in sorted(_kept(kept).cases.items()):
        case = await case_of(connection, case_id, lock=True)
        if case is None or case.version != before.version:
            changed.append(case_id)
            continue
        fields = {name: value for name, value in asdict(before).items() if name != "version"}
        restored = states.changed(case, now, **fields)
        await write(connection, case, restored, "undone", actor, None)
        back.append(case_id)
    return Undone(back=back, changed=changed)


def _may_undo(actor: str, now: float) -> list[ColumnElement[bool]]:
    return [bulk_acts.c.by == actor, bulk_acts.c.undone_at.is_(None), bulk_acts.c.at > now - UNDO_S]


async def _each(
    connection: AsyncConnection,
    kind: Kind,
    case_ids: Sequence[str],
    change: Change,
    actor: str,
    note: str,
    now: float,
) -> Done:
    kept: dict[str, Before] = {}
    left: dict[str, str] = {}
    for case in await _locked(connection, case_ids):
        try:
            changed = change(case)
        except states.IllegalTransition as error:
            left[case.case_id] = str(error)
            continue
        await write(connection, case, changed, _ENTRIES[kind], actor, note)
        kept[case.case_id] = _before(case, changed)
    return await _noted(connection, kind, kept, left, actor, now, note if kind == "assign" else None)


async def _locked(connection: AsyncConnection, case_ids: Sequence[str]) -> list[states.Case]:
    """The cases, locked in one order, so that two people who do the same wait for each other and do not block."""
    some = sorted(set(case_ids))[:MOST_CASES]
    query = select(cases).where(cases.c.case_id.in_(some)).order_by(cases.c.case_id).with_for_update()
    return [states.Case(**row) for row in (await connection.execute(query)).mappings()]


def _before(case: states.Case, since: states.Case) -> Before:
    fields = {name: getattr(case, name) for name in Before.__struct_fields__ if name != "version"}
    return Before(version=since.version, **fields)


async def _noted(
    connection: AsyncConnection,
    kind: Kind,
    kept: dict[str, Before],
    left: dict[str, str],
    actor: str,
    now: float,
    to: str | None = None,
) -> Done:
    bulk_id = secrets.token_hex(16)
    body = json.encode(Kept(kept, to)).decode()
    row = {"bulk_id": bulk_id, "kind": kind, "by": actor, "at": now, "kept": body}
    await connection.execute(insert(bulk_acts).values(**row))
    return Done(bulk_id=bulk_id, kind=kind, done=[*kept], left=left)
