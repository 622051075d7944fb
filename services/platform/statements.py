"""SQL text with named parameters that runs on PostgreSQL and SQLite alike, and on every way of asking them.

The text is the part of SQL that both share. `FOR UPDATE` is left out for SQLite, where whoever writes is alone.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

_NAMED = re.compile(r"%\((\w+)\)s")
_LOCKING = re.compile(r"\s+FOR UPDATE\b")


class Statement:
    """A statement whose parameters are named as psycopg has them, `%(name)s`; it holds no other percent sign."""

    def __init__(self, text: str) -> None:
        self._names = list(dict.fromkeys(_NAMED.findall(text)))
        #: As psycopg, asyncpg and SQLite take it.
        self.named = text
        self.numbered = _NAMED.sub(lambda found: f"${self._names.index(found[1]) + 1}", text)
        self.on_sqlite = _LOCKING.sub("", _NAMED.sub(r":\1", text))

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """The values in the order of the server's parameters. Raises KeyError when one is missing."""
        return [values[name] for name in self._names]


class Statements(Protocol):
    """Whatever runs statements."""

    async def first(self, statement: Statement, values: Mapping[str, Any]) -> Mapping[Any, Any] | None:
        """The first row, by name; None when there is none. The statement is run to its end."""
        ...


class InTransaction:
    """Runs statements inside a transaction of SQLAlchemy."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.is_sqlite = connection.dialect.name == "sqlite"

    async def first(self, statement: Statement, values: Mapping[str, Any]) -> Mapping[Any, Any] | None:
        """See `Statements`."""
        text = statement.on_sqlite if self.is_sqlite else statement.named
        return (await self.connection.exec_driver_sql(text, dict(values))).mappings().first()


class SqliteStatements:
    """Runs each statement as a transaction of its own, as a `StatementPool` does on PostgreSQL."""

    def __init__(self, begin: Callable[[], AbstractAsyncContextManager[AsyncConnection]]) -> None:
        """`begin` opens a transaction."""
        self._begin = begin

    @asynccontextmanager
    async def borrow(self) -> AsyncIterator[Statements]:
        """What runs them. Raises Unavailable, at a statement, when the database is away or locked."""
        yield self

    async def first(self, statement: Statement, values: Mapping[str, Any]) -> Mapping[Any, Any] | None:
        """See `Statements`."""
        async with self._begin() as connection:
            return await InTransaction(connection).first(statement, values)

    async def close(self) -> None:
        """Nothing is kept open."""
