"""Tickets in SQL: which cases have something to say in their help desk, who carries it there, and how far they came.

One process at a time holds a ticket, for as long as its lease. What it is about to say is written down before it is said, so that
whoever comes after one that was killed asks the help desk first.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from sqlalchemy import and_, case, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cases.case_rows import Entry, case_of
from services.cases.references import case_number
from services.cases.states import Case
from services.cases.tables import case_entries, cases
from services.cases.ticket_tables import connections, ticket_replies, tickets
from services.connect.connections import Connection
from services.connect.texts import mark_of
from services.platform.database import Database, insert_new

#: Longer than a transaction that wrote an entry can stay open: entries of before are all there.
SETTLED_S = 60.0
#: Longer than `WITHIN_S` and what is written around it: nobody takes a ticket over whose holder may still be heard there.
LEASE_S = 60.0
#: What is asked of a help desk at one go, a note or a new ticket, is given up after so long, however many requests it takes.
WITHIN_S = 45.0
_MOST_ENTRIES = 10_000
_MOST_AT_ONCE = 100


class Ticket(Struct, frozen=True, kw_only=True):
    """A ticket in hand, under its lease. Fields as in `ticket_tables`."""

    connection: str
    case_id: str
    external_id: str | None
    told: int
    trying: int | None
    attempts: int
    lease: str


class Next(Struct, frozen=True):
    """An entry of a case that its ticket does not have yet."""

    sequence: int
    entry: Entry


async def spread(connection: AsyncConnection, of: Connection, now: float) -> None:
    """Make tickets of cases with new entries, and wake those that are there.

    The last minute is looked at again and again: of two entries the later number may be there first.
    """
    this = case_entries.c
    newest = (
        select(this.case_id, this.sequence)
        .where(this.sequence > of.cursor)
        .order_by(this.sequence)
        .limit(_MOST_ENTRIES)
        .subquery()
    )
    last = func.max(newest.c.sequence)
    query = select(newest.c.case_id, last).join(cases, cases.c.case_id == newest.c.case_id)
    if of.options.kinds:
        query = query.where(cases.c.kind.in_(of.options.kinds))
    found = {row[0]: row[1] for row in await connection.execute(query.group_by(newest.c.case_id))}
    seen = await connection.scalar(select(func.max(newest.c.sequence))) or of.cursor
    if found:
        rows = [_new(of.name, case_id, now) for case_id in found]
        await connection.execute(insert_new(tickets), rows)
        await _wake(connection, of.name, found, now)
    values: dict[str, Any] = {}
    if now - of.seen_at >= SETTLED_S or seen - of.cursor >= _MOST_ENTRIES:
        values = {"cursor": of.seen, "seen": max(of.seen, seen), "seen_at": now}
    if values and values["seen"] != of.cursor:
        await connection.execute(update(connections).where(connections.c.name == of.name).values(**values))


def _new(name: str, case_id: str, now: float) -> dict[str, Any]:
    return {"connection": name, "case_id": case_id, "state": "waiting", "next_at": now, "told": 0}


async def _wake(connection: AsyncConnection, name: str, last: dict[str, int], now: float) -> None:
    this = tickets.c
    told = and_(this.connection == name, this.state == "told", this.case_id.in_(last))
    behind = [
        row.case_id
        for row in await connection.execute(select(this.case_id, this.told).where(told))
        if row.told < last[row.case_id]
    ]
    if behind:
        await connection.execute(
            update(tickets)
            .where(told, this.case_id.in_(behind))
            .values(state="waiting", next_at=now, attempts=0)
        )


async def claim(database: Database, name: str, lease: str, now: float, limit: int) -> list[Ticket]:
    """Take tickets of the connection that are due and that nobody holds, those that wait longest first."""
    this = tickets.c
    due = and_(
        this.connection == name,
        this.state == "waiting",
        this.next_at <= now,
        or_(this.leased_until.is_(None), this.leased_until <= now),
    )
    chosen = select(this.case_id).where(due).order_by(this.next_at).limit(min(limit, _MOST_AT_ONCE))
    async with database.begin() as connection:
        # SQLite has one writer at a time, and no such clause.
        ids = list((await connection.execute(chosen.with_for_update(skip_locked=True))).scalars())
        if not ids:
            return []
        mine = and_(this.connection == name, this.case_id.in_(ids))
        await connection.execute(update(tickets).where(mine).values(lease=lease, leased_until=now + LEASE_S))
        columns = [this[field] for field in Ticket.__struct_fields__]
        query = select(*columns).where(mine, this.lease == lease).order_by(this.next_at)
        return [Ticket(**row) for row in (await connection.execute(query)).mappings()]


class NameTaken(Exception):
    """The help desk gave the ticket an id that another ticket has."""


async def keep(database: Database, ticket: Ticket, now: float, **values: Any) -> bool:
    """Write down how far a ticket is, and hold it for longer unless `values` say otherwise; False, and nothing is written, when
    another holds it now. Raises NameTaken."""
    held = and_(
        tickets.c.connection == ticket.connection,
        tickets.c.case_id == ticket.case_id,
        tickets.c.lease == ticket.lease,
    )
    changed = update(tickets).where(held).values(**{"leased_until": now + LEASE_S} | values)
    try:
        async with database.begin() as connection:
            return (await connection.execute(changed)).rowcount == 1
    except IntegrityError:
        raise NameTaken from None


async def let_go(database: Database, ticket: Ticket, now: float, **values: Any) -> bool:
    """Write down what became of a ticket and give it back; False when another holds it now."""
    return await keep(database, ticket, now, **values | {"lease": None, "leased_until": None})


async def following(
    database: Database, case_id: str, after: int, limit: int
) -> tuple[Case | None, list[Next]]:
    """The case as it stands, and its entries behind that one, in order."""
    this = case_entries.c
    fields = ("kind", "at", "actor", "note", "verdict", "severity", "event_id")
    query = (
        select(this.sequence, *(this[field] for field in fields))
        .where(this.case_id == case_id, this.sequence > after)
        .order_by(this.sequence)
        .limit(limit)
    )
    async with database.read() as connection:
        current = await case_of(connection, case_id, lock=False)
        rows = (await connection.execute(query)).mappings()
        return current, [
            Next(row["sequence"], Entry(**{field: row[field] for field in fields})) for row in rows
        ]


async def newest(database: Database, case_id: str) -> int:
    """The number of the case's last entry, 0 for none."""
    query = select(func.max(case_entries.c.sequence)).where(case_entries.c.case_id == case_id)
    async with database.read() as connection:
        return await connection.scalar(query) or 0


