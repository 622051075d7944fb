from __future__ import annotations

import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from services.platform.database import Database
from tests.services.api.served_api import Served, served
from tests.services.api.world import World, opened
from tests.services.cases.databases import KINDS, MIGRATED
from tests.services.cases.databases import opened as migrated


@pytest.fixture
async def database(tmp_path: Path, migrated_file: Path) -> AsyncIterator[Database]:
    """A migrated SQLite database."""
    shutil.copy(migrated_file, tmp_path / "api.db")
    database = migrated(f"sqlite:///{tmp_path}/api.db")
    yield database
    await database.close()


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    """The API, running in this process."""
    world = await opened(database)
    async with world.app.router.lifespan_context(world.app), world.client:
        yield world


@pytest.fixture(scope="module", params=KINDS)
def api(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, migrated_file: Path
) -> Iterator[Served]:
    """The API over SQLite and the embedded store, and over PostgreSQL and Redis."""
    if request.param == "sqlite":
        url = f"sqlite:///{shutil.copy(migrated_file, tmp_path_factory.mktemp('fuzz') / 'fuzz.db')}"
        store = request.getfixturevalue("embedded_redis")
    else:
        url = request.getfixturevalue("migrated_postgres").new_database(
            f"fuzz_{secrets.token_hex(4)}", MIGRATED
        )
        store = request.getfixturevalue("real_redis")
    with served(url, store) as made:
        yield made
