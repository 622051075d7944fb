"""The API in one process."""

from tests.services.ingest.conftest import database, world

__all__ = ["database", "world"]
