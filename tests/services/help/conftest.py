from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from services.help import notice_routes, routes
from services.help.library import Library
from services.http import problems
from services.http.api_keys import ApiKeys
from services.platform.database import Database
from tests.services.cases.databases import (  # noqa: F401  found here by the tests
    database,
    database_url,
    migrated_file,
)
from tests.services.help.written import FACTS, NOW


@pytest.fixture
def library(database: Database) -> Library:  # noqa: F811
    """The library of an empty database."""
    return Library(database, lambda: NOW, FACTS)


@pytest.fixture
async def keeper(database: Database, library: Library) -> AsyncIterator[httpx.AsyncClient]:  # noqa: F811
    """HTTP of the help, with a key of scope admin."""
    app = FastAPI()
    problems.install(app)
    app.include_router(routes.router)
    app.include_router(notice_routes.router)
    app.state.library = library
    app.state.keys = ApiKeys(database)
    key, _ = await app.state.keys.create("boss", ["admin"])
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://pg.test", headers=headers) as client:
        yield client
    await app.state.keys.close()
