"""Run by Alembic inside the transaction that `Database.migrate` opened."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from services.platform.database import metadata

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
