"""The SQL database of every process: SQLite on a laptop, PostgreSQL in production, one schema.

Durability: the Kafka offset of a decision is committed after its SQL transaction, so a committed one must
outlive the process and the machine: SQLite runs in WAL with synchronous=FULL, PostgreSQL with its default
synchronous commit.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiosqlite
import psycopg
from sqlalchemy import Connection, Insert, MetaData, Table, event, insert, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.base import SyntaxExtension
from sqlalchemy.sql.visitors import InternalTraversal

from contracts.errors import Unavailable
from services.platform.database_faults import away_reason, reason_of
from services.platform.statement_pool import StatementPool
from services.platform.statements import SqliteStatements

if TYPE_CHECKING:
    from alembic.config import Config

#: Every table of every service; names of constraints are fixed so that migrations can speak of them.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

MIGRATIONS = Path(__file__).parents[1] / "migrations"
_WAIT_S = 10.0
_RETRY_S = 0.01
#: Of every session on PostgreSQL.
_SESSION = {"lock_timeout": "10s", "idle_in_transaction_session_timeout": "60s", "timezone": "UTC"}
#: How SQLAlchemy's connections to it are made.
_CONNECTING: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "options": " ".join(f"-c {name}={value}" for name, value in _SESSION.items()),
}
_MIGRATION_LOCK = 7_294_186_001
_READ_ONLY = "payguard_read_only"
_SQLITE_TIME = text("SELECT (julianday('now') - 2440587.5) * 86400.0")
_POSTGRES_TIME = text("SELECT extract(epoch FROM clock_timestamp())")


class _DoNothing(SyntaxExtension, ClauseElement):
    """ON CONFLICT DO NOTHING, which SQLite and PostgreSQL spell alike but SQLAlchemy keeps per dialect."""

    inherit_cache = True
    _traverse_internals: list[tuple[str, InternalTraversal]] = []  # noqa: RUF012 (SQLAlchemy declares it so)

    def apply_to_insert(self, insert_stmt: Insert) -> None:
        insert_stmt.apply_syntax_extension_point(lambda existing: [*existing, self], "post_values")


@compiles(_DoNothing)
def _do_nothing(_element: _DoNothing, _compiler: Any, **_options: Any) -> str:
    return "ON CONFLICT DO NOTHING"


def insert_new(table: Table) -> Insert:
    """INSERT that leaves an existing row as it is (ON CONFLICT DO NOTHING), on SQLite and PostgreSQL alike.

    With `.returning(...)` it answers the rows that were new.
    """
    return insert(table).ext(_DoNothing())


def async_url(url: str) -> URL:
    """The URL with our drivers: aiosqlite for `sqlite:///file`, psycopg for `postgresql://`.

    Raises ValueError for any other kind, and for SQLite without a file.
    """
    parsed = make_url(url)
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        if parsed.database in (None, "", ":memory:"):
            raise ValueError("the SQLite database must be a file: sqlite:///payguard.db")
        return parsed.set(drivername="sqlite+aiosqlite")
    if kind in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    raise ValueError(f"database must be sqlite:/// or postgresql://, not {kind}")


class Database:
    """Connections to one database.

    Every failure that time can mend (refused, locked, shut down, full, deadlock) is raised as `Unavailable`;
    a wrong statement or a broken constraint keeps its SQLAlchemy error and crashes its caller.
    """

    def __init__(self, url: str) -> None:
        self.url = async_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine: AsyncEngine = _sqlite_engine(self.url) if self.is_sqlite else _postgres_engine(self.url)
        #: For statements that are each a transaction of its own.
        self.statements = (
            SqliteStatements(self.begin) if self.is_sqlite else StatementPool(self.url, _SESSION)
        )
        self._writer = asyncio.Lock()

    async def time(self) -> float:
        """The database's clock in epoch seconds; SQLite's is this machine's. Raises Unavailable."""
        query = _SQLITE_TIME if self.is_sqlite else _POSTGRES_TIME
        async with self.read() as connection:
            return float((await connection.execute(query)).scalar_one())

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction: committed at the end, rolled back when the body raises.

        On SQLite it holds the one write lock from its start, so keep it short and never nest it.
        """
        async with _unavailable_when_away():
            if not self.is_sqlite:
                async with self.engine.begin() as connection:
                    yield connection
                return
            await self._take_turn()
            try:
                async with self.engine.begin() as connection:
                    yield connection
            finally:
                self._writer.release()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection that sees one snapshot and takes no write lock on SQLite; for queries only."""
        async with _unavailable_when_away(), self.engine.connect() as raw:
            options: dict[str, Any] = {_READ_ONLY: True}
            if not self.is_sqlite:
                options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            connection = await raw.execution_options(**options)
            async with connection.begin():
                yield connection

    async def _take_turn(self) -> None:
        """Queue fairly inside this process; SQLite's own waiting is a poll that can starve."""
        try:
            async with asyncio.timeout(_WAIT_S):
                await self._writer.acquire()
        except TimeoutError:
            raise Unavailable(
                "database away: the write lock is held for too long", "database_locked"
            ) from None

    async def migrate(self) -> None:
        """Bring the schema to the newest version; safe when several processes start at once."""
        if self.is_sqlite and self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        async with self.begin() as connection:
            if not self.is_sqlite:
                await connection.execute(
                    text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK}
                )
            await connection.run_sync(_upgrade)

    async def empty_log(self) -> None:
        """Write SQLite's log into the file and empty it, as far as nobody reads it. Deleted bytes are zeros."""
        if not self.is_sqlite or not self.url.database:
            return
        async with aiosqlite.connect(self.url.database) as connection:
            await connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    async def close(self) -> None:
        """Give every connection back; the object can be used again afterwards."""
        await self.engine.dispose()
        await self.statements.close()


