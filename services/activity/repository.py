"""Activity in SQL: rows written in bulk, each once, and read newest first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from msgspec import Struct
from psycopg.errors import UniqueViolation
from sqlalchemy import and_, case, delete, distinct, func, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity import months
from services.activity.copying import COLUMNS, IDENTITY, STRAIGHT, copy, copy_while_reading
from services.activity.recent import newest, of_types, since
from services.activity.rows import Row
from services.activity.tables import activity
from services.platform import cursors
from services.platform.database import Database, insert_new

#: What an erasure takes out of a transaction that must be kept.
_PERSONAL = (
    "reason",
    "device_key",
    "network_key",
    "ip_key",
    "device",
    "country",
    "city",
    "network_kind",
    "session_id",
)
_INCOMING = text(
    "CREATE TEMPORARY TABLE IF NOT EXISTS activity_incoming (LIKE activity INCLUDING DEFAULTS) ON COMMIT DELETE ROWS"
)
_STAGED = f"COPY activity_incoming ({COLUMNS}) FROM STDIN"
#: After a batch that held a repeat, so many go by way of the staging table at once: where one was sent again, more are.
_STAGED_BATCHES = 4
_KEEP = text(
    f"INSERT INTO activity ({COLUMNS}) SELECT {COLUMNS} FROM activity_incoming ON CONFLICT DO NOTHING"  # noqa: S608 (columns are ours)
)
_SIZE = text(
    "SELECT coalesce(sum(pg_total_relation_size(relid)), 0) FROM pg_partition_tree('activity') WHERE isleaf"
)


class Page(Struct, frozen=True):
    """Rows, newest first, and the cursor of the next ones (None: these were the last)."""

    rows: list[Row]
    cursor: str | None


class Size(Struct, frozen=True):
    """How many rows there are, the bytes they and their indexes take, and the first and last day that they are of."""

    rows: int
    bytes: int
    first: date | None
    last: date | None


class Lately(Struct, frozen=True):
    """How many events there were, when the last of them was (epoch seconds; None: there was none), and on how many devices
    the account was used; a failed sign-in is no use.
    """

    looked: int
    last_at: float | None
    devices: int


class ActivityStore:
    """Writes, reads and forgets activity. Every method raises Unavailable when the database is away."""

    def __init__(
        self,
        database: Database,
        kept_days: Mapping[str, int],
        clock: Callable[[], float],
        erase_keeps_days: int = 0,
    ) -> None:
        """`kept_days` says by section how long rows are kept; `clock` gives epoch seconds.

        Of so many days an erasure leaves the transactions.
        """
        self._erase_keeps_days = erase_keeps_days
        self._database = database
        self._kept_days = dict(kept_days)
        self._clock = clock
        self._months: set[tuple[str, date]] = set()
        self._staged_left = 0

    async def write(self, rows: Sequence[Row]) -> int:
        """Keep the rows, all or none; how many were new. An event whose row is there already is left as it is.

        On PostgreSQL new rows are copied straight to their months. That fails as a whole when one is there already; then the
        batch, and those that follow, go by way of a staging table, from which only what is new is taken.
        """
        rows = list({row[:IDENTITY]: row for row in reversed(rows)}.values())
        if not rows:
            return 0
        if self._database.is_sqlite:
            async with self._database.begin() as connection:
                before = await _changes(connection)
                await connection.execute(insert_new(activity), [row._asdict() for row in rows])
                return await _changes(connection) - before
        await self._make_room({(row.section, row.day) for row in rows})
        if not self._staged_left and await self._straight(rows):
            return len(rows)
        self._staged_left = (self._staged_left or _STAGED_BATCHES) - 1
        async with self._database.begin() as connection:
            await connection.execute(_INCOMING)
            await copy(connection, _STAGED, rows)
            return (await connection.execute(_KEEP)).rowcount

    async def write_while_reading(self, parts: Iterator[Sequence[Row]]) -> int | None:
        """Keep the rows of the parts while they are read, all or none; how many there were.

        None, and none is kept, where they cannot go straight to their months: then they are for `write`, with what is left.
        """
        if self._database.is_sqlite or self._staged_left:
            return None
        return await copy_while_reading(self._database, parts, self._has_room)

    def _has_room(self, rows: Sequence[Row]) -> bool:
        return not self._missing({(row.section, row.day) for row in rows})

    def _missing(self, days: set[tuple[str, date]]) -> set[tuple[str, date]]:
        return months.wanted(days, self._today(), self._kept_days) - self._months

    async def _straight(self, rows: Sequence[Row]) -> bool:
        """Whether all of them were new, and are kept; else none is."""
        try:
            async with self._database.begin() as connection:
                await copy(connection, STRAIGHT, rows)
        except UniqueViolation:
            return False
        return True

    async def _make_room(self, days: set[tuple[str, date]]) -> None:
        if missing := self._missing(days):
            async with self._database.begin() as connection:
                await months.create(connection, missing)
            self._months |= missing

    async def forget_old(self) -> int:
        """Drop what is past keeping; how many months went as a whole."""
        async with self._database.begin() as connection:
            return await months.drop_old(
                connection, self._today(), self._kept_days, not self._database.is_sqlite
            )

    async def erase(self, account_id: str) -> None:
        """Forget the account, but for what must be kept of its transactions."""
        async with self._database.begin() as connection:
            await erase_activity(connection, account_id, self._today(), self._erase_keeps_days)

    async def page(self, account_id: str, *, types: Sequence[str], cursor: str | None, limit: int) -> Page:
        """An account's rows, of these types alone if any are named. Raises Malformed for a cursor that is not ours."""
        which = activity.c.account_id == account_id
        if types:
            which = and_(which, of_types(types))
        before = None if cursor is None else cursors.read(cursor)
        async with self._database.read() as connection:
            rows = await newest(connection, which, limit + 1, now=self._clock(), before=before)
        if len(rows) <= limit:
            return Page(rows, None)
        return Page(rows[:limit], cursors.write(rows[limit - 1].at, rows[limit - 1].event_id))

    async def size(self) -> Size:
        """What activity takes."""
        query = select(func.count(), func.min(activity.c.day), func.max(activity.c.day)).select_from(activity)
        taken = (
            text("SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name LIKE '%activity%'")
            if self._database.is_sqlite
            else _SIZE
        )
        async with self._database.read() as connection:
            rows, first, last = (await connection.execute(query)).one()
            return Size(rows, int(await connection.scalar(taken) or 0), first, last)

    def _today(self) -> date:
        return datetime.fromtimestamp(self._clock(), UTC).date()


