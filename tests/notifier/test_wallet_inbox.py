"""What stands in the inbox is told on the topic of messages too, where that is wanted: both, once, or neither."""

from __future__ import annotations

from msgspec import json
from sqlalchemy import select

from notifier.channels import Channel
from notifier.channels.wallet_inbox import WalletInbox
from notifier.service import Notifier
from services.cases.inbox import MessageRecord
from services.cases.message_tables import ACCOUNT, inbox
from services.cases.references import reference
from services.cases.tables import outbox
from services.platform.database import Database
from services.platform.settings import Settings
from services.platform.topics import topic_days, topic_names
from tests.notifier.delivering import T0, Clock, Way, rows
from tests.notifier.test_channels import AT, LETTER


def opened(database: Database, *, to_kafka: bool) -> Notifier:
    ways: dict[str, Channel] = {
        "mail": Way(),
        "inbox": WalletInbox(database, to_kafka=to_kafka, clock=lambda: T0),
    }
    return Notifier(Settings(), database, Clock(), ways)


async def records(database: Database) -> list[tuple[str, MessageRecord]]:
    async with database.read() as connection:
        found = (await connection.execute(select(outbox).where(outbox.c.kind == "message"))).all()
    return [(row.key, json.decode(row.payload, type=MessageRecord)) for row in found]


async def test_a_message_is_on_its_way_once_however_often_it_is_sent(told: Database) -> None:
    await opened(told, to_kafka=True).deliver_due()
    (notice,) = await rows(told)
    again = WalletInbox(told, to_kafka=True)
    await again.send(LETTER, f"{notice.notice_id}.inbox.{ACCOUNT}", AT)

    ((key, record),) = await records(told)
    assert (key, record.account_id, record.template) == ("li", "li", "login_notice")
    assert record.message_id == f"{notice.notice_id}.inbox.{ACCOUNT}"
    assert record.reference == reference(notice.notice_id)
    assert (record.message_class, record.language) == ("security", "en")
    assert record.title
    assert record.text


async def test_no_message_leaves_the_inbox_unless_it_is_wanted(told: Database) -> None:
    await opened(told, to_kafka=False).deliver_due()

    assert await records(told) == []
    async with told.read() as connection:
        assert len((await connection.execute(select(inbox))).all()) == 1


async def test_a_message_of_an_erased_account_is_told_nowhere(database: Database) -> None:
    await WalletInbox(database, to_kafka=True).send(LETTER, "none.inbox.account", AT)

    assert await records(database) == []


def test_the_topic_is_made_only_where_it_is_wanted() -> None:
    assert "messages" not in topic_names(Settings())
    wanted = Settings(messages_to_kafka=True, topic_days=9)
    assert "messages" in topic_names(wanted)
    assert topic_days(wanted)["messages"] == 9
