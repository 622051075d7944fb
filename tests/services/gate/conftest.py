"""The API in one process."""

from tests.services.ingest.conftest import database, migrated_file, world

__all__ = ["database", "migrated_file", "world"]