async def rows_of(connection: AsyncConnection, names: Collection[tuple[str, str]]) -> list[Row]:
    """The rows of these events, named by account and event id."""
    if not names:
        return []
    this = tuple_(activity.c.account_id, activity.c.event_id)
    found = await connection.execute(select(activity).where(this.in_(sorted(names))))
    return [Row._make(row) for row in found]


async def lately(
    connection: AsyncConnection, account_id: str, looked_since: float, used_since: float
) -> Lately:
    """What of the account happened after `looked_since`, and on how many devices since `used_since`, which is before that."""
    looked = case((activity.c.at > looked_since, activity.c.at))
    used = case((func.coalesce(activity.c.outcome, "") != "failure", activity.c.device_key))
    query = select(func.count(looked), func.max(looked), func.count(distinct(used))).where(
        activity.c.account_id == account_id, since(used_since)
    )
    return Lately(*(await connection.execute(query)).one())


async def newest_change(
    connection: AsyncConnection, account_id: str, changes: Sequence[str], since_s: float
) -> float | None:
    """When the newest of these changes of the account happened, at `since_s` or after (epoch seconds); None for none."""
    query = select(func.max(activity.c.at)).where(
        activity.c.account_id == account_id,
        since(since_s),
        of_types(["account_change"]),
        activity.c.kind.in_(changes),
    )
    at: float | None = await connection.scalar(query)
    return at


async def erase_activity(
    connection: AsyncConnection, account_id: str, today: date, kept_days: int
) -> tuple[int, int]:
    """Delete the account's rows inside the caller's transaction; how many, and how many transactions stay.

    Those of the last `kept_days` days stay, without device, place, network and session.
    """
    of_account = activity.c.account_id == account_id
    if not kept_days:
        return (await connection.execute(delete(activity).where(of_account))).rowcount, 0
    kept = and_(activity.c.section == "money", activity.c.day > today - timedelta(days=kept_days))
    stripped = update(activity).where(of_account, kept).values(dict.fromkeys(_PERSONAL))
    left = (await connection.execute(stripped)).rowcount
    return (await connection.execute(delete(activity).where(of_account, ~kept))).rowcount, left


async def _changes(connection: AsyncConnection) -> int:
    return int(await connection.scalar(text("SELECT total_changes()")) or 0)
