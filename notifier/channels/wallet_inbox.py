"""The inbox in the wallet's app: what an owner was told stands there for the app to show, whatever else brought it.

Where the setting asks for it, the topic of messages gets it too, by the outbox: in the inbox and on its way, or neither.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from msgspec import json, structs

from contracts.decisions import derived_id
from notifier.channels import Letter, Sent
from services.cases import outbox
from services.cases.inbox import MessageRecord, Shown, put_inbox
from services.platform.database import Database


class WalletInbox:
    """Keeps each message in SQL, once, in the order of the account."""

    name = "inbox"

    def __init__(
        self, database: Database, *, to_kafka: bool = False, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._to_kafka = to_kafka
        self._clock = clock

    async def send(self, letter: Letter, key: str, at: float) -> Sent:
        """Put it into the inbox; raises Unavailable when the database is away."""
        shown = Shown(
            template=letter.template,
            reference=letter.reference,
            language=letter.language,
            title=letter.subject,
            body=letter.short.body,
            text=letter.text,
            link=letter.short.link,
        )
        account_id, body = letter.account_id, json.encode(shown).decode()
        async with self._database.begin() as connection:
            kind = await put_inbox(connection, key, account_id, at, body)
            if kind is not None and self._to_kafka:
                told = MessageRecord(
                    message_id=key, account_id=account_id, message_class=kind, at=at, **structs.asdict(shown)
                )
                identity = derived_id(key, "message")
                record = outbox.Outgoing(identity, "message", account_id, json.encode(told))
                await outbox.put(connection, [record], self._clock())
        return Sent()
