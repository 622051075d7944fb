from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.services.cases.databases import database  # noqa: F401  found here by the tests
from tests.services.mfa.conftest import world  # noqa: F401
from tests.services.mfa.world import World
from tests.services.portal.site import Site, client, site_app


@pytest.fixture
def database_url(tmp_path: Path, migrated_file: Path) -> str:
    """SQLite for pages; `test_visits` holds links and sessions to PostgreSQL too."""
    shutil.copy(migrated_file, tmp_path / "pages.db")
    return f"sqlite:///{tmp_path / 'pages.db'}"


@pytest.fixture
async def site(world: World) -> AsyncIterator[Site]:  # noqa: F811
    """The pages, a browser and the wallet's backend."""
    app = site_app(world)
    key, _ = await app.state.keys.create("wallet", ["verify"])
    browser = client(app, **{"accept-language": "en"})
    wallet = client(app, authorization=f"Bearer {key}")
    async with browser, wallet:
        yield Site(world, app, browser, wallet)
    await app.state.keys.close()
