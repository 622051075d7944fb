"""What the tests of contacts share: boxes that take letters or not, logins that are told, and time that passes."""

from __future__ import annotations

import asyncio
from typing import Any

from msgspec import json
from sqlalchemy import Double, bindparam, func, select

from notifier.channels import Letter, Sent
from services.cases.case_service import CaseService
from services.cases.contact_points import Contact
from services.cases.message_tables import OPEN, messages
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

    async def send(self, letter: Letter, key: str, at: float) -> Sent:
        if (error := self.errors.get(letter.to)) is not None:
            raise error
        if len(self.sent) == 1:
            self.both.set()
        return await super().send(letter, key, at)

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
        await keep(connection, [record], no_challenges, window_s=0.0)


async def deliver_all(
    database: Database, box: Way, clock: Clock, within_s: float = 1800.0, **settings: Any
) -> None:
    """Everything that is due within half an hour, in its time."""
    service = notifier(database, box, clock, **settings)
    until = clock.now + within_s
    now = bindparam("now", type_=Double)
    times = [
        select(func.min(notices.c.next_at)).where(notices.c.state == "waiting"),
        select(func.min(messages.c.next_at)).where(messages.c.state.in_(OPEN), messages.c.next_at > now),
        select(func.min(messages.c.held_until)).where(
            messages.c.state.in_(OPEN), messages.c.held_until > now
        ),
    ]
    while clock.now < until:
        while await service.deliver_due():
            pass
        async with database.read() as connection:
            found = [await connection.scalar(query, {"now": clock.now}) for query in times]
        clock.now = min([until, *(at for at in found if at is not None)])


class Owner:
    """li, whose address is changed, who logs in, and to whom everything that is due is delivered."""

    def __init__(self, database: Database, desk: CaseService, box: Postbox, clock: Clock) -> None:
        self.database, self.desk, self.box, self.clock = database, desk, box, clock

    @property
    def written_to(self) -> list[str]:
        """The addresses of the letters, in the order of arrival."""
        return [address for address, _ in self.box.got]

    async def change(self, address: str, locale: str = "en") -> None:
        await self.desk.set_contact("li", to(address, locale))

    async def log_in(self, event_id: str = "e1", after_s: float = 0.0) -> None:
        """A login of now, or by a clock that is so much ahead, recorded now."""
        await happened(self.database, event_id, self.clock.now + after_s, self.clock.now)

    async def deliver(self, within_s: float = 1800.0, **settings: Any) -> None:
        await deliver_all(self.database, self.box, self.clock, within_s, **settings)

    async def changed(self, address: str) -> None:
        """The address is changed, everybody is told, and the letters of that are put away."""
        await self.change(address)
        await self.deliver()
        self.box.sent.clear()
