"""Records that must reach Kafka because of a committed SQL transaction, and the relay that carries them there.

Rows are written in the transaction that causes them. The relay produces them with acks=all and marks them sent
afterwards: a crash in between repeats a record with the same identity, which its consumers drop.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Literal, Protocol

from msgspec import Struct, json
from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.errors import Unavailable
from services.cases.tables import outbox
from services.platform.database import Database, insert_new
from services.wallet.actions import WalletAction, read_action
from services.wallet.feed import publish
from services.wallet.tables import wallet_actions

_RELAY_LOCK = 7_294_186_002


class Outgoing(Struct, frozen=True):
    """One record to produce; `identity` is the action's or event's own id, `key` the account."""

    identity: str
    kind: Literal["action", "event"]
    key: str
    payload: bytes


class Producing(Protocol):
    """What the relay needs of a producer (aiokafka's, with acks=all)."""

    async def produce(self, records: Sequence[Outgoing]) -> None:
        """Return once every record is durable; raises Unavailable when one may not be."""
        ...


def action(wanted: WalletAction) -> Outgoing:
    """The outbox record of an action."""
    return Outgoing(wanted.action_id, "action", wanted.account_id, json.encode(wanted))


async def put(connection: AsyncConnection, records: Sequence[Outgoing], now: float) -> None:
    """Write the records into the caller's transaction; one whose identity is there already is left alone."""
    rows = [
        {
            "identity": record.identity,
            "kind": record.kind,
            "key": record.key,
            "payload": record.payload.decode(),
            "created_at": now,
        }
        for record in records
    ]
    if rows:
        await connection.execute(insert_new(outbox), rows)


class OutboxRelay:
    """Carries unsent rows to Kafka in the order of their ids; one relay at a time on PostgreSQL."""

    def __init__(
        self, database: Database, producer: Producing, clock: Callable[[], float], batch_rows: int = 500
    ) -> None:
        self._database = database
        self._producer = producer
        self._clock = clock
        self._batch_rows = batch_rows
        self._produced: set[int] = set()

    async def carry(self) -> int:
        """Produce one batch and mark it sent; how many rows that were. Raises Unavailable, the rows stay."""
        async with self._alone() as alone:
            if not alone:
                return 0
            rows = await self._unsent()
            if not rows:
                return 0
            # After the look: what is marked as sent below is in the feed.
            unpublished: Unavailable | None = None
            try:
                await self._publish()
            except Unavailable as error:
                unpublished = error  # a database that only reads must not keep a freeze from Kafka
            ids = [row_id for row_id, _ in rows]
            # What could not be marked, on a full disk say, is not produced anew at each try.
            fresh = [(row_id, record) for row_id, record in rows if row_id not in self._produced]
            try:
                if fresh:
                    await self._producer.produce([record for _, record in fresh])
            except Unavailable as error:
                with contextlib.suppress(Unavailable):
                    await self._mark([each for each, _ in fresh], sent_at=None, last_error=str(error)[:256])
                raise
            self._produced.update(ids)
            if unpublished is not None:
                raise unpublished
            await self._mark(ids, sent_at=self._clock(), last_error=None)
            self._produced.clear()
            return len(rows)

    async def _publish(self) -> None:
        """Put all new actions into the feed that wallets without Kafka read, whether or not Kafka is there."""
        known = select(wallet_actions.c.action_id).where(wallet_actions.c.action_id == outbox.c.identity)
        query = (
            select(outbox.c.payload)
            .where(outbox.c.sent_at.is_(None), outbox.c.kind == "action", ~known.exists())
            .order_by(outbox.c.id)
            .limit(self._batch_rows)
        )
        while True:
            async with self._database.read() as connection:
                new = [read_action(payload) for payload in (await connection.execute(query)).scalars()]
            if new:
                async with self._database.begin() as connection:
                    await publish(connection, new, self._clock())
            if len(new) < self._batch_rows:
                return

    async def _unsent(self) -> list[tuple[int, Outgoing]]:
        query = (
            select(outbox.c.id, outbox.c.identity, outbox.c.kind, outbox.c.key, outbox.c.payload)
            .where(outbox.c.sent_at.is_(None))
            .order_by(outbox.c.id)
            .limit(self._batch_rows)
        )
        async with self._database.read() as connection:
            found = (await connection.execute(query)).all()
        return [(row.id, Outgoing(row.identity, row.kind, row.key, row.payload.encode())) for row in found]

    async def _mark(self, ids: Sequence[int], *, sent_at: float | None, last_error: str | None) -> None:
        statement = (
            update(outbox)
            .where(outbox.c.id == bindparam("row_id"))
            .values(attempts=outbox.c.attempts + 1, sent_at=sent_at, last_error=last_error)
        )
        async with self._database.begin() as connection:
            await connection.execute(statement, [{"row_id": row_id} for row_id in ids])

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[bool]:
        if self._database.is_sqlite:
            yield True
            return
        async with self._database.begin() as connection:
            taken = await connection.scalar(
                text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _RELAY_LOCK}
            )
            yield bool(taken)


async def untold(database: Database, action_id: str) -> bool:
    """Whether this action is on its way to wallets still, and may be on Kafka already. Raises Unavailable."""
    query = select(outbox.c.id).where(
        outbox.c.identity == action_id, outbox.c.kind == "action", outbox.c.sent_at.is_(None)
    )
    async with database.read() as connection:
        return await connection.scalar(query) is not None


class Pending(Struct, frozen=True):
    """Rows that wait: how many of each kind, and since when (epoch seconds) the oldest does; None when none waits."""

    actions: int
    events: int
    since: float | None


async def pending(connection: AsyncConnection) -> Pending:
    """What waits to be carried out."""
    query = (
        select(outbox.c.kind, func.count(), func.min(outbox.c.created_at))
        .where(outbox.c.sent_at.is_(None))
        .group_by(outbox.c.kind)
    )
    found = {row[0]: (row[1], row[2]) for row in await connection.execute(query)}
    actions, events = (found.get(kind, (0, None))[0] for kind in ("action", "event"))
    return Pending(actions, events, min((since for _, since in found.values()), default=None))
