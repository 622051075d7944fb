"""What was in the database before a migration is there afterwards."""

from __future__ import annotations

from alembic import command
from sqlalchemy import text

from services.database import Database, alembic_config
from tests.services.cases.databases import database_url  # noqa: F401  found here by the tests


async def test_notices_and_deliveries_outlive_the_migration_that_frees_them(database_url: str) -> None:  # noqa: F811
    """It makes both tables anew on SQLite."""
    old = Database(database_url)
    before = "0004_audit"
    async with old.begin() as connection:
        await connection.run_sync(lambda sync: command.upgrade(alembic_config(sync), before))
        for statement in (
            "INSERT INTO recorded_decisions VALUES ('e', 'li', 1, 1, '{}')",
            "INSERT INTO notices (notice_id, event_id, account_id, template, recorded_at, state, next_at)"
            " VALUES ('n', 'e', 'li', 'login_notice', 1, 'waiting', 2)",
            "INSERT INTO deliveries VALUES ('n', 'mail', 3)",
        ):
            await connection.execute(text(statement))

    await old.migrate()

    joined = (
        "SELECT event_id, state, next_at, delivered_at, news FROM notices JOIN deliveries USING (notice_id)"
    )
    async with old.read() as connection:
        assert [("e", "waiting", 2.0, 3.0, None)] == (await connection.execute(text(joined))).all()
    await old.close()
