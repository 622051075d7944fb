"""Records that must reach Kafka because of a committed SQL transaction, and the relay that carries them there.

Rows are written in the transaction that causes them. The relay produces them with acks=all and marks them sent
afterwards: a crash in between repeats a record with the same identity, which its consumers drop.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Literal, Protocol

from msgspec import Struct, json
from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.errors import Unavailable
from services.cases.tables import outbox
from services.platform.database import Database, insert_new
from services.wallet.actions import WalletAction, read_action
from services.wallet.feed import move_up, publish
from services.wallet.tables import wallet_actions

Kind = Literal["action", "event", "message"]
#: What stops money or teaches, and what only tells: a topic of messages that is missing must keep no freeze back.
ACTING: tuple[Kind, ...] = ("action", "event")
TELLING: tuple[Kind, ...] = ("message",)
#: While rows are noted as sent: between two looks for new ones, and how long those go on.
_LOOK_EVERY_S, _LOOKS_FOR_S = 0.02, 1.0
_RELAY_LOCKS = {ACTING: 7_294_186_002, TELLING: 7_294_186_012}


class Outgoing(Struct, frozen=True):
    """One record to produce; `identity` is the action's, event's or message's own id, `key` the account."""

    identity: str
    kind: Kind
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
    """Carries unsent rows of these kinds to Kafka in the order of their ids; one relay of them at a time on PostgreSQL."""

    def __init__(
        self,
        database: Database,
        producer: Producing,
        clock: Callable[[], float],
        batch_rows: int = 500,
        kinds: tuple[Kind, ...] = ACTING,
    ) -> None:
        self._kinds = kinds
        self._database = database
        self._producer = producer
        self._clock = clock
        self._batch_rows = batch_rows
        self._produced: set[int] = set()

    async def carry(self) -> int:
        """Produce what is unsent, one batch or what comes within a second, and mark it sent; how many rows that were.

        Raises Unavailable; what is not produced stays, and what could not be marked, on a full disk say, is not produced anew.
        """
        async with self._alone() as alone:
            if not alone:
                return 0
            # Noting needs the database's write lock, for which a freeze on its way to Kafka must not wait.
            noting: asyncio.Task[Unavailable | None] | None = None
            try:
                carried, last_look = 0, time.monotonic() + _LOOKS_FOR_S
                while True:
                    looks = carried < self._batch_rows and time.monotonic() < last_look
                    fresh = await self._fresh() if looks else []
                    if noting is None and (fresh or self._produced or await self._asked_again()):
                        noting = asyncio.create_task(_failure(self._note()))
                    if fresh:
                        await self._produce(fresh)
                        carried += len(fresh)
                    elif noting is None:
                        return carried
                    else:
                        await asyncio.wait({noting}, timeout=_LOOK_EVERY_S if looks else None)
                    if noting is not None and noting.done():
                        unnoted, noting = noting.result(), None
                        if unnoted is not None:
                            raise unnoted
            finally:
                if noting is not None:
                    await noting

    async def _fresh(self) -> list[tuple[int, Outgoing]]:
        # Taken before the look: what is noted as sent meanwhile is unsent to it still.
        produced = frozenset(self._produced)
        unsent = await self._unsent(self._batch_rows + len(produced))
        return [(row_id, record) for row_id, record in unsent if row_id not in produced][: self._batch_rows]

    async def _produce(self, rows: Sequence[tuple[int, Outgoing]]) -> None:
        ids = [row_id for row_id, _ in rows]
        try:
            await self._producer.produce([record for _, record in rows])
        except Unavailable as error:
            with contextlib.suppress(Unavailable):
                await self._mark(ids, sent_at=None, last_error=str(error)[:256])
            raise
        self._produced.update(ids)

    async def _note(self) -> None:
        """Put new actions into the feed, and mark what was produced before that look as sent."""
        produced = list(self._produced)
        await self._publish()
        if produced:
            await self._mark(produced, sent_at=self._clock(), last_error=None)
            self._produced.difference_update(produced)

    async def _publish(self) -> None:
        """Put all new actions into the feed that wallets without Kafka read, and those asked for again at its end, whether or not
        Kafka is there."""
        if "action" not in self._kinds:
            return
        if await self._asked_again():
            async with self._database.begin() as connection:
                await move_up(connection)
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

    async def _asked_again(self) -> bool:
        """Whether an action that wallets know waits to be told once more."""
        if "action" not in self._kinds:
            return False
        waits = select(wallet_actions.c.sequence).where(wallet_actions.c.again_at.is_not(None)).limit(1)
        async with self._database.read() as connection:
            return await connection.scalar(waits) is not None

    async def _unsent(self, limit: int) -> list[tuple[int, Outgoing]]:
        query = (
            select(outbox.c.id, outbox.c.identity, outbox.c.kind, outbox.c.key, outbox.c.payload)
            .where(outbox.c.sent_at.is_(None), outbox.c.kind.in_(self._kinds))
            .order_by(outbox.c.id)
            .limit(limit)
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
                text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _RELAY_LOCKS[self._kinds]}
            )
            yield bool(taken)


async def _failure(work: Awaitable[None]) -> Unavailable | None:
    try:
        await work
    except Unavailable as error:
        return error
    return None


async def untold(database: Database, action_id: str) -> bool:
    """Whether this action is on its way to wallets still, and may be on Kafka already. Raises Unavailable."""
    query = select(outbox.c.id).where(
        outbox.c.identity == action_id, outbox.c.kind == "action", outbox.c.sent_at.is_(None)
    )
    async with database.read() as connection:
        return await connection.scalar(query) is not None


class Pending(Struct, frozen=True):
    """Rows that wait: how many of each kind, and since when (epoch seconds) the oldest does, of actions and events and of
    messages; None when none waits.
    """

    actions: int
    events: int
    messages: int
    since: float | None
    messages_since: float | None


async def pending(connection: AsyncConnection) -> Pending:
    """What waits to be carried out."""
    query = (
        select(outbox.c.kind, func.count(), func.min(outbox.c.created_at))
        .where(outbox.c.sent_at.is_(None))
        .group_by(outbox.c.kind)
    )
    found = {row[0]: (row[1], row[2]) for row in await connection.execute(query)}
    actions, events, messages = (found.get(kind, (0, None))[0] for kind in (*ACTING, *TELLING))
    since = min((found[kind][1] for kind in ACTING if kind in found), default=None)
    return Pending(actions, events, messages, since, found.get("message", (0, None))[1])
