"""The API in one process."""

from tests.services.api.conftest import database, world

__all__ = ["database", "world"]
