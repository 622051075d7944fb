"""Signing in with name, password and code: both always, and one refusal that does not say which was wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, or_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.errors import Malformed
from services.audit import audit_log
from services.mfa import totp
from services.mfa.typed_code import code_in
from services.mfa.vault import Vault
from services.platform.database import Database
from services.platform.metrics import STAFF_SIGN_INS
from services.staff.members import Member, act, checked_name, find, member_of
from services.staff.passwords import Passwords
from services.staff.sessions import Seen, Sessions
from services.staff.tables import staff_members
from services.staff.tries import Paid, Slow, Tries

#: Seconds after the request when a refusal is answered: later than any is known on a machine that has some time to spare.
REFUSED_AFTER_S = 0.5
_NOBODYS_SECRET = "A" * 32


class Refused(Exception):
    """Nobody is signed in: `left` tries are left, then a wait of `wait_s` seconds comes."""

    def __init__(self, left: int, wait_s: float) -> None:
        super().__init__("name, password or code is not right")
        self.left = left
        self.wait_s = wait_s


class SignedIn(Struct, frozen=True, kw_only=True):
    """Who signed in, what their cookie holds, and what tells their browser from others. Its text form shows neither."""

    member: Member
    session: str
    known: str

    def __repr__(self) -> str:
        return f"SignedIn({self.member.name!r})"


class PasswordSignIn:
    """Members who have a password and an authenticator. Every method raises Unavailable when SQL is away."""

    def __init__(
        self,
        database: Database,
        sessions: Sessions,
        tries: Tries,
        passwords: Passwords,
        vault: Vault,
        clock: Callable[[], float],
        refused_after_s: float = REFUSED_AFTER_S,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._tries = tries
        self._passwords = passwords
        self._vault = vault
        self._clock = clock
        self._refused_after_s = refused_after_s

    async def enter(
        self, name: str, password: str, code: str, seen: Seen, known: str = "", before: str = ""
    ) -> SignedIn:
        """Begin a session. `known` is what the browser kept of an earlier one, `before` the session that it has.

        Raises Refused, the same and as late for whatever was wrong; Slow before anything is compared, Overloaded.
        """
        loop = asyncio.get_running_loop()
        answer_at = loop.time() + self._refused_after_s
        typed = name_of(name)
        paid = await self._paid(typed, seen, known)
        async with self._database.read() as connection:
            row = await find(connection, typed)
        usable = row is not None and row.disabled_at is None and row.totp_bound_at is not None
        right = await self._passwords.matches(
            row.password_hash if row is not None and usable else None, password
        )
        step = self._step_of(row if usable else None, code)
        done = None
        if row is not None and right and step is not None:
            done = await self._begin(row, step, paid, seen, before)
        if done is not None:
            STAFF_SIGN_INS.labels("password", "done").inc()
            return done
        await self._refuse(row, seen, "code" if right else "password" if usable else "unknown")
        await asyncio.sleep(max(0.0, answer_at - loop.time()))
        raise Refused(paid.left, paid.wait_s)

    async def _paid(self, name: str, seen: Seen, known: str) -> Paid:
        at = self._clock()
        try:
            async with self._database.begin() as connection:
                return await self._tries.pay(connection, name, seen.address, known, at)
        except Slow:
            STAFF_SIGN_INS.labels("password", "slowed").inc()
            raise

    def _step_of(self, row: Row[Any] | None, code: str) -> int | None:
        """The step of a right code that was not accepted before. It takes as long where nobody has a secret."""
        secret = _NOBODYS_SECRET if row is None else self._vault.open(row.ident, row.totp_secret)
        step = totp.matched_step(secret, code_in(code) or "", self._clock())
        return None if row is None else step

    async def _begin(self, row: Row[Any], step: int, paid: Paid, seen: Seen, before: str) -> SignedIn | None:
        """The session, unless the code was used meanwhile or the member is gone."""
        at, member = self._clock(), member_of(row)
        async with self._database.begin() as connection:
            if not await burn(connection, member.name, step, at):
                return None
            await self._tries.give_back(connection, paid)
            text = await self._sessions.begin(connection, member, "password", seen, before)
            await audit_log.record(
                connection, act("staff_sign_in", member.name, member.actor, at, "by password and code")
            )
        return SignedIn(member=member, session=text, known=self._tries.known(member.name, at))

    async def _refuse(self, row: Row[Any] | None, seen: Seen, what: str) -> None:
        """Keep that somebody was refused; a name that nobody has is not kept, for it may be a password."""
        STAFF_SIGN_INS.labels("password", "refused").inc()
        about = "" if row is None else row.name
        entry = act(
            "staff_sign_in", about, f"staff:{about}" if about else "unknown", self._clock(), what, "refused"
        )
        async with self._database.begin() as connection:
            await audit_log.record(connection, entry)


async def burn(connection: AsyncConnection, name: str, step: int, at: float) -> bool:
    """Take the step's code as used by the member, who signs in; False when it or a later one was used, or they are gone."""
    table = staff_members.c
    burnt = (
        update(staff_members)
        .where(
            table.name == name,
            table.disabled_at.is_(None),
            or_(table.totp_step.is_(None), table.totp_step < step),
        )
        .values(totp_step=step, signed_in_at=at)
    )
    return (await connection.execute(burnt)).rowcount == 1


def name_of(text: str) -> str:
    """The name that somebody typed; what can be nobody's is counted and refused as a name that nobody has."""
    try:
        return checked_name(text)
    except Malformed:
        return text[:200]