async def case_with(connection: AsyncConnection, name: str, external_id: str) -> tuple[str, bool] | None:
    """The case of a ticket there, locked, and whether the ticket is closed as far as we know; None for none of ours."""
    this = tickets.c
    query = select(this.case_id, this.closed_there).where(
        this.connection == name, this.external_id == external_id
    )
    row = (await connection.execute(query.with_for_update())).first()
    return None if row is None else (row.case_id, row.closed_there)


async def case_being_opened(connection: AsyncConnection, name: str, bears: str) -> tuple[str, bool] | None:
    """The same for a ticket whose id was not written down yet: whoever opens it may have been killed, and people there write
    already. `bears` is what the ticket has of its case: its number, its mark, or its id; None where two have the same number."""
    this = tickets.c
    opening = and_(this.connection == name, this.external_id.is_(None), this.trying.is_not(None))
    waiting = (await connection.execute(select(this.case_id).where(opening))).scalars().all()
    found = [each for each in waiting if bears in (case_number(each), mark_of(each, 0), each)]
    if len(found) != 1:
        return None
    mine = select(this.closed_there).where(this.connection == name, this.case_id == found[0])
    return found[0], bool(await connection.scalar(mine.with_for_update()))


async def new_reply(connection: AsyncConnection, name: str, reply_id: str, case_id: str, now: float) -> bool:
    """Whether these words of the help desk are new to us; from now on they are not."""
    row = {"connection": name, "reply_id": reply_id, "case_id": case_id, "at": now}
    added = insert_new(ticket_replies).values(**row).returning(ticket_replies.c.reply_id)
    return (await connection.execute(added)).first() is not None


async def note_closed(connection: AsyncConnection, name: str, case_id: str, closed: bool) -> None:
    """The ticket is closed there, or open again."""
    this = tickets.c
    mine = update(tickets).where(this.connection == name, this.case_id == case_id)
    await connection.execute(mine.values(closed_there=closed))


async def note_health(database: Database, name: str, error: str | None, now: float) -> None:
    """The help desk took something, or failed with `error`."""
    this = connections.c
    if error is None:
        changed = update(connections).where(this.name == name, this.failing_since.is_not(None))
        values: dict[str, Any] = {"failing_since": None, "last_error": None}
    else:
        changed = update(connections).where(this.name == name)
        since = case((this.failing_since.is_(None), now), else_=this.failing_since)
        values = {"failing_since": since, "last_error": error}
    async with database.begin() as connection:
        await connection.execute(changed.values(**values))


async def waiting(connection: AsyncConnection) -> int:
    """How many tickets wait to be told something."""
    query = select(func.count()).select_from(tickets).where(tickets.c.state == "waiting")
    return (await connection.execute(query)).scalar_one()
