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


async def test_a_key_that_could_report_label_and_set_contacts_still_can_and_no_key_gains(
    database_url: str,  # noqa: F811
) -> None:
    old = Database(database_url)
    given = {"a": "ingest", "b": "ingest verify", "c": "verify", "d": "admin", "e": "support"}
    async with old.begin() as connection:
        await connection.run_sync(lambda sync: command.upgrade(alembic_config(sync), "0007_portal_visits"))
        for key_id, scopes in given.items():
            row = {"key": key_id, "scopes": scopes, "secret": bytes(32)}
            statement = (
                "INSERT INTO api_keys (key_id, name, secret_sha256, scopes, created_at)"
                " VALUES (:key, 'k', :secret, :scopes, 1)"
            )
            await connection.execute(text(statement), row)

    await old.migrate()

    async with old.read() as connection:
        found: dict[str, str] = dict(
            (await connection.execute(text("SELECT key_id, scopes FROM api_keys"))).all()
        )
    apart = "contacts ingest label report"
    assert found == given | {"a": apart, "b": f"{apart} verify"}
    await old.close()
