"""The audit in SQL: append-only, one row an offered code, a factor's change or an administrator's act.

The tables refuse UPDATE and DELETE by trigger, but for words that an erasure takes out, and the hash chain of `chain` tells of
whoever gets around that.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import RowMapping, and_, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.audit.chain import (
    ALL_PARTITIONS,
    ERASED,
    Broken,
    Entry,
    Head,
    Redaction,
    Row,
    Walk,
    canonical,
    linked,
    partition_of,
)
from services.audit.tables import audit, audit_heads
from services.platform.database import Database

__all__ = ["Checked", "Entry", "record", "rows", "verify"]

_PAGE_ROWS = 2000


#: `chain.linked` in one statement and one round trip, on the way of every offered code.
_MOVE = """
  UPDATE audit_heads SET seq = seq + 1, hash = sha256(hash || int8send(seq + 1) || %(canonical)s){source}
  WHERE lane = %(lane)s RETURNING lane, seq, hash
"""
_INSERT = """
INSERT INTO audit (
  lane, seq, hash, at, action, result, actor, account_id, factor_id, challenge_id, network, reason
)
SELECT lane, seq, hash, %(at)s, %(action)s, %(result)s, %(actor)s,
  %(account_id)s, %(factor_id)s, %(challenge_id)s, %(network)s, %(reason)s
FROM moved
"""
_APPEND = f"WITH moved AS ({_MOVE.format(source='')}) {_INSERT}"


class Checked(Struct, frozen=True):
    """What a walk over every partition found: how many rows, the heads, and the first broken row of each."""

    entries: int
    heads: list[Head]
    broken: list[Broken]


async def record(connection: AsyncConnection, entry: Entry) -> None:
    """Append the entry inside the caller's transaction.

    It takes the partition's lock until that transaction ends: call it last, for one account a transaction.
    """
    partition = partition_of(entry)
    if connection.dialect.name == "postgresql":
        if (await connection.exec_driver_sql(_APPEND, parameters(entry))).rowcount != 1:
            raise RuntimeError(f"the audit has lost the head of partition {partition}")
        return
    found = (await connection.execute(select(audit_heads).where(audit_heads.c.lane == partition))).one()
    row = linked(Head(partition, found.seq, found.hash), entry)
    await connection.execute(
        insert(audit).values(lane=partition, seq=row.seq, hash=row.hash, **asdict(entry))
    )
    moved = update(audit_heads).where(audit_heads.c.lane == partition)
    await connection.execute(moved.values(seq=row.seq, hash=row.hash))


def appended_after(source: str) -> str:
    """Parts of a WITH of PostgreSQL that append the entry of `parameters` for the one row of `source`, a FROM list; `written`
    has a row then."""
    return f"moved AS ({_MOVE.format(source=f' FROM {source}')}), written AS ({_INSERT} RETURNING seq)"


def parameters(entry: Entry) -> dict[str, Any]:
    """What the statements that append an entry on PostgreSQL are run with, by name."""
    partition = partition_of(entry)
    return {"lane": partition, "canonical": canonical(partition, entry), **asdict(entry)}


async def verify(database: Database, saved: Mapping[int, Head] | None = None) -> Checked:
    """Walk every partition in one snapshot. With `saved` heads, by partition, nothing may have changed or gone since them."""
    entries, broken, heads = 0, list[Broken](), list[Head]()
    async with database.read() as connection:
        stored = {head.partition: head async for head in _heads(connection)}
        for partition in ALL_PARTITIONS:
            walk = Walk(partition, (saved or {}).get(partition))
            found = await _walked(connection, walk) or walk.end(stored.get(partition))
            entries += walk.head.seq
            heads.append(walk.head)
            if found is not None:
                broken.append(found)
    return Checked(entries, heads, broken)


async def take_words(connection: AsyncConnection, account_id: str) -> str:
    """Take networks and reasons out of the account's rows; what the reason of the act `ERASED` must say.

    That act has to follow in the same transaction. It takes the lock of the account's partition, as `record` does.
    """
    partition = partition_of(Entry(at=0.0, action=ERASED, result="", actor="", account_id=account_id))
    await connection.execute(select(audit_heads).where(audit_heads.c.lane == partition).with_for_update())
    wordy = and_(
        audit.c.lane == partition,
        audit.c.account_id == account_id,
        audit.c.action != ERASED,
        or_(audit.c.network.is_not(None), audit.c.reason.is_not(None)),
    )
    redaction = Redaction()
    for found in (await connection.execute(select(audit).where(wordy).order_by(audit.c.seq))).mappings():
        redaction.add(_row(found))
    await connection.execute(update(audit).where(wordy).values(network=None, reason=None))
    return redaction.words()


async def rows(
    database: Database, account_id: str | None = None, action: str | None = None, limit: int = 100
) -> list[Row]:
    """The newest rows, newest first, of one account and one action if given."""
    query = select(audit).order_by(audit.c.at.desc(), audit.c.lane, audit.c.seq.desc()).limit(limit)
    if account_id is not None:
        query = query.where(audit.c.account_id == account_id)
    if action is not None:
        query = query.where(audit.c.action == action)
    async with database.read() as connection:
        return [_row(found) for found in (await connection.execute(query)).mappings()]


async def _walked(connection: AsyncConnection, walk: Walk) -> Broken | None:
    partition = walk.head.partition
    query = select(audit).where(audit.c.lane == partition).order_by(audit.c.seq).limit(_PAGE_ROWS)
    last = -1
    while True:
        page = [
            _row(found) for found in (await connection.execute(query.where(audit.c.seq > last))).mappings()
        ]
        for row in page:
            if (broken := walk.read(row)) is not None:
                return broken
        if len(page) < _PAGE_ROWS:
            return None
        last = page[-1].seq


async def _heads(connection: AsyncConnection) -> AsyncIterator[Head]:
    for found in await connection.execute(select(audit_heads)):
        yield Head(found.lane, found.seq, found.hash)


def _row(found: RowMapping) -> Row:
    kept: dict[str, Any] = {str(name): value for name, value in found.items()}
    partition, seq, digest = kept.pop("lane"), kept.pop("seq"), kept.pop("hash")
    return Row(partition, seq, Entry(**kept), digest)
