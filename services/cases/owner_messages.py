"""Messages to owners beside letters: the inbox of the wallet's app, and what the other side says of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from services.cases import message_ends
from services.cases.contact_kinds import Kind
from services.cases.contact_points import end_contact
from services.cases.inbox import InInbox, inbox_of
from services.platform.database import Database


class OwnerMessages:
    """Every method raises Unavailable when the database is away."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def end_contact(self, account_id: str, kind: Kind) -> bool:
        """Forget the contact of that kind, and have its owner told; False when there is none."""
        async with self._database.begin() as connection:
            return await end_contact(connection, account_id, kind, self._clock())

    async def inbox(self, account_id: str, after: int, limit: int) -> Sequence[InInbox]:
        """What the account's owner was told, for the wallet's app, behind that place."""
        async with self._database.read() as connection:
            return await inbox_of(connection, account_id, after, limit)

    async def bounced(self, named: str, reason: str) -> bool:
        """A message came back: it failed, and its address bounces. False for no message of ours."""
        async with self._database.begin() as connection:
            return await message_ends.bounced(connection, named, reason, self._clock())

    async def reached(self, named: str) -> bool:
        """A message is known to have reached its reader. False for no message of ours."""
        async with self._database.begin() as connection:
            return await message_ends.reached(connection, named, self._clock())
