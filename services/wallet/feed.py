"""Actions in the order in which wallets hear of them, and what wallets say they did."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct
from sqlalchemy import Select, delete, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.platform.database import Database, insert_new
from services.platform.metrics import ACTIONS_ACKNOWLEDGED
from services.wallet.actions import Kind, Result, WalletAction
from services.wallet.tables import wallet_actions, webhook_deliveries

#: Longer than this, proxies between a wallet and PayGuard lose patience.
LONGEST_WAIT_S = 25.0
_LOOK_EVERY_S = 0.25


class Published(Struct, frozen=True, kw_only=True):
    """An action as it was told, and what the wallet said of it."""

    sequence: int
    action_id: str
    kind: Kind
    account_id: str
    event_id: str
    at: float
    published_at: float
    result: Result | None = None
    result_at: float | None = None
    detail: str | None = None


#: What the wallet has not done.
_OPEN = or_(wallet_actions.c.result.is_(None), wallet_actions.c.result == "failed")
_SHOWN = tuple(wallet_actions.c[name] for name in Published.__struct_fields__)


#: What hears of an action that a wallet has carried out.
Done = Callable[[AsyncConnection, Published], Awaitable[None]]


async def publish(connection: AsyncConnection, actions: Sequence[WalletAction], now: float) -> None:
    """Give the actions their places in the feed, inside the transaction of the one writer; those that are there keep theirs."""
    rows = [
        {name: getattr(action, name) for name in WalletAction.__struct_fields__} | {"published_at": now}
        for action in actions
    ]
    if rows:
        await connection.execute(insert_new(wallet_actions), rows)


async def ask_again(connection: AsyncConnection, action_ids: Sequence[str], now: float) -> list[str]:
    """Ask the wallet once more for those of the actions that it has not done, in the caller's transaction; their ids.

    An answer is taken at any moment: the rows stay, and `move_up` gives them new places.
    """
    open_still = select(wallet_actions.c.action_id).where(wallet_actions.c.action_id.in_(action_ids), _OPEN)
    asked = await _locked(connection, open_still)
    anew = {"again_at": now, "result": None, "result_at": None, "result_by": None, "detail": None}
    await connection.execute(update(wallet_actions).where(wallet_actions.c.action_id.in_(asked)).values(anew))
    return asked


async def _locked(connection: AsyncConnection, query: Select[str]) -> list[str]:
    """The ids of the actions that the query finds, locked in one order: whoever asks and whoever moves wait for each other."""
    found = query.order_by(wallet_actions.c.action_id).with_for_update()
    return list((await connection.execute(found)).scalars())


async def move_up(connection: AsyncConnection) -> int:
    """Put what was asked for again at the end of the feed and of every webhook, in the transaction of the one writer; how many.

    What was done meanwhile stays in its place. The time at which it was first told stays, too: it waits since then.
    """
    asked = select(wallet_actions.c.action_id).where(wallet_actions.c.again_at.is_not(None))
    locked = wallet_actions.c.action_id.in_(await _locked(connection, asked))
    in_order = select(wallet_actions.c.action_id).where(locked).order_by(wallet_actions.c.sequence)
    ids = (await connection.execute(in_order)).scalars().all()
    # As the column's own default counts, which SQLite does by its greatest row id.
    on_sqlite = connection.dialect.name == "sqlite"
    place = "SELECT max(sequence) + 1 FROM wallet_actions"
    if not on_sqlite:
        place = "SELECT nextval(pg_get_serial_sequence('wallet_actions', 'sequence'))"
    moved = 0
    for action_id in ids:
        this = wallet_actions.c.action_id == action_id
        up = update(wallet_actions).where(this, _OPEN).values(sequence=text(f"({place})"), again_at=None)
        if (await connection.execute(up)).rowcount:
            await connection.execute(
                delete(webhook_deliveries).where(webhook_deliveries.c.action_id == action_id)
            )
            moved += 1
        else:
            await connection.execute(update(wallet_actions).where(this).values(again_at=None))
    return moved


class ActionFeed:
    """What the wallet reads and answers; nobody waits longer than `longest_wait_s`.

    Every method raises Unavailable when the database is away.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float],
        longest_wait_s: float = LONGEST_WAIT_S,
        done: Done | None = None,
    ) -> None:
        """`done` hears of each action that a wallet has just carried out, in the transaction that notes it."""
        self._done = done
        self._database = database
        self._clock = clock
        self._longest_wait_s = longest_wait_s

    async def after(self, sequence: int, limit: int, wait_s: float = 0.0) -> list[Published]:
        """The actions behind this place, oldest first; while there are none, waits up to `wait_s` seconds for one."""
        query = (
            select(*_SHOWN)
            .where(wallet_actions.c.sequence > sequence)
            .order_by(wallet_actions.c.sequence)
            .limit(limit)
        )
        loop = asyncio.get_running_loop()
        until = loop.time() + min(wait_s, self._longest_wait_s)
        while True:
            async with self._database.read() as connection:
                found = [Published(**row) for row in (await connection.execute(query)).mappings()]
            left_s = until - loop.time()
            if found or left_s <= 0.0:
                return found
            await asyncio.sleep(min(_LOOK_EVERY_S, left_s))

    async def find(self, action_id: str) -> Published | None:
        """The action of that id, once it is told."""
        query = select(*_SHOWN).where(wallet_actions.c.action_id == action_id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return None if row is None else Published(**row)

    async def acknowledge(
        self, action_id: str, result: Result, by: str, detail: str | None = None
    ) -> Published | None:
        """Note what the wallet did; None when there is no such action.

        The first answer stands, except that what failed may be done later. Repeating an answer changes nothing.
        """
        # Looked for first, and once: between an update that finds no row and a look, the relay may put it there.
        query = select(*_SHOWN).where(wallet_actions.c.action_id == action_id).with_for_update()
        answer = {"result": result, "result_at": self._clock(), "detail": detail}
        async with self._database.begin() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
            if row is None:
                return None
            if row["result"] not in (None, "failed"):
                return Published(**row)
            statement = update(wallet_actions).where(wallet_actions.c.action_id == action_id)
            await connection.execute(statement.values(**answer, result_by=by))
            found = Published(**{**row, **answer})
            if result != "failed" and self._done is not None:
                await self._done(connection, found)
        ACTIONS_ACKNOWLEDGED.labels(result).inc()
        return found


class Unacknowledged(Struct, frozen=True):
    """Actions of a kind that the wallet has not done: how many, and since when the oldest is known to it."""

    kind: Kind
    count: int
    since: float


async def unacknowledged(connection: AsyncConnection) -> list[Unacknowledged]:
    """What waits for the wallet's word, by kind."""
    query = (
        select(wallet_actions.c.kind, func.count(), func.min(wallet_actions.c.published_at))
        .where(_OPEN)
        .group_by(wallet_actions.c.kind)
    )
    return [Unacknowledged(*row) for row in await connection.execute(query)]
