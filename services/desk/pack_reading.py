"""What SQL knows of a case, read in one snapshot: the rows that a pack is made of."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from msgspec import Struct, json
from sqlalchemy import RowMapping, Table, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import Decision
from services.activity.recent import newest
from services.activity.rows import Row
from services.activity.tables import activity
from services.audit.audit_log import Entry as AuditEntry
from services.audit.chain import Head, partition_of
from services.audit.tables import audit_heads
from services.cases.case_records import Told, told_of
from services.cases.case_rows import case_of
from services.cases.hold_tables import account_holds, held_payments, owner_words
from services.cases.owners import Telling, owner_of
from services.cases.report_tables import case_files
from services.cases.states import Case
from services.cases.subjects import Known, known_events
from services.cases.tables import case_entries, contact_points, recorded_decisions
from services.mfa.tables import challenges
from services.wallet.tables import wallet_actions

#: So long before a case opened its story begins, so long after its end it ends, and so many events of it are told at most.
BEFORE_S, AFTER_S, MOST_EVENTS = 3 * 86_400.0, 86_400.0, 200
_MOST_ROWS = 500
_decode = json.Decoder(Decision).decode


class Found(Struct, frozen=True, kw_only=True):
    """A case and all that belongs to it, as SQL has it; rows are mappings of their tables' columns."""

    case: Case
    told: Told | None
    entries: Sequence[RowMapping]
    decisions: Sequence[Decision]
    events: Sequence[Row]
    known: Mapping[str, Known]
    words: Sequence[RowMapping]
    challenges: Sequence[RowMapping]
    freezes: Sequence[RowMapping]
    payments: Sequence[RowMapping]
    actions: Sequence[RowMapping]
    letters: Sequence[Telling]
    addresses: Sequence[str]
    files: Sequence[RowMapping]
    anchor: Head

    @property
    def own(self) -> set[str]:
        """The events that the case is about."""
        return _own(self.case, self.entries)


async def found_of(connection: AsyncConnection, case_id: str, now: float) -> Found | None:
    """The case; None when there is none."""
    case = await case_of(connection, case_id, lock=False)
    if case is None:
        return None
    entries = await _rows(
        connection, case_entries, case_entries.c.case_id == case_id, case_entries.c.sequence
    )
    own = _own(case, entries)
    events = await _events(connection, case, now)
    near = own | {row.event_id for row in events}
    known = await known_events(connection, {(case.account_id, each) for each in own}, events)
    freezes, payments = await _stopped(connection, case, near)
    return Found(
        case=case,
        told=await told_of(connection, case_id),
        entries=entries,
        decisions=await _decisions(connection, case, own),
        events=events,
        known={event_id: each for (_, event_id), each in known.items()},
        words=await _of_account(connection, case, owner_words, "about_event_id", near, "told_at"),
        challenges=await _of_account(connection, case, challenges, "event_id", near, "issued_at"),
        freezes=freezes,
        payments=payments,
        actions=await _actions(connection, case, near, freezes),
        letters=(await owner_of(connection, case.account_id, near | {case_id})).told,
        addresses=await _addresses(connection, case),
        files=await _files(connection, case_id),
        anchor=await _anchor(connection, case.account_id),
    )


def _own(case: Case, entries: Sequence[RowMapping]) -> set[str]:
    own = {row["event_id"] for row in entries if row["event_id"] is not None}
    return own if case.subject_event_id is None else own | {case.subject_event_id}


async def _rows(
    connection: AsyncConnection, table: Table, which: Any, *order: Any, limit: int = _MOST_ROWS
) -> Sequence[RowMapping]:
    query = select(table).where(which).order_by(*order).limit(limit)
    return (await connection.execute(query)).mappings().all()


async def _of_account(
    connection: AsyncConnection, case: Case, table: Table, name: str, events: Collection[str], order: str
) -> Sequence[RowMapping]:
    """The account's rows about these events."""
    if not events:
        return []
    which = and_(table.c.account_id == case.account_id, table.c[name].in_(sorted(events)))
    return await _rows(connection, table, which, table.c[order])


async def _events(connection: AsyncConnection, case: Case, now: float) -> list[Row]:
    """The account's events around the case, oldest first."""
    until = min(now, now if case.resolved_at is None else case.resolved_at + AFTER_S)
    which = and_(activity.c.account_id == case.account_id, activity.c.at <= until)
    found = await newest(
        connection, which, MOST_EVENTS, now=until, since_s=max(0.0, case.opened_at - BEFORE_S)
    )
    return found[::-1]


async def _decisions(connection: AsyncConnection, case: Case, events: Collection[str]) -> list[Decision]:
    rows = await _of_account(connection, case, recorded_decisions, "event_id", events, "at")
    return [_decode(row["body"]) for row in rows]


async def _stopped(
    connection: AsyncConnection, case: Case, events: Collection[str]
) -> tuple[Sequence[RowMapping], Sequence[RowMapping]]:
    """The freezes that stood while the case was open, or came of its events; and the payments of these that were held."""
    table = account_holds
    until = case.resolved_at
    while_open = or_(table.c.released_at.is_(None), table.c.released_at >= case.opened_at)
    if until is not None:
        while_open = and_(while_open, table.c.placed_at <= until)
    which = or_(while_open, table.c.event_id.in_(sorted(events)))
    freezes = await _rows(
        connection, table, and_(table.c.account_id == case.account_id, which), table.c.placed_at
    )
    return freezes, await _of_account(connection, case, held_payments, "event_id", events, "placed_at")


async def _actions(
    connection: AsyncConnection, case: Case, events: Collection[str], freezes: Sequence[RowMapping]
) -> Sequence[RowMapping]:
    """What the wallet was asked for because of these events."""
    table = wallet_actions
    about = sorted({*events, *(row["event_id"] for row in freezes)})
    which = and_(table.c.account_id == case.account_id, table.c.event_id.in_(about))
    return await _rows(connection, table, which, table.c.sequence)


async def _addresses(connection: AsyncConnection, case: Case) -> list[str]:
    """Where the owner is reached by mail and telephone; other ways have no address that people read."""
    table = contact_points
    which = and_(
        table.c.account_id == case.account_id, table.c.until.is_(None), table.c.channel.in_(["mail", "sms"])
    )
    return [row["address"] for row in await _rows(connection, table, which, table.c.channel, limit=10)]


async def _files(connection: AsyncConnection, case_id: str) -> Sequence[RowMapping]:
    """The files beside the case, without what is in them."""
    columns = [each for each in case_files.c if each.name not in ("sealed", "secret")]
    query = select(*columns).where(case_files.c.case_id == case_id).order_by(case_files.c.number)
    return (await connection.execute(query)).mappings().all()


async def _anchor(connection: AsyncConnection, account_id: str) -> Head:
    partition = partition_of(AuditEntry(at=0.0, action="", result="", actor="", account_id=account_id))
    row = (await connection.execute(select(audit_heads).where(audit_heads.c.lane == partition))).one()
    return Head(partition, row.seq, row.hash)
