from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.platform.database import Database
from tests.services.api.world import World, opened
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
