from __future__ import annotations

from tests.services.cases.databases import database  # noqa: F401  found here by the tests
from tests.services.mfa.conftest import world  # noqa: F401
from tests.services.portal.conftest import database_url, site  # noqa: F401
