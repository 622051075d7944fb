from __future__ import annotations

from tests.services.api.conftest import database, world  # noqa: F401  found here by the tests
