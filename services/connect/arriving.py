"""What comes from a help desk: a note there becomes a note in the case, once; a ticket closed there is put before the agent.

A case is never closed from outside: a verdict and a reason are given here.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from services.cases import states
from services.cases.case_rows import case_of, note_entry, write
from services.cases.states import Case
from services.connect import tickets
from services.connect.connections import Connection, found
from services.connect.help_desk import Arrived
from services.connect.registry import KINDS
from services.connect.texts import cut, is_mark, words
from services.mfa.vault import Vault, VaultClosed
from services.platform.database import Database
from services.platform.metrics import HELP_DESK_REPLIES

#: The kind of such entries: words among colleagues, which owners do not see.
ENTRY = "desk_note"
_LONGEST_NAME = 80
Result = Literal["noted", "closed", "repeated", "ours", "unknown", "nothing"]
log = logging.getLogger(__name__)


class Unsigned(Exception):
    """No connection of that name, or it did not sign this: the two are not told apart."""


class Arrivals:
    """Takes webhooks of help desks. `wall` is the true time, by which signatures are judged."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        clock: Callable[[], float],
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._wall = wall

    async def take(self, name: str, headers: Mapping[str, str], body: bytes) -> Result:
        """Do what the request says, once however often it comes.

        Raises Unsigned, Malformed for a body that its kind does not send, and Unavailable when the database is away.
        """
        async with self._database.read() as connection:
            there = await found(connection, name)
        if not there or not self._signed(there[0], headers, body):
            HELP_DESK_REPLIES.labels("unsigned").inc()
            raise Unsigned
        arrived = KINDS[there[0].kind].read(body)
        result: Result = "nothing"
        if arrived is not None:
            async with self._database.begin() as connection:
                result = await self._apply(connection, there[0], arrived)
        HELP_DESK_REPLIES.labels(result).inc()
        return result

    def _signed(self, connection: Connection, headers: Mapping[str, str], body: bytes) -> bool:
        try:
            secret = connection.secrets(self._vault).signing
        except VaultClosed:
            log.error("the secrets of %s do not open: its key is not held", connection.name)
            return False
        kind = KINDS[connection.kind]
        return bool(secret) and kind.signed(secret, headers, body, self._wall())

    async def _apply(self, connection: AsyncConnection, of: Connection, arrived: Arrived) -> Result:
        known = await tickets.case_with(connection, of.name, arrived.external_id)
        if known is None and arrived.bears:
            known = await tickets.case_being_opened(connection, of.name, arrived.bears)
        case = None if known is None else await case_of(connection, known[0], lock=True)
        if known is None or case is None:
            return "unknown"
        result = await self._said(connection, of, case, arrived)
        if arrived.closed is None or arrived.closed == known[1]:
            return result
        await tickets.note_closed(connection, of.name, case.case_id, arrived.closed)
        if not arrived.closed or of.options.on_close == "ignore" or case.state == "resolved":
            return result
        current = await case_of(connection, case.case_id, lock=True)
        await self._enter(connection, of, current or case, words(of.options.language)("here.closed"))
        return "closed"

    async def _said(
        self, connection: AsyncConnection, of: Connection, case: Case, arrived: Arrived
    ) -> Result:
        if not arrived.reply_id:
            return "nothing"
        if is_mark(arrived.mark, case.case_id):
            return "ours"
        if not arrived.text:
            return "nothing"
        if not await tickets.new_reply(connection, of.name, arrived.reply_id, case.case_id, self._clock()):
            return "repeated"
        say = words(of.options.language)
        by = " ".join(arrived.by.split())[:_LONGEST_NAME] or say("here.somebody")
        text = arrived.text.replace("\x00", "")
        await self._enter(connection, of, case, cut(say("here.said", by=by.replace("\x00", ""), text=text)))
        return "noted"

    async def _enter(self, connection: AsyncConnection, of: Connection, case: Case, text: str) -> None:
        if case.state == "resolved":
            await note_entry(connection, case, ENTRY, of.actor, text)
            return
        await write(connection, case, states.added(case, self._clock()), ENTRY, of.actor, text)
