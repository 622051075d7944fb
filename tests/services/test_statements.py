"""Claims about the bare connections for statements that are asked often."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator

import psycopg
import pytest

from benchmarks.real_parts import PostgresServer
from contracts.errors import Unavailable
from services.database import Database
from services.statements import Statements

pytestmark = pytest.mark.real


@pytest.fixture
async def statements(real_postgres_server: PostgresServer) -> AsyncIterator[Statements]:
    """Those of a database of its own."""
    database = Database(real_postgres_server.new_database(f"statements_{secrets.token_hex(4)}"))
    assert database.statements is not None
    yield database.statements
    await database.close()


async def asked(statements: Statements, query: str) -> None:
    """Run a query on a borrowed connection."""
    async with statements.borrow() as connection:
        await connection.execute(query)


async def pid(statements: Statements) -> int:
    """The server's process behind the connection that is lent now."""
    async with statements.borrow() as connection:
        return connection.info.backend_pid


async def test_a_connection_is_used_again(statements: Statements) -> None:
    assert await pid(statements) == await pid(statements)


async def test_a_dead_connection_is_unavailable_once_and_then_there_is_another(
    statements: Statements,
) -> None:
    async with statements.borrow() as one, statements.borrow() as other:
        await other.execute("SELECT pg_terminate_backend(%s)", (one.info.backend_pid,))

    with pytest.raises(Unavailable):
        await asked(statements, "SELECT 1")

    await asked(statements, "SELECT 1")


async def test_a_statement_that_is_broken_off_leaves_no_connection_behind(statements: Statements) -> None:
    first = await pid(statements)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await asked(statements, "SELECT pg_sleep(30)")

    assert await pid(statements) != first


async def test_a_wrong_statement_keeps_its_error(statements: Statements) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        await asked(statements, "SELECT * FROM nowhere")


async def test_a_server_that_is_away_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        await asked(Statements("postgresql://nobody@127.0.0.1:1/x", {"connect_timeout": 1}), "SELECT 1")
