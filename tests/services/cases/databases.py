"""Databases for tests: a SQLite file always, and a database of its own on PostgreSQL where it can be had."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from services.database import Database, async_url

#: The bytes of a SQLite database of the newest schema, once one was made.
_MIGRATED: list[bytes] = []
KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.real)]


@pytest.fixture(params=KINDS)
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """URL of an empty database that nobody else uses."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    server: str = request.getfixturevalue("real_postgres")
    name = f"test_{secrets.token_hex(6)}"
    admin = create_async_engine(async_url(server), isolation_level="AUTOCOMMIT")
    async with admin.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    async with admin.connect() as connection:
        await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    await admin.dispose()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated database."""
    made = Database(database_url)
    try:
        if made.is_sqlite:
            await _copy_migrated(Path(str(made.url.database)))
        else:
            await made.migrate()
        yield made
    finally:
        await made.close()


async def _copy_migrated(file: Path) -> None:
    """Put a migrated SQLite database there: migrated once a process, which takes longer than most tests."""
    if not _MIGRATED:
        with tempfile.TemporaryDirectory() as folder:
            first = Database(f"sqlite:///{folder}/migrated.db")
            await first.migrate()
            await first.close()
            _MIGRATED.append(Path(folder, "migrated.db").read_bytes())
    file.write_bytes(_MIGRATED[0])
