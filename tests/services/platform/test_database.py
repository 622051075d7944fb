"""One Database over SQLite and PostgreSQL: migrations, transactions, and what it says when it is away."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, func, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

import services.cases.tables
import services.http.api_keys
import services.mfa.limit_tables
import services.mfa.tables
import services.portal.tables
import services.rights.rules
from contracts.errors import Unavailable
from services.cases.tables import contact_points
from services.platform.database import Database, async_url, insert_new, metadata
from services.platform.database_faults import away_reason
from services.platform.embedded import free_port

ROW = {
    "point_id": "li",
    "account_id": "li",
    "channel": "mail",
    "address": "li@upay.example",
    "locale": "en",
    "time_zone": "UTC",
    "since": 1.0,
}
OTHER = {**ROW, "point_id": "wang", "account_id": "wang"}


async def count(database: Database) -> int:
    async with database.read() as connection:
        return int(await connection.scalar(select(func.count()).select_from(contact_points)) or 0)


async def test_migrations_make_exactly_the_declared_tables(database: Database) -> None:
    def difference(connection: Connection) -> object:
        whole = lambda name, kind, _: kind != "table" or not str(name).startswith("activity_")  # noqa: E731
        options = {"compare_type": True, "include_name": whole}  # partitions belong to their table
        context = MigrationContext.configure(connection, opts=options)
        return compare_metadata(context, metadata)

    async with database.begin() as connection:
        found = await connection.run_sync(difference)

    assert found == []


async def test_two_processes_may_migrate_at_once(database_url: str) -> None:
    program = (
        "import asyncio, sys; from services.platform.database import Database\n"
        "async def main():\n    d = Database(sys.argv[1]); await d.migrate(); await d.close()\n"
        "asyncio.run(main())"
    )
    root = Path(__file__).parents[3]
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", program, database_url, cwd=root)
        for _ in range(2)
    ]

    assert [await process.wait() for process in processes] == [0, 0]


def test_a_process_that_migrates_nothing_does_not_wait_for_alembic() -> None:
    program = "import sys; import services.platform.database; sys.exit('alembic' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[3]).returncode == 0


async def test_many_may_open_a_new_sqlite_file_at_once(tmp_path: Path) -> None:
    for number in range(50):
        openers = [Database(f"sqlite:///{tmp_path / str(number)}") for _ in range(5)]

        assert await asyncio.gather(*(count_of_tables(opener) for opener in openers)) == [0] * 5


async def count_of_tables(database: Database) -> int:
    async with database.read() as connection:
        tables = await connection.scalar(text("SELECT count(*) FROM sqlite_schema"))
    await database.close()
    return int(tables)


async def test_migrating_again_changes_nothing(database: Database) -> None:
    async with database.begin() as connection:
        await connection.execute(insert_new(contact_points).values(ROW))

    await database.migrate()

    assert await count(database) == 1


async def test_a_row_that_is_there_is_left_alone_and_new_ones_are_answered(database: Database) -> None:
    async with database.begin() as connection:
        await connection.execute(insert_new(contact_points), [ROW])
        new = await connection.execute(
            insert_new(contact_points).returning(contact_points.c.point_id),
            [{**ROW, "address": "x@x"}, OTHER],
        )

        assert list(new.scalars()) == ["wang"]
        address = select(contact_points.c.address).where(contact_points.c.point_id == "li")
        assert await connection.scalar(address) == "li@upay.example"


async def test_a_body_that_raises_leaves_nothing(database: Database) -> None:
    async def write_and_raise() -> None:
        async with database.begin() as connection:
            await connection.execute(insert_new(contact_points).values(ROW))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await write_and_raise()

    assert await count(database) == 0


async def test_a_cancelled_body_leaves_nothing_and_frees_the_database(database: Database) -> None:
    written = asyncio.Event()

    async def write_and_hang() -> None:
        async with database.begin() as connection:
            await connection.execute(insert_new(contact_points).values(ROW))
            written.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write_and_hang())
    await written.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.begin() as connection:
        await connection.execute(insert_new(contact_points).values(OTHER))

    assert await count(database) == 1


async def test_a_process_killed_in_a_transaction_leaves_nothing(database_url: str) -> None:
    program = (
        "import asyncio, sys\n"
        "from services.cases.tables import contact_points\n"
        "from services.platform.database import Database, insert_new\n"
        "async def main():\n"
        "    async with Database(sys.argv[1]).begin() as connection:\n"
        f"        await connection.execute(insert_new(contact_points).values({ROW!r}))\n"
        "        print('written', flush=True)\n"
        "        await asyncio.Event().wait()\n"
        "asyncio.run(main())"
    )
    database = Database(database_url)
    await database.migrate()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, database_url),
        cwd=Path(__file__).parents[3],
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    await asyncio.wait_for(process.stdout.readline(), 60)
    process.kill()
    await process.wait()

    assert await count(database) == 0

    async with database.begin() as connection:
        await connection.execute(insert_new(contact_points).values(ROW))
    await database.close()


async def test_writers_of_one_process_take_turns(database: Database) -> None:
    async def grow() -> None:
        async with database.begin() as connection:
            await connection.execute(insert_new(contact_points).values(ROW))
            seen = await connection.scalar(select(contact_points.c.since).with_for_update())
            await connection.execute(contact_points.update().values(since=(seen or 0.0) + 1.0))

    await asyncio.gather(*(grow() for _ in range(20)))
    async with database.read() as connection:
        grown = await connection.scalar(select(contact_points.c.since))

    assert grown == 21.0


async def test_a_reader_is_not_kept_waiting_by_a_writer(database: Database) -> None:
    async with database.begin() as connection:
        await connection.execute(insert_new(contact_points).values(ROW))

        assert await count(database) == 0


async def test_sqlite_survives_the_machine(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    async with database.begin() as connection:
        settled = [
            await connection.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    await database.close()

    assert settled == ["wal", 2, 1]


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://x/y"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(ValueError):
        async_url(url)


def test_the_tables_of_every_service_are_compared() -> None:
    owners = (
        services.cases.tables.cases,
        services.mfa.tables.challenges,
        services.http.api_keys.api_keys,
    )

    assert {table.name for table in owners} <= set(metadata.tables)


async def test_a_wrong_statement_is_not_called_away(database: Database) -> None:
    with pytest.raises(Exception, match="nowhere") as caught:
        async with database.begin() as connection:
            await connection.execute(text("SELECT * FROM nowhere"))

    assert not isinstance(caught.value, Unavailable)


async def test_a_broken_constraint_is_not_called_away_and_hides_the_row(database: Database) -> None:
    with pytest.raises(IntegrityError) as caught:
        async with database.begin() as connection:
            await connection.execute(contact_points.insert(), [ROW, ROW])

    assert "upay.example" not in str(caught.value)


async def test_a_locked_sqlite_file_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.platform.database._WAIT_S", 0.05)
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
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
    database = Database(f"sqlite:///{tmp_path / 'test.db'}")
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
    database = Database(f"postgresql://nobody@127.0.0.1:{free_port()}/none")

    with pytest.raises(Unavailable, match="database away"):
        async with database.begin():
            pass


@pytest.mark.real
async def test_a_connection_that_the_server_ends_is_unavailable_and_the_next_one_works(
    real_postgres: str,
) -> None:
    database = Database(real_postgres)
    with pytest.raises(Unavailable):
        async with database.begin() as connection:
            await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    async with database.begin() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1
    await database.close()


def test_an_operational_error_of_no_driver_is_not_called_away() -> None:
    assert away_reason(OperationalError("SELECT", {}, sqlite3.OperationalError("no such table: x"))) is None
