"""Bare connections to PostgreSQL for the few statements that are asked hundreds of times a second.

SQLAlchemy asks each connection whether it lives before it is used, and runs every statement through a greenlet: for two
statements that costs more than the statements. What is here does neither. Whoever borrows must bear that the connection is
found dead at the first statement.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg import AsyncConnection

from contracts.errors import Unavailable

#: At most so many at once; enough for their commits to share the disk's syncs.
_MOST = 10
_WAIT_S = 10.0
#: Every statement here finds rows by their keys: making its plan anew for each value takes longer than to run it.
_PLANNED_ONCE = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off"


class Statements:
    """A pool of connections for statements that find rows by keys, each a transaction of its own."""

    def __init__(self, address: str, options: Mapping[str, Any]) -> None:
        """`address` as libpq takes it, `options` for `psycopg.connect`. Connects when first asked."""
        self._address = address
        self._options = {**options, "options": f"{options.get('options', '')} {_PLANNED_ONCE}".strip()}
        self._idle: list[AsyncConnection[Any]] = []
        self._free = asyncio.Semaphore(_MOST)

    @asynccontextmanager
    async def borrow(self) -> AsyncIterator[AsyncConnection[Any]]:
        """A connection; one that fails, or is left in the midst of something, is closed, and with it all that lie idle.

        Raises Unavailable when the server is away or busy, or the connection has died since it was used last.
        """
        await self._take_turn()
        try:
            connection = self._idle.pop() if self._idle else await self._connected()
            try:
                yield connection
            except (psycopg.OperationalError, psycopg.InterfaceError) as error:
                await self._drop(connection)
                raise Unavailable(f"database away: {type(error).__name__}") from error
            except BaseException:
                await connection.close()
                raise
            self._idle.append(connection)
        finally:
            self._free.release()

    async def close(self) -> None:
        """Close what lies idle; the object can be used again afterwards."""
        while self._idle:
            await self._idle.pop().close()

    async def _take_turn(self) -> None:
        if not self._free.locked():
            await self._free.acquire()
            return
        try:
            async with asyncio.timeout(_WAIT_S):
                await self._free.acquire()
        except TimeoutError:
            raise Unavailable("database away: no free connection") from None

    async def _connected(self) -> AsyncConnection[Any]:
        try:
            return await AsyncConnection.connect(self._address, autocommit=True, **self._options)
        except psycopg.OperationalError as error:
            raise Unavailable(f"database away: {type(error).__name__}") from error

    async def _drop(self, connection: AsyncConnection[Any]) -> None:
        await connection.close()
        await self.close()
