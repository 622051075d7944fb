from __future__ import annotations

from tests.services.cases.databases import database, database_url  # noqa: F401  found here by the tests
