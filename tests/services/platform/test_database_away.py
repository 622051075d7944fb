"""What a Database says when it is away, full or locked, and what it does not call so."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, text
from sqlalchemy.exc import IntegrityError, OperationalError

from contracts.errors import Unavailable
from services.cases.tables import contact_points
from services.platform.database import Database
from services.platform.database_faults import away_reason
from services.platform.embedded import free_port
from tests.services.cases.databases import database, database_url  # noqa: F401  found here by the tests

ROW = {
    "point_id": "li",
    "account_id": "li",
    "channel": "mail",
    "address": "li@upay.example",
    "locale": "en",
    "time_zone": "UTC",
    "since": 1.0,
}


async def test_a_wrong_statement_is_not_called_away(database: Database) -> None:  # noqa: F811
    with pytest.raises(Exception, match="nowhere") as caught:
        async with database.begin() as connection:
            await connection.execute(text("SELECT * FROM nowhere"))

    assert not isinstance(caught.value, Unavailable)


async def test_a_broken_constraint_is_not_called_away_and_hides_the_row(database: Database) -> None:  # noqa: F811
    with pytest.raises(IntegrityError) as caught:
        async with database.begin() as connection:
            await connection.execute(contact_points.insert(), [ROW, ROW])

    assert "upay.example" not in str(caught.value)


async def test_a_locked_sqlite_file_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.platform.database._WAIT_S", 0.05)
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")  # noqa: F811
    await database.migrate()
    other = sqlite3.connect(tmp_path / "test.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="OperationalError"):
        async with database.begin():
            pass
    other.execute("ROLLBACK")
    other.close()
    async with database.begin() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1
    await database.close()


async def test_a_full_sqlite_disk_is_unavailable(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")  # noqa: F811
    table = Table("rows", MetaData(), Column("id", Integer, primary_key=True), Column("body", String))
    async with database.begin() as connection:
        await connection.run_sync(table.create)
        await connection.execute(text("PRAGMA max_page_count = 3"))

    async def write_too_much() -> None:
        async with database.begin() as connection:
            await connection.execute(text("PRAGMA max_page_count = 3"))
            await connection.execute(table.insert(), [{"body": "x" * 4000} for _ in range(50)])

    with pytest.raises(Unavailable):
        await write_too_much()
    await database.close()


async def test_a_refused_connection_is_unavailable() -> None:
    database = Database(f"postgresql://nobody@127.0.0.1:{free_port()}/none")  # noqa: F811

    with pytest.raises(Unavailable, match="database away"):
        async with database.begin():
            pass


@pytest.mark.real
async def test_a_connection_that_the_server_ends_is_unavailable_and_the_next_one_works(
    real_postgres: str,
) -> None:
    database = Database(real_postgres)  # noqa: F811
    with pytest.raises(Unavailable):
        async with database.begin() as connection:
            await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    async with database.begin() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1
    await database.close()


def test_an_operational_error_of_no_driver_is_not_called_away() -> None:
    assert away_reason(OperationalError("SELECT", {}, sqlite3.OperationalError("no such table: x"))) is None
