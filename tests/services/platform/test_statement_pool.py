"""Claims about the bare connections for statements that are asked often."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import make_url

from benchmarks.parts.real_parts import PostgresServer
from contracts.errors import Unavailable
from services.platform.database import Database
from services.platform.statement_pool import StatementPool
from services.platform.statements import Statement, Statements

pytestmark = pytest.mark.real


@pytest.fixture
async def statements(real_postgres_server: PostgresServer) -> AsyncIterator[StatementPool]:
    """Those of a database of its own."""
    database = Database(real_postgres_server.new_database(f"statements_{secrets.token_hex(4)}"))
    assert isinstance(database.statements, StatementPool)
    yield database.statements
    await database.close()


async def asked(statements: StatementPool, query: str, **values: object) -> dict[str, object] | None:
    """The first row of a query on a borrowed connection."""
    async with statements.borrow() as connection:
        row = await connection.first(Statement(query), values)
    return None if row is None else dict(row)


async def pid(statements: StatementPool) -> int:
    """The server's process behind the connection that is lent now."""
    async with statements.borrow() as connection:
        return await pid_of(connection)


async def pid_of(connection: Statements) -> int:
    """The server's process behind a connection."""
    row = await connection.first(Statement("SELECT pg_backend_pid() AS pid"), {})
    assert row is not None
    return int(row["pid"])


async def test_a_connection_is_used_again(statements: StatementPool) -> None:
    assert await pid(statements) == await pid(statements)


async def test_a_dead_connection_is_unavailable_once_and_then_there_is_another(
    statements: StatementPool,
) -> None:
    async with statements.borrow() as one, statements.borrow() as other:
        await other.first(Statement("SELECT pg_terminate_backend(%(pid)s)"), {"pid": await pid_of(one)})

    with pytest.raises(Unavailable):
        await asked(statements, "SELECT 1")

    await asked(statements, "SELECT 1")


async def test_a_statement_that_is_broken_off_leaves_no_connection_behind(statements: StatementPool) -> None:
    first = await pid(statements)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await asked(statements, "SELECT pg_sleep(30)")

    assert await pid(statements) != first


async def test_a_wrong_statement_keeps_its_error(statements: StatementPool) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        await asked(statements, "SELECT * FROM nowhere")


async def test_a_value_of_the_wrong_type_keeps_its_error(statements: StatementPool) -> None:
    with pytest.raises(asyncpg.DataError):
        await asked(statements, "SELECT %(number)s::int AS number", number="seven")


async def test_a_wrong_statement_costs_no_other_its_connection(statements: StatementPool) -> None:
    async with statements.borrow() as kept:
        with pytest.raises(asyncpg.UndefinedTableError):
            await asked(statements, "SELECT * FROM nowhere")
        idle = await pid_of(kept)

    assert await pid(statements) == idle


async def test_a_name_stands_for_one_value_wherever_it_is_said(statements: StatementPool) -> None:
    row = await asked(
        statements, "SELECT %(b)s::text AS one, %(a)s::int AS two, %(b)s::text AS three", a=7, b="x"
    )

    assert row == {"one": "x", "two": 7, "three": "x"}


async def test_a_statement_that_writes_runs_to_its_end_though_one_row_is_read(
    statements: StatementPool,
) -> None:
    await asked(statements, "CREATE TABLE numbers (n int)")

    await asked(statements, "INSERT INTO numbers SELECT generate_series(1, 9) RETURNING n")

    assert await asked(statements, "SELECT count(*) AS rows FROM numbers") == {"rows": 9}


async def test_a_server_that_only_reads_is_unavailable(statements: StatementPool) -> None:
    await asked(statements, "CREATE TABLE numbers (n int)")
    await asked(statements, "SET default_transaction_read_only = on")

    with pytest.raises(Unavailable):
        await asked(statements, "INSERT INTO numbers VALUES (1)")


async def test_a_session_has_the_settings_of_every_other(statements: StatementPool) -> None:
    assert await asked(statements, "SELECT current_setting('lock_timeout') AS wait") == {"wait": "10s"}


async def test_an_address_may_hold_what_libpq_alone_knows(real_postgres_server: PostgresServer) -> None:
    url = real_postgres_server.new_database(f"statements_{secrets.token_hex(4)}")
    query = "connect_timeout=3&keepalives=1&tcp_user_timeout=9000&application_name=codes"
    statements = StatementPool(make_url(f"{url}?{query}"), {})

    row = await asked(statements, "SELECT current_setting('application_name') AS name")
    await statements.close()

    assert row == {"name": "codes"}


async def test_of_several_hosts_the_one_that_answers_is_asked(real_postgres_server: PostgresServer) -> None:
    port = real_postgres_server.port
    url = f"postgresql://payguard@/postgres?host=127.0.0.1:1&host=127.0.0.1:{port}"
    statements = StatementPool(make_url(url), {})

    row = await asked(statements, "SELECT 1 AS one")
    await statements.close()

    assert row == {"one": 1}


async def test_a_server_that_is_away_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        await asked(StatementPool(make_url("postgresql://nobody@127.0.0.1:1/x"), {}), "SELECT 1")
