"""What was in the database before a migration is there afterwards."""

from __future__ import annotations

from alembic import command
from sqlalchemy import text

from services.cases.mail_addresses import address_key
from services.platform.database import Database, alembic_config
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
    await old.close()
    apart = "contacts ingest label report"
    assert found == given | {"a": apart, "b": f"{apart} verify"}


async def test_contacts_become_points_and_deliveries_keep_their_address(database_url: str) -> None:  # noqa: F811
    """A notice that was being tried goes on, and a letter that was taken is not sent again."""
    old = Database(database_url)
    async with old.begin() as connection:
        await connection.run_sync(
            lambda sync: command.upgrade(alembic_config(sync), "0010_known_device_failures")
        )
        for statement in (
            "INSERT INTO contacts VALUES ('li', 'li@upay.example', 'en', 'UTC', 5)",
            "INSERT INTO contacts VALUES ('wu', 'wu@upay.example', 'zh-CN', 'Asia/Shanghai', 6)",
            "INSERT INTO notices (notice_id, event_id, account_id, template, recorded_at, state, attempts, next_at)"
            " VALUES ('n', 'e', 'li', 'login_notice', 1, 'waiting', 3, 2)",
            "INSERT INTO notices (notice_id, event_id, account_id, template, recorded_at, state, next_at)"
            " VALUES ('m', 'f', 'nobody', 'login_notice', 1, 'delivered', 2)",
            "INSERT INTO deliveries VALUES ('n', 'mail', 3)",
            "INSERT INTO deliveries VALUES ('m', 'mail', 4)",
        ):
            await connection.execute(text(statement))

    await old.migrate()

    points = "SELECT account_id, channel, address, locale, time_zone, since, until, told_by FROM contact_points ORDER BY 1"
    letters = "SELECT notice_id, address_key, outcome, delivered_at FROM deliveries ORDER BY 1"
    kept = "SELECT notice_id, state, attempts, digest_id FROM notices ORDER BY 1"
    async with old.read() as connection:
        assert [tuple(row) for row in await connection.execute(text(points))] == [
            ("li", "mail", "li@upay.example", "en", "UTC", 5.0, None, None),
            ("wu", "mail", "wu@upay.example", "zh-CN", "Asia/Shanghai", 6.0, None, None),
        ]
        assert [tuple(row) for row in await connection.execute(text(letters))] == [
            ("m", address_key(""), "delivered", 4.0),
            ("n", address_key("li@upay.example"), "delivered", 3.0),
        ]
        assert [tuple(row) for row in await connection.execute(text(kept))] == [
            ("m", "delivered", 0, None),
            ("n", "waiting", 3, None),
        ]
    await old.close()
