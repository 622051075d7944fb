"""What was in the database before a migration is there afterwards."""

from __future__ import annotations

from alembic import command
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

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
        "SELECT event_id, notices.state, notices.next_at, messages.ended_at, news"
        " FROM notices JOIN messages USING (notice_id)"
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
    letters = "SELECT message_id, address_key, state, ended_at FROM messages ORDER BY 1"
    kept = "SELECT notice_id, state, digest_id FROM notices ORDER BY 1"
    assert await rows(old, points) == [
        ("li", "mail", "li@upay.example", "en", "UTC", 5.0, None, None),
        ("wu", "mail", "wu@upay.example", "zh-CN", "Asia/Shanghai", 6.0, None, None),
    ]
    assert await rows(old, letters) == [
        (f"m.mail.{address_key('')}", address_key(""), "handed_over", 4.0),
        (f"n.mail.{(li := address_key('li@upay.example'))}", li, "handed_over", 3.0),
    ]
    assert await rows(old, kept) == [("m", "delivered", None), ("n", "waiting", None)]
    await old.close()


async def test_deliveries_become_messages_and_two_digests_one(database_url: str) -> None:
    """What an address took or refused stays known; of two digests that wait, the one that was tried goes into the other."""
    notice = NOTICES.replace("next_at)", "next_at, digest_id)")
    old = await at(
        database_url,
        "0025_incidents",
        notice + "('n', 'e', 'li', 'hold_notice', 1, 'failed', 1, 2, NULL)",
        notice + "('tried', 'f', 'li', 'digest', 1, 'waiting', 3, 2, NULL)",
        notice + "('fresh', 'g', 'li', 'digest', 1, 'waiting', 0, 2, NULL)",
        notice + "('a', 'h', 'li', 'login_notice', 1, 'digested', 0, 2, 'tried')",
        notice + "('alone', 'i', 'wu', 'digest', 1, 'waiting', 3, 2, NULL)",
        notice + "('b', 'j', 'wu', 'login_notice', 1, 'digested', 0, 2, 'alone')",
        "INSERT INTO deliveries VALUES ('n', 'mail', 'k1', 'delivered', 3)",
        "INSERT INTO deliveries VALUES ('n', 'mail', 'k2', 'address_refused', 4)",
        "INSERT INTO deliveries VALUES ('tried', 'mail', 'k1', 'delivered', 5)",
    )

    await old.migrate()

    query = "SELECT message_id, account_id, message_class, state, why FROM messages ORDER BY 1"
    assert await rows(old, query) == [
        ("n.mail.k1", "li", "critical", "handed_over", None),
        ("n.mail.k2", "li", "critical", "failed", "address_refused"),
    ]
    digested = "SELECT notice_id, digest_id FROM notices WHERE digest_id IS NOT NULL ORDER BY 1"
    assert await rows(old, digested) == [("a", "fresh"), ("b", "alone")]
    assert await rows(old, "SELECT notice_id FROM notices WHERE state = 'waiting' ORDER BY 1") == [
        ("alone",),
        ("fresh",),
    ]
    await old.close()


async def test_letters_sent_before_incidents_keep_their_deliveries(database_url: str) -> None:
    database = await at(
        database_url,
        "0024_erasure",
        "INSERT INTO notices (notice_id, event_id, account_id, template, recorded_at, state, next_at)"
        " VALUES ('n', 'e', 'li', 'login_notice', 1, 'delivered', 1)",
        "INSERT INTO deliveries (notice_id, channel, address_key, outcome, delivered_at)"
        " VALUES ('n', 'smtp', 'a', 'delivered', 2)",
    )
    await database.migrate()

    joined = "SELECT notice_id, notices.state, incident_id, messages.state FROM notices JOIN messages USING (notice_id)"
    assert await rows(database, joined) == [("n", "delivered", None, "handed_over")]
    assert await rows(database, "SELECT count(*) FROM notices WHERE state = 'suppressed'") == [(0,)]
    await database.close()


CASES = "INSERT INTO cases (case_id, account_id, state, severity, opened_at, changed_at, version, verdict) VALUES "
REPORTED = (
    "INSERT INTO cases (case_id, account_id, state, severity, opened_at, changed_at, version, kind) VALUES "
)


async def moved(database: Database, version: str) -> None:
    """The database at another version, earlier or later."""
    async with database.begin() as connection:
        order = command.downgrade if version < "0028" else command.upgrade
        await connection.run_sync(lambda sync: order(alembic_config(sync), version))


async def is_refused(database: Database, statement: str) -> bool:
    """Whether the database takes no such row."""
    try:
        async with database.begin() as connection:
            await connection.execute(text(statement))
    except IntegrityError:
        return True
    return False


async def test_cases_outlive_the_migration_that_lets_owners_report_and_the_way_back(
    database_url: str,
) -> None:
    """Of what was reported in between, the way back leaves nothing; afterwards both can be had again."""
    database = await at(
        database_url,
        "0027_answer_links",
        CASES + "('open', 'li', 'open', 'high', 1, 2, 3, NULL)",
        CASES + "('over', 'li', 'resolved', 'low', 1, 2, 3, 'fraud')",
        "INSERT INTO case_entries (case_id, kind, at) VALUES ('open', 'opened', 1)",
    )
    await moved(database, "0028_reports")
    query = "SELECT case_id, state, version, verdict, kind, due_at, appealed_at FROM cases ORDER BY 1"
    before = [
        ("open", "open", 3, None, "risk", None, None),
        ("over", "resolved", 3, "fraud", "risk", None, None),
    ]

    assert await rows(database, query) == before
    assert not await is_refused(database, REPORTED + "('told', 'li', 'open', 'low', 1, 2, 1, 'dispute')")
    assert not await is_refused(database, REPORTED + "('more', 'li', 'open', 'low', 1, 2, 1, 'advice')")
    assert await is_refused(database, REPORTED + "('risky', 'li', 'open', 'low', 1, 2, 1, 'risk')")
    async with database.begin() as connection:
        for statement in (
            "INSERT INTO case_reports VALUES ('told', 'li', '{}', 'It never came.', 'page', 1)",
            "INSERT INTO case_entries (case_id, kind, at) VALUES ('told', 'reported', 1)",
        ):
            await connection.execute(text(statement))

    await moved(database, "0027_answer_links")

    assert await rows(database, "SELECT case_id, state, version, verdict FROM cases ORDER BY 1") == [
        each[:4] for each in before
    ]
    assert await rows(database, "SELECT case_id, kind FROM case_entries") == [("open", "opened")]
    assert await is_refused(database, CASES + "('second', 'li', 'open', 'low', 1, 2, 1, NULL)")

    await moved(database, "0028_reports")

    assert await rows(database, query) == before
    assert await rows(database, "SELECT count(*) FROM case_reports") == [(0,)]
    await database.close()
