"""Databases for tests: a SQLite file always, and a database of its own on PostgreSQL where it can be had.

The migrations run once for each of the two: a test gets a copy of what they made.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from benchmarks.parts.real_parts import PostgresServer
from services.platform.database import Database

KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.real)]
MIGRATED = "migrated"


#: An engine for each kind of database that has connected once.
_engines: dict[bool, Engine] = {}


async def migrate(url: str) -> None:
    """Bring a database to the newest version."""
    database = Database(url)
    await database.migrate()
    await database.close()
    _engines.setdefault(database.is_sqlite, database.engine.sync_engine)


def opened(url: str) -> Database:
    """The database at the URL. What SQLAlchemy made of a statement in one test it need not make again in the next."""
    database = Database(url)
    if (known := _engines.get(database.is_sqlite)) is not None:
        engine = database.engine.sync_engine
        engine.dialect, engine._compiled_cache = known.dialect, known._compiled_cache
    return database


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a database that nobody else uses: migrated for a test that asks for `database` too, else empty."""
    filled = "database" in request.fixturenames
    if request.param == "sqlite":
        file = tmp_path / "test.db"
        if filled:
            shutil.copy(request.getfixturevalue("migrated_file"), file)
        yield f"sqlite:///{file}"
        return
    needed = "migrated_postgres" if filled else "real_postgres_server"
    server: PostgresServer = request.getfixturevalue(needed)
    name = f"test_{secrets.token_hex(6)}"
    yield server.new_database(name, *([MIGRATED] if filled else []))
    server.drop_database(name)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy: the migrations take longer than most tests."""
    path = tmp_path_factory.mktemp("migrated") / "migrated.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    assert [path] == list(path.parent.iterdir()), "a write-ahead log was left beside the file"
    return path


@pytest.fixture(scope="session")
def migrated_postgres(real_postgres_server: PostgresServer) -> PostgresServer:
    """PostgreSQL with a migrated database to copy, called `MIGRATED`."""
    asyncio.run(migrate(real_postgres_server.new_database(MIGRATED)))
    return real_postgres_server


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated database."""
    database = opened(database_url)
    yield database
    await database.close()
