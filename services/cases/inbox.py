"""The messages that a wallet's app shows an owner, in the order in which they came, however many ask for them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, json
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cases.message_tables import inbox, messages
from services.cases.tables import notices
from services.platform.database import insert_new

_INBOX_LOCK = 7_295


class Shown(Struct, frozen=True, kw_only=True):
    """A message as it is shown: the language is the owner's; `text` is the whole of it, `link` where it may be answered."""

    template: str
    reference: str
    language: str
    title: str
    body: str
    text: str
    link: str | None = None


class MessageRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record of the topic of messages: what an owner was told, once a `message_id`; `at` is when it happened, epoch seconds.

    `reference` is what support finds it by, `title` and `body` its short form, `text` the whole of it.
    """

    message_id: str
    account_id: str
    message_class: str
    template: str
    reference: str
    language: str
    title: str
    body: str
    text: str
    at: float
    link: str | None = None


class InInbox(Struct, frozen=True, kw_only=True):
    """One message of an account's inbox: its place, its id and class, when it happened (epoch seconds), whether it was read."""

    sequence: int
    message_id: str
    message_class: str
    event_id: str
    at: float
    read_at: float | None
    shown: Shown


async def put_inbox(
    connection: AsyncConnection, message_id: str, account_id: str, at: float, body: str
) -> str | None:
    """Put a message into the account's inbox; one that is there already stays as it is. Its class; None for one of an erased
    account, which is no message.
    """
    if connection.dialect.name != "sqlite":
        # Places are given in the order in which they are seen: one at a time, by account.
        lock = text("SELECT pg_advisory_xact_lock(:kind, hashtext(:account))")
        await connection.execute(lock, {"kind": _INBOX_LOCK, "account": account_id})
    known = select(messages.c.message_class).where(messages.c.message_id == message_id)
    found = (await connection.execute(known.with_for_update(read=True))).scalar_one_or_none()
    if found is not None:
        row = {"message_id": message_id, "account_id": account_id, "at": at, "body": body}
        await connection.execute(insert_new(inbox).values(row))
    return found


async def inbox_of(connection: AsyncConnection, account_id: str, after: int, limit: int) -> Sequence[InInbox]:
    """The messages of the account behind that place, oldest first."""
    query = (
        select(inbox, messages.c.message_class, messages.c.delivered_at, notices.c.event_id)
        .join(messages, messages.c.message_id == inbox.c.message_id)
        .join(notices, notices.c.notice_id == messages.c.notice_id)
        .where(inbox.c.account_id == account_id, inbox.c.sequence > after)
        .order_by(inbox.c.sequence)
        .limit(limit)
    )
    return [
        InInbox(
            sequence=row.sequence,
            message_id=row.message_id,
            message_class=row.message_class,
            event_id=row.event_id,
            at=row.at,
            read_at=row.delivered_at,
            shown=json.decode(row.body, type=Shown),
        )
        for row in await connection.execute(query)
    ]
