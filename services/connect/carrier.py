"""Carries what happens to cases into their tickets: each ticket once, each entry once and in order, whoever is killed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import uuid4

import httpcore
from msgspec import Struct

from contracts.errors import Unavailable
from notifier.circuit import Circuit
from services.cases.states import Case
from services.connect import tickets
from services.connect.calls import Away, Refused
from services.connect.connections import Connection, found
from services.connect.help_desk import HelpDesk
from services.connect.registry import opened
from services.connect.texts import ENDS, REOPENS, Told, note_of, ticket_of
from services.connect.tickets import Next, Ticket
from services.mfa.vault import Vault, VaultClosed
from services.platform.database import Database
from services.platform.metrics import HELP_DESK_CALLS, HELP_DESK_FAILING, HELP_DESK_WAITING
from services.platform.progress import Progress
from services.platform.retry import Backoff, repeat

_LOOK_EVERY_S = 1.0
_AT_ONCE = 8
_ENTRIES_AT_ONCE = 50
#: What a help desk refuses is tried so often: an operator may mend it.
MOST_REFUSALS = 8
_PAUSES = Backoff(5.0, 3600.0)
_LONGEST_NUMBER = 64
#: A ticket that was made without our seeing the answer is found there by a search, whose index may be as far behind.
_UNSEEN_S = 30.0
T = TypeVar("T")
log = logging.getLogger(__name__)


class Place(Struct, frozen=True):
    """Where tickets are kept, and the address of the desk's cases, to which a case's id is added."""

    database: Database
    clock: Callable[[], float]
    case_url: str


class Lost(Exception):
    """Another process holds the ticket now: its lease was over."""


class Carrier:
    """Tells every connected help desk, each by itself: one that hangs delays no other.

    `case_url` is the address of the desk's cases, to which a case's id is added; `pool` bounds where requests may go.
    """

    def __init__(
        self,
        database: Database,
        vault: Vault,
        pool: httpcore.AsyncConnectionPool,
        clock: Callable[[], float],
        case_url: str,
    ) -> None:
        self._database = database
        self._vault = vault
        self._pool = pool
        self._clock = clock
        self._place = Place(database, clock, case_url)
        self._circuits: dict[str, Circuit] = {}
        self._busy: set[str] = set()

    async def run(self, stopping: asyncio.Event, progress: Progress) -> None:
        """Work until `stopping`; waits for a database that is away."""

        async def step() -> int:
            begun = await self.step(tasks)
            progress.worked()
            return begun

        async with asyncio.TaskGroup() as tasks:
            await repeat(step, stopping, progress.failed, _LOOK_EVERY_S)

    async def step(self, tasks: asyncio.TaskGroup) -> int:
        """Look for what is new, and begin to tell it; how many tickets. Raises Unavailable when the database is away."""
        now = self._clock()
        async with self._database.begin() as connection:
            there = await found(connection)
            for each in there:
                await tickets.spread(connection, each, now)
            HELP_DESK_WAITING.set(await tickets.waiting(connection))
        since = [each.failing_since for each in there if each.failing_since is not None]
        HELP_DESK_FAILING.set(now - min(since) if since else 0.0)
        begun = 0
        for each in there:
            if each.name in self._busy:
                continue
            room = self._circuit(each.name).room(_AT_ONCE, now)
            mine = await tickets.claim(self._database, each.name, uuid4().hex, now, room) if room else []
            if mine:
                self._busy.add(each.name)
                tasks.create_task(self._serve(each, mine))
                begun += len(mine)
        return begun

    def _circuit(self, name: str) -> Circuit:
        return self._circuits.setdefault(name, Circuit())

    async def _serve(self, connection: Connection, mine: list[Ticket]) -> None:
        try:
            try:
                desk = opened(connection, self._vault, self._pool)
            except VaultClosed:
                # Nobody was asked anything: the tickets wait as they are until their key is held again.
                for ticket in mine:
                    await self._put_off(ticket, Away("no_key"))
                await tickets.note_health(self._database, connection.name, "no_key", self._clock())
                return
            came = await asyncio.gather(*(self._carry(desk, ticket) for ticket in mine))
            await self._judge(connection, came)
        except Unavailable:
            return  # what is not written down is looked at again once its lease is over
        finally:
            self._busy.discard(connection.name)

    async def _judge(self, connection: Connection, came: list[str | None]) -> None:
        """`came`: why the help desk was away, None where it answered."""
        away, circuit = [why for why in came if why is not None], self._circuit(connection.name)
        if len(away) < len(came):
            circuit.answered()
        else:
            circuit.failed(self._clock(), len(away))
        why = away[0] if len(away) == len(came) else None
        if why is not None and connection.failing_since is None:
            log.warning(
                "the help desk %s takes nothing: %s; trying again until it does", connection.name, why
            )
        await tickets.note_health(self._database, connection.name, why, self._clock())

    async def _carry(self, desk: HelpDesk, ticket: Ticket) -> str | None:
        """Tell the ticket all that is new; why the help desk was away, None when it answered."""
        try:
            await _Telling(self._place, desk, ticket).all()
        except Away as error:
            HELP_DESK_CALLS.labels("retried").inc()
            await self._put_off(ticket, error)
            return error.reason
        except Refused as error:
            HELP_DESK_CALLS.labels("refused").inc()
            await self._refused(ticket, error)
        except Lost:
            log.info("a ticket of %s was taken over", ticket.connection)
        return None

    async def _put_off(self, ticket: Ticket, error: Away) -> None:
        now = self._clock()
        pause_s = max(_PAUSES.pause_s(ticket.attempts + 1), error.wait_s)
        if ticket.external_id is None:
            pause_s = max(pause_s, _UNSEEN_S)
        await tickets.let_go(
            self._database,
            ticket,
            now,
            attempts=ticket.attempts + 1,
            next_at=now + pause_s,
            last_error=error.reason,
        )

    async def _refused(self, ticket: Ticket, error: Refused) -> None:
        now, attempts = self._clock(), ticket.attempts + 1
        state = (
            "gone"
            if error.gone and ticket.external_id
            else "failed"
            if attempts >= MOST_REFUSALS
            else "waiting"
        )
        if state != "waiting":
            log.error("a ticket of %s is given up: it answered %d", ticket.connection, error.status)
        await tickets.let_go(
            self._database,
            ticket,
            now,
            state=state,
            attempts=attempts,
            next_at=now + _PAUSES.pause_s(attempts),
            last_error=f"status_{error.status}" if error.status else "unreadable",
        )


class _Telling:
    """One ticket on its way to having all that its case has."""

    def __init__(self, place: Place, desk: HelpDesk, ticket: Ticket) -> None:
        self._place = place
        self._desk = desk
        self._ticket = ticket
        self._external_id = ticket.external_id
        self._told = ticket.told
        self._trying = ticket.trying

    async def all(self) -> None:
        """Raises Away, Refused, Lost, and Unavailable."""
        database, case_id = self._place.database, self._ticket.case_id
        while True:
            case, new = await tickets.following(database, case_id, self._told, _ENTRIES_AT_ONCE)
            if case is None or not new or (self._external_id is None and self._never_told(case)):
                break
            if self._external_id is None:
                await self._open(case, new)
                continue
            for each in new:
                await self._note(case, self._external_id, each)
        told = self._told if case is None or not new else await tickets.newest(database, case_id)
        await tickets.let_go(
            database,
            self._ticket,
            self._place.clock(),
            state="told",
            told=told,
            attempts=0,
            last_error=None,
        )

    def _never_told(self, case: Case) -> bool:
        """A case that ended before its help desk heard of it needs no ticket."""
        return case.state == "resolved" and self._trying is None

    async def _open(self, case: Case, new: list[Next]) -> None:
        options = self._desk.connection.options
        link = f"{self._place.case_url}{case.case_id}"
        told = ticket_of(case, options.language, link, options.masked)
        again, upto = self._trying is not None, self._trying or new[-1].sequence
        await self._keep(trying=upto)
        opened_there = await _in_time(self._desk.open(told, again))
        self._external_id = opened_there.external_id
        try:
            await self._keep(
                external_id=self._external_id,
                number=opened_there.number[:_LONGEST_NUMBER],
                told=upto,
                told_at=self._place.clock(),
                trying=None,
            )
        except tickets.NameTaken:
            raise Refused(0) from None
        self._told, self._trying = upto, None
        HELP_DESK_CALLS.labels("done").inc()

    async def _note(self, case: Case, external_id: str, new: Next) -> None:
        connection, values = self._desk.connection, dict[str, float]()
        if new.entry.actor != connection.actor:
            told = note_of(
                case, new.entry, new.sequence, connection.options.language, connection.options.masked
            )
            again = self._trying == new.sequence
            await self._keep(trying=new.sequence)
            await _in_time(self._desk.note(external_id, told, again))
            await self._close(external_id, new, told)
            HELP_DESK_CALLS.labels("done").inc()
            values = {"told_at": self._place.clock()}
        await self._keep(told=new.sequence, trying=None, attempts=0, **values)
        self._told, self._trying = new.sequence, None

    async def _close(self, external_id: str, new: Next, told: Told) -> None:
        """Close or open the ticket with its case. What comes back of it by webhook is known to be so already."""
        if new.entry.kind not in ENDS | REOPENS:
            return
        closed = new.entry.kind in ENDS
        await self._keep(closed_there=closed)
        await _in_time(self._desk.set_closed(external_id, closed, told))

    async def _keep(self, **values: int | float | str | bool | None) -> None:
        if not await tickets.keep(self._place.database, self._ticket, self._place.clock(), **values):
            raise Lost


async def _in_time(asking: Awaitable[T]) -> T:
    """What a help desk says within the time that a ticket is held for. Raises Away."""
    try:
        async with asyncio.timeout(tickets.WITHIN_S):
            return await asking
    except TimeoutError:
        raise Away("slow") from None
