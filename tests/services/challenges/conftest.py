from __future__ import annotations

import pytest

from services.database import Database
from tests.services.cases.databases import database, database_url  # noqa: F401  found here by the tests
from tests.services.challenges.world import Clock, World, build


@pytest.fixture
def world(database: Database) -> World:  # noqa: F811
    """The service on a migrated database, with a clock that the test moves."""
    return build(database, Clock())
