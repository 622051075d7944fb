"""What the tests of contacts share: boxes that take letters or not, logins that are told, and time that passes."""

from __future__ import annotations

import asyncio

from msgspec import json
from sqlalchemy import func, select

from notifier.channels import Letter
from notifier.deliver import Patience
from services.cases.contact_points import Contact
from services.cases.repository import Recorded, keep
from services.cases.tables import notices
from services.platform.database import Database
from tests.notifier.delivering import Clock, Way, notifier
from tests.services.cases.decided import decision, no_challenges, notify

OLD, NEW, THIRD = "li@upay.example", "thief@elsewhere.example", "other@elsewhere.example"
DAY_S = 86_400.0


class Postbox(Way):
    """Takes letters but for some addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: dict[str, Exception] = {}
        self.both = asyncio.Event()

    async def send(self, letter: Letter, key: str, at: float) -> None:
        if (error := self.errors.get(letter.to)) is not None:
            raise error
        if len(self.sent) == 1:
            self.both.set()
        await super().send(letter, key, at)

    @property
    def got(self) -> list[tuple[str, str]]:
        """To whom, and what about, in the order of arrival."""
        return [(letter.to, letter.subject) for _, letter in self.sent]


def to(address: str, locale: str = "en") -> Contact:
    return Contact(address, locale, "Asia/Shanghai")


async def happened(database: Database, event_id: str, at: float, recorded_at: float | None = None) -> None:
    """A login of that time that its owner is told of, recorded at the same time or another."""
    decided = decision(event_id, "li", (notify(event_id),), at=at)
    record = Recorded(decided, json.encode(decided), at if recorded_at is None else recorded_at)
    async with database.begin() as connection:
        await keep(connection, [record], no_challenges)


async def deliver_all(
    database: Database, box: Way, clock: Clock, patience: Patience | None = None, within_s: float = 1800.0
) -> None:
    """Everything that is due within half an hour, in its time."""
    service = notifier(database, box, clock, patience)
    until = clock.now + within_s
    due = select(func.min(notices.c.next_at)).where(notices.c.state == "waiting")
    while clock.now < until:
        while await service.deliver_due():
            pass
        async with database.read() as connection:
            next_at = await connection.scalar(due)
        clock.now = until if next_at is None else min(until, max(next_at, clock.now))
