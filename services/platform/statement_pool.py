"""Bare connections to PostgreSQL for the few statements that are asked hundreds of times a second.

SQLAlchemy asks each connection whether it lives before it is used, and runs every statement through a greenlet: for two
statements that costs more than the statements. What is here does neither, and asks through asyncpg, which needs less processor
time than psycopg. A borrowed connection may turn out to be dead at its first statement.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy.engine import URL

from contracts.errors import Unavailable
from services.platform.statements import Statement, Statements

#: At most so many at once; enough for their commits to share the disk's syncs.
_MOST = 10
_WAIT_S = 10.0
_CONNECT_S = 5.0
#: A server that says nothing for so long is away: a lock is given up after `lock_timeout`, which is shorter.
_ANSWER_S = 20.0
#: Every statement here finds rows by their keys: making its plan anew for each value takes longer than to run it.
_PLANNED_ONCE = {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off"}
#: Classes of SQLSTATE that time or an operator can mend, and the state of a server that only reads.
#: https://www.postgresql.org/docs/current/errcodes-appendix.html
_AWAY = ("08", "25006", "40", "53", "55", "57", "58")
#: What a connection that broke raises: an internal error when the server ended it while it was idle. TimeoutError is an OSError.
_BROKEN = (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
#: What libpq alone knows of an address; to asyncpg these would be settings of the server.
_LIBPQ_ONLY = frozenset(
    {
        "channel_binding",
        "connect_timeout",
        "fallback_application_name",
        "gssencmode",
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
        "load_balance_hosts",
        "tcp_user_timeout",
    }
)


class _PooledConnection:
    """A connection while it is borrowed."""

    def __init__(self, connection: asyncpg.Connection[Any]) -> None:
        self._connection = connection

    async def first(self, statement: Statement, values: Mapping[str, Any]) -> Mapping[Any, Any] | None:
        """The first row, by name; None when there is none. The statement is run to its end, as its own transaction."""
        row: Mapping[Any, Any] | None = await self._connection.fetchrow(
            statement.numbered, *statement.arguments(values)
        )
        return row


class StatementPool:
    """A pool of connections for statements that find rows by keys, each a transaction of its own."""

    def __init__(self, url: URL, settings: Mapping[str, str]) -> None:
        """`settings` are those of a session on the server. Connects when first asked."""
        self._address = _address(url)
        self._settings = {**settings, **_PLANNED_ONCE}
        self._idle: list[asyncpg.Connection[Any]] = []
        self._free = asyncio.Semaphore(_MOST)

    @asynccontextmanager
    async def borrow(self) -> AsyncIterator[Statements]:
        """A connection; one that fails, or is left in the midst of something, is closed, and with it all that lie idle.

        Raises Unavailable when the server is away or busy, or the connection has died since it was used last.
        """
        await self._take_turn()
        try:
            connection = self._idle.pop() if self._idle else await self._connected()
            try:
                yield _PooledConnection(connection)
            except BaseException as error:
                await _end(connection)
                if not _is_away(error):
                    raise
                await self.close()
                raise Unavailable(f"database away: {type(error).__name__}") from error
            self._idle.append(connection)
        finally:
            self._free.release()

    async def close(self) -> None:
        """Close what lies idle; the object can be used again afterwards."""
        while self._idle:
            await _end(self._idle.pop())

    async def _take_turn(self) -> None:
        if not self._free.locked():
            await self._free.acquire()
            return
        try:
            async with asyncio.timeout(_WAIT_S):
                await self._free.acquire()
        except TimeoutError:
            raise Unavailable("database away: no free connection") from None

    async def _connected(self) -> asyncpg.Connection[Any]:
        try:
            return await asyncpg.connect(
                self._address,
                timeout=_CONNECT_S,
                command_timeout=_ANSWER_S,
                max_cached_statement_lifetime=0,
                server_settings=self._settings,
            )
        except (asyncpg.PostgresError, OSError) as error:
            raise Unavailable(f"database away: {type(error).__name__}") from error


def _address(url: URL) -> str:
    """The URL as asyncpg takes it; of several hosts it tries one after the other, as libpq does."""
    query = {
        name: value if isinstance(value, str) else ",".join(value)
        for name, value in url.query.items()
        if name not in _LIBPQ_ONLY
    }
    return url.set(drivername="postgresql", query=query).render_as_string(hide_password=False)


async def _end(connection: asyncpg.Connection[Any]) -> None:
    """Say goodbye; a server that does not listen is left."""
    with contextlib.suppress(asyncpg.PostgresError, *_BROKEN):
        await connection.close(timeout=_CONNECT_S)


def _is_away(error: BaseException) -> bool:
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate).startswith(_AWAY)
    return isinstance(error, _BROKEN)
