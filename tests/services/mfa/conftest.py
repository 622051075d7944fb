from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from services.http import problems
from services.http.api_keys import ApiKeys
from services.mfa.routers import add_factor_routes
from services.platform.database import Database
from tests.services.cases.databases import database, database_url  # noqa: F401  found here by the tests
from tests.services.mfa.world import Clock, World, build


@pytest.fixture
def world(database: Database) -> World:  # noqa: F811
    """The service on a migrated database, with a clock that the test moves."""
    return build(database, Clock())


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a key of scope verify; `x-other-key` among its headers is one of scope ingest."""
    app = FastAPI()
    problems.install(app)
    add_factor_routes(app)
    app.state.challenges = world.service
    app.state.lifecycle = world.lifecycle
    app.state.keys = keys = ApiKeys(world.database, world.clock)
    key, _ = await keys.create("wallet", ["verify"])
    headers = {"Authorization": f"Bearer {key}"}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://payguard", headers=headers) as client:
        client.headers["x-other-key"] = (await keys.create("ingest", ["ingest"]))[0]
        yield client
    await keys.close()
