"""Sessions of staff: kept in SQL, ended by whoever may, over when they lie unused or have lasted long enough.

A cookie holds 256 random bits, of which SQL keeps the hash. Each sign-in makes new ones, and ends the session that the same
browser had. That a session is used is noted at most twice a minute; so much earlier than said it may be over.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from msgspec import Struct
from sqlalchemy import ColumnElement, Row, and_, case, func, insert, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.errors import Unavailable
from services.audit import audit_log
from services.platform.database import Database
from services.staff.members import Member, act, member_of
from services.staff.tables import staff_members, staff_sessions

Way = Literal["password", "company"]
#: Why a session ended: its member left, lay idle, worked for too long, signed in anew, was shut out or may do less; the company's
#: provider was not asked again; or an administrator or its member ended it from elsewhere.
Why = Literal["signed_out", "idle", "over", "signed_in", "disabled", "reset", "no_role", "unchecked", "ended"]
_NOTED_S = 30.0
_MOST_LISTED = 200
_SWEEP_EVERY_S = 60.0
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class Lasting(NamedTuple):
    """How long a session may lie unused, and how long it lasts in any case, both in seconds.

    `check_s`: after so long the company's provider is asked again, and after twice as long its sessions open nothing; None where
    there is no such provider, and so no such session.
    """

    idle_s: float = 1800.0
    longest_s: float = 36_000.0
    check_s: float | None = None


class Seen(NamedTuple):
    """From where somebody signs in, and with what, as far as that is known."""

    address: str | None = None
    browser: str | None = None


class Session(Struct, frozen=True, kw_only=True):
    """A session that is open; `csrf` is what its forms carry. Its text form opens nothing."""

    session_id: str
    member: Member
    way: Way
    started_at: float
    expires_at: float
    checked_at: float
    csrf: str = ""

    def __repr__(self) -> str:
        return f"Session({self.session_id!r})"


class Listed(Struct, frozen=True, kw_only=True):
    """A session as its member or an administrator sees it. Times are epoch seconds."""

    session_id: str
    name: str
    way: Way
    address: str | None
    browser: str | None
    started_at: float
    used_at: float
    expires_at: float


class Sessions:
    """Begins, finds and ends sessions. `clock` gives epoch seconds. Every method raises Unavailable when SQL is away."""

    def __init__(
        self, database: Database, clock: Callable[[], float], lasting: Lasting | None = None
    ) -> None:
        """Raises ValueError for sessions that may lie unused for longer than they last."""
        self._database = database
        self._clock = clock
        self.lasting = lasting or Lasting()
        if not 0 < self.lasting.idle_s <= self.lasting.longest_s:
            raise ValueError(
                f"PAYGUARD_STAFF_IDLE_S must be above 0 and at most PAYGUARD_STAFF_LONGEST_S, not {self.lasting.idle_s:g} of "
                f"{self.lasting.longest_s:g}"
            )

    async def begin(
        self, connection: AsyncConnection, member: Member, way: Way, seen: Seen, before: str = ""
    ) -> str:
        """The text of a new session, in the caller's transaction; the session that the text `before` opens is ended."""
        at = self._clock()
        if _TOKEN.fullmatch(before):
            await self._close(
                connection, staff_sessions.c.token_hash == _hash(before), member.actor, "signed_in"
            )
        text = secrets.token_urlsafe(32)
        row = {
            "session_id": secrets.token_hex(8),
            "token_hash": _hash(text),
            "name": member.name,
            "way": way,
            "address": seen.address,
            "browser": seen.browser,
            "started_at": at,
            "used_at": at,
            "expires_at": at + self.lasting.longest_s,
            "checked_at": at,
        }
        await connection.execute(insert(staff_sessions).values(row))
        return text

    async def find(self, text: str, *, used: bool = True) -> Session | None:
        """The session that the text opens; None when it is over, was ended, or its member is disabled.

        `used`: whether somebody does something with it. A page that only listens is no use of it.
        """
        if _TOKEN.fullmatch(text) is None:
            return None
        at = self._clock()
        members = staff_members.c
        query = (
            select(
                staff_sessions,
                *(members[name].label(name) for name in Member.__struct_fields__ if name != "name"),
            )
            .join(staff_members, members.name == staff_sessions.c.name)
            .where(staff_sessions.c.token_hash == _hash(text), self._open(at), members.disabled_at.is_(None))
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            return None
        if used and row.used_at <= at - _NOTED_S:
            await self._use(row.session_id, at)
        return _session(row, text)

    async def checked(self, connection: AsyncConnection, session_id: str) -> None:
        """The company's provider has said again that the session's member belongs here."""
        this = update(staff_sessions).where(staff_sessions.c.session_id == session_id)
        await connection.execute(this.values(checked_at=self._clock()))

    async def listed(self, name: str | None = None) -> list[Listed]:
        """Sessions that are open, of one member or of all, last used first."""
        query = select(*(staff_sessions.c[name] for name in Listed.__struct_fields__)).where(
            self._open(self._clock())
        )
        if name is not None:
            query = query.where(staff_sessions.c.name == name)
        query = query.order_by(staff_sessions.c.used_at.desc()).limit(_MOST_LISTED)
        async with self._database.read() as connection:
            return [Listed(**row) for row in (await connection.execute(query)).mappings()]

    async def seen(self) -> dict[str, tuple[float, int]]:
        """When each member last used a session, and how many they have open."""
        table = staff_sessions.c
        is_open = case((self._open(self._clock()), 1), else_=0)
        query = select(table.name, func.max(table.used_at), func.sum(is_open)).group_by(table.name)
        async with self._database.read() as connection:
            return {name: (at, int(count)) for name, at, count in await connection.execute(query)}

    async def end(self, session_id: str, by: str, why: Why = "ended", name: str | None = None) -> bool:
        """End an open session, of that member if named; whether there was one."""
        this = staff_sessions.c.session_id == session_id
        if name is not None:
            this = and_(this, staff_sessions.c.name == name)
        async with self._database.begin() as connection:
            return await self._close(connection, this, by, why) > 0

    async def end_all(
        self, connection: AsyncConnection, name: str, by: str, why: Why, but: str | None = None
    ) -> int:
        """End every session of the member, save the one of the id `but`, in the caller's transaction; how many."""
        these = staff_sessions.c.name == name
        if but is not None:
            these = and_(these, staff_sessions.c.session_id != but)
        return await self._close(connection, these, by, why)

    async def end_others(self, name: str, by: str, but: str | None = None) -> int:
        """The same in a transaction of its own."""
        async with self._database.begin() as connection:
            return await self.end_all(connection, name, by, "ended", but)

    async def end_overdue(self) -> int:
        """Note the end of those that are over, so that each has an end in the audit; how many."""
        at = self._clock()
        async with self._database.begin() as connection:
            over = await self._close(connection, staff_sessions.c.expires_at <= at, "payguard", "over")
            idle = staff_sessions.c.used_at <= at - self.lasting.idle_s
            unchecked = not_(self._checked(at))
            return (
                over
                + await self._close(connection, idle, "payguard", "idle")
                + await self._close(connection, unchecked, "payguard", "unchecked")
            )

    def to_check(self, session: Session) -> bool:
        """Whether it is time to ask the company's provider again whether the session's member belongs here."""
        check_s = self.lasting.check_s
        due = check_s is not None and session.checked_at <= self._clock() - check_s
        return session.way == "company" and due

    async def end_overdue_for_ever(self, every_s: float = _SWEEP_EVERY_S) -> None:
        """Note them every `every_s` seconds until cancelled; nothing is let in by one that is not noted yet."""
        while True:
            with contextlib.suppress(Unavailable):
                await self.end_overdue()
            await asyncio.sleep(every_s)

    def _open(self, at: float) -> ColumnElement[bool]:
        table = staff_sessions.c
        return and_(
            table.ended_at.is_(None),
            table.expires_at > at,
            table.used_at > at - self.lasting.idle_s,
            self._checked(at),
        )

    def _checked(self, at: float) -> ColumnElement[bool]:
        """Not company's, or of a member whom the company's provider vouched for lately."""
        table, check_s = staff_sessions.c, self.lasting.check_s
        if check_s is None:
            return table.way != "company"
        return or_(table.way != "company", table.checked_at > at - 2 * check_s)

    async def _use(self, session_id: str, at: float) -> None:
        """Note that the session is used; a page is shown all the same where that cannot be written just now."""
        table = staff_sessions.c
        this = (
            update(staff_sessions)
            .where(table.session_id == session_id, table.used_at < at)
            .values(used_at=at)
        )
        with contextlib.suppress(Unavailable):
            async with self._database.begin() as connection:
                await connection.execute(this)

    async def _close(self, connection: AsyncConnection, which: ColumnElement[bool], by: str, why: Why) -> int:
        at = self._clock()
        ended = (
            update(staff_sessions)
            .where(which, staff_sessions.c.ended_at.is_(None))
            .values(ended_at=at, ended_by=by, why=why)
            .returning(staff_sessions.c.name, staff_sessions.c.session_id)
        )
        rows = (await connection.execute(ended)).all()
        for row in rows:
            await audit_log.record(
                connection, act("staff_session_ended", row.name, by, at, f"session {row.session_id}", why)
            )
        return len(rows)


def _session(row: Row[Any], text: str) -> Session:
    return Session(
        session_id=row.session_id,
        member=member_of(row),
        way=row.way,
        started_at=row.started_at,
        expires_at=row.expires_at,
        checked_at=row.checked_at,
        csrf=hmac.new(text.encode(), b"payguard desk form", "sha256").hexdigest()[:32],
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
