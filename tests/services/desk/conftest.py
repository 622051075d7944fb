"""Databases of the desk; and the whole API in this process over SQLite, with browsers that are signed in to it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.services.api.world import opened
from tests.services.cases.databases import database, database_url, migrated_file  # noqa: F401  found here by the tests
from tests.services.cases.databases import opened as migrated
from tests.services.desk.browser import Browser, DeskClients
from tests.services.desk.company import Company


@pytest.fixture
async def desk_client(tmp_path: Path, migrated_file: Path) -> AsyncIterator[DeskClients]:  # noqa: F811
    """`await desk_client("agent")` is a browser in which a new member of that role is signed in; a name tells two apart."""
    shutil.copy(migrated_file, tmp_path / "desk.db")
    own = migrated(f"sqlite:///{tmp_path}/desk.db")
    world = await opened(own)
    async with world.app.router.lifespan_context(world.app), world.client:
        clients = DeskClients(world)
        yield clients
        await clients.close()
    await own.close()


@pytest.fixture
async def stranger(desk_client: DeskClients) -> Browser:
    """A browser in which nobody is signed in."""
    return desk_client.stranger()


@pytest.fixture
def company(desk_client: DeskClients) -> Company:
    """The company's provider, which the desk knows."""
    return Company.beside(desk_client)