def alembic_config(connection: Connection) -> Config:
    """Alembic's configuration for an open connection, without any file of this machine in it."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    return config


@asynccontextmanager
async def _unavailable_when_away() -> AsyncIterator[None]:
    try:
        yield
    except DBAPIError as error:
        reason = away_reason(error)
        if reason is None:
            raise
        raise Unavailable(f"database away: {type(error.orig).__name__}", reason) from error
    except psycopg.Error as error:  # of a COPY, which SQLAlchemy does not see
        reason = reason_of(error)
        if reason is None:
            raise
        raise Unavailable(f"database away: {type(error).__name__}", reason) from error
    except PoolTimeout as error:
        raise Unavailable("database away: no free connection", "database_busy") from error


def _upgrade(connection: Connection) -> None:
    # Imported where it is used: it takes a third of a second, which processes that migrate nothing need not wait for.
    from alembic import command

    command.upgrade(alembic_config(connection), "head")


def _postgres_engine(url: URL) -> AsyncEngine:
    return create_async_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_timeout=_WAIT_S,
        connect_args=_CONNECTING,
    )


async def _prepare_sqlite(connection: aiosqlite.Connection) -> None:
    await _keep_a_log(connection)
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        await connection.execute(f"PRAGMA {pragma}")


async def _keep_a_log(connection: aiosqlite.Connection) -> None:
    """Switch the file to WAL; while another connection does the same, SQLite says BUSY without waiting."""
    last = time.monotonic() + _WAIT_S
    while True:
        try:
            await connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > last:
                raise
        await asyncio.sleep(_RETRY_S)


def _sqlite_engine(url: URL) -> AsyncEngine:
    engine = create_async_engine(
        url,
        hide_parameters=True,
        pool_timeout=_WAIT_S,
        connect_args={"isolation_level": None, "timeout": _WAIT_S},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.run_async(_prepare_sqlite)

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        # A deferred BEGIN that writes later can fail at once with SQLITE_BUSY: take the lock first.
        reads = connection.get_execution_options().get(_READ_ONLY, False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine
