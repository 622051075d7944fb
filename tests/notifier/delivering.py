"""What the tests of delivery share: a channel that obeys, a clock, notices that wait, and a look at them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import select

from notifier.channels import Letter, Sent
from notifier.deliver import Patience
from notifier.service import Notifier
from services.cases.contact_points import Contact
from services.cases.mail_addresses import address_key
from services.cases.message_tables import messages
from services.cases.repository import keep
from services.cases.tables import notices
from services.platform.database import Database
from services.platform.metrics import NOTICES, NOTICES_UNDELIVERED
from services.platform.settings import Settings
from tests.services.cases.decided import no_challenges, notify, recorded

T0 = 1_790_000_000.0
LI = Contact("li@upay.example", "en", "Asia/Shanghai")


#: What the key of a letter to li ends in.
TO_LI = f"mail.{address_key(LI.address)}"


class Way:
    """A channel in the process: takes letters, or raises what it is told to."""

    name = "mail"

    def __init__(self) -> None:
        self.sent: list[tuple[str, Letter]] = []
        self.error: Exception | None = None
        self.hangs = False
        self.reached = asyncio.Event()

    async def send(self, letter: Letter, key: str, at: float) -> Sent:
        self.sent.append((key, letter))
        self.reached.set()
        if self.hangs:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        return Sent()


class Clock:
    def __init__(self) -> None:
        self.now = T0

    def __call__(self) -> float:
        return self.now


async def add(
    database: Database, *event_ids: str, account_id: str = "li", template: str = "login_notice"
) -> None:
    records = [
        recorded(event_id, account_id, (notify(event_id, template, account_id),), at=T0)
        for event_id in event_ids
    ]
    async with database.begin() as connection:
        await keep(connection, records, no_challenges, window_s=0.0)


def notifier(
    database: Database,
    way: Any,
    clock: Callable[[], float],
    patience: Patience | None = None,
    **settings: Any,
) -> Notifier:
    return Notifier(
        Settings(**{"messages_a_day": 10**6} | settings), database, clock, {"mail": way}, patience
    )


async def kill(service: Notifier, once: Awaitable[object]) -> None:
    """End a notifier that delivers what is due, once that has happened."""
    killed = asyncio.create_task(service.deliver_due())
    await once
    killed.cancel()
    with pytest.raises(asyncio.CancelledError):
        await killed


async def rows(database: Database) -> list[Any]:
    async with database.read() as connection:
        return list((await connection.execute(select(notices).order_by(notices.c.event_id))).all())


async def sendings(database: Database) -> list[Any]:
    """The messages, by their ids."""
    async with database.read() as connection:
        return list((await connection.execute(select(messages).order_by(messages.c.message_id))).all())


def counted(result: str) -> float:
    return float(NOTICES.labels("mail", result)._value.get())


def undelivered(reason: str) -> float:
    return float(NOTICES_UNDELIVERED.labels(reason)._value.get())
