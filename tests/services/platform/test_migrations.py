"""What was in the database before a migration is there afterwards."""

from __future__ import annotations

from alembic import command
from sqlalchemy import text

from services.cases.mail_addresses import address_key
from services.platform.database import Database, alembic_config


async def at(url: str, version: str, *statements: str) -> Database:
    """A database of an earlier version in which these statements were run."""
    old = Database(url)
    async with old.begin() as connection:
        await connection.run_sync(lambda sync: command.upgrade(alembic_config(sync), version))
        for statement in statements:
            await connection.execute(text(statement))
    return old


async def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    async with database.read() as connection:
        return [tuple(row) for row in await connection.execute(text(query))]


NOTICES = "INSERT INTO notices (notice_id, event_id, account_id, template, recorded_at, state, attempts, next_at) VALUES "


async def test_notices_and_deliveries_outlive_the_migration_that_frees_them(database_url: str) -> None:
    """It makes both tables anew on SQLite."""
    old = await at(
        database_url,
        "0004_audit",
        "INSERT INTO recorded_decisions VALUES ('e', 'li', 1, 1, '{}')",
        NOTICES + "('n', 'e', 'li', 'login_notice', 1, 'waiting', 0, 2)",
        "INSERT INTO deliveries VALUES ('n', 'mail', 3)",
    )

    await old.migrate()

    joined = (
        "SELECT event_id, state, next_at, delivered_at, news FROM notices JOIN deliveries USING (notice_id)"
    )
    assert await rows(old, joined) == [("e", "waiting", 2.0, 3.0, None)]
    await old.close()


async def test_a_key_that_could_report_label_and_set_contacts_still_can_and_no_key_gains(
    database_url: str,
) -> None:
    old = await at(database_url, "0007_portal_visits")
    given = {"a": "ingest", "b": "ingest verify", "c": "verify", "d": "admin", "e": "support"}
    async with old.begin() as connection:
        for key_id, scopes in given.items():
            row = {"key": key_id, "scopes": scopes, "secret": bytes(32)}
            statement = (
                "INSERT INTO api_keys (key_id, name, secret_sha256, scopes, created_at)"
                " VALUES (:key, 'k', :secret, :scopes, 1)"
            )
            await connection.execute(text(statement), row)

    await old.migrate()

    apart = "contacts ingest label report"
    assert sorted(await rows(old, "SELECT key_id, scopes FROM api_keys")) == sorted(
        (given | {"a": apart, "b": f"{apart} verify"}).items()
    )
    await old.close()


async def test_contacts_become_points_and_deliveries_keep_their_address(database_url: str) -> None:
    """A notice that was being tried goes on, and a letter that was taken is not sent again."""
    old = await at(
        database_url,
        "0010_known_device_failures",
        "INSERT INTO contacts VALUES ('li', 'li@upay.example', 'en', 'UTC', 5)",
        "INSERT INTO contacts VALUES ('wu', 'wu@upay.example', 'zh-CN', 'Asia/Shanghai', 6)",
        NOTICES + "('n', 'e', 'li', 'login_notice', 1, 'waiting', 3, 2)",
        NOTICES + "('m', 'f', 'nobody', 'login_notice', 1, 'delivered', 0, 2)",
        "INSERT INTO deliveries VALUES ('n', 'mail', 3)",
        "INSERT INTO deliveries VALUES ('m', 'mail', 4)",
    )

    await old.migrate()

    points = "SELECT account_id, channel, address, locale, time_zone, since, until, told_by FROM contact_points ORDER BY 1"
    letters = "SELECT notice_id, address_key, outcome, delivered_at FROM deliveries ORDER BY 1"
    kept = "SELECT notice_id, state, attempts, digest_id FROM notices ORDER BY 1"
    assert await rows(old, points) == [
        ("li", "mail", "li@upay.example", "en", "UTC", 5.0, None, None),
        ("wu", "mail", "wu@upay.example", "zh-CN", "Asia/Shanghai", 6.0, None, None),
    ]
    assert await rows(old, letters) == [
        ("m", address_key(""), "delivered", 4.0),
        ("n", address_key("li@upay.example"), "delivered", 3.0),
    ]
    assert await rows(old, kept) == [("m", "delivered", 0, None), ("n", "waiting", 3, None)]
    await old.close()
