"""Our own second factor behind the company's sign-in, where its provider does not say that it asked for one.

The first time the member binds an authenticator; after that a code of it is asked for. Codes are paid for as those of the other
sign-in are, so that whoever has a member's password at the company guesses no more often.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct
from sqlalchemy import Row

from services.audit import audit_log
from services.http.openid import SignInFailed
from services.http.signed_text import SignedText
from services.mfa import totp
from services.platform.database import Database
from services.platform.metrics import STAFF_SIGN_INS
from services.staff import members
from services.staff.binding import Binding, ToBind
from services.staff.members import act, member_of
from services.staff.sessions import Seen, Sessions
from services.staff.sign_in import Refused, SignedIn, burn
from services.staff.tries import Slow, Tries


class Ticket(Struct, array_like=True):
    """Whom the company's provider vouched for, until when (epoch seconds) that counts, and the page to go on to."""

    name: str
    until: float
    page: str


class CompanyFactor:
    """Asks for the factor. Every method raises Unavailable when SQL is away, SignInFailed for a ticket that is over."""

    def __init__(
        self,
        database: Database,
        sessions: Sessions,
        tries: Tries,
        binding: Binding,
        clock: Callable[[], float],
        tickets: SignedText,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._tries = tries
        self._binding = binding
        self._clock = clock
        self._tickets = tickets

    async def asked(self, sealed: str) -> ToBind | None:
        """What is to be bound, the same each time until it is; None where a code is asked for."""
        ticket = self._ticket(sealed)
        async with self._database.begin() as connection:
            row = await members.find(connection, ticket.name, lock=True)
            if row is None or row.disabled_at is not None:
                raise SignInFailed("stale")
            if row.totp_bound_at is not None:
                return None
            if row.totp_secret is None:
                kept = self._binding.sealed(row.ident, totp.new_secret())
                await members.change(connection, ticket.name, totp_secret=kept)
                row = await members.find(connection, ticket.name)
                assert row is not None
        return self._binding.shown(row)

    async def enter(
        self, sealed: str, typed: str, seen: Seen, known: str = "", before: str = ""
    ) -> tuple[SignedIn, str]:
        """Begin a session by a code, which binds the authenticator the first time; also the page to go on to.

        Raises Refused for a wrong code, Slow.
        """
        ticket, at = self._ticket(sealed), self._clock()
        try:
            async with self._database.begin() as connection:
                paid = await self._tries.pay(connection, ticket.name, seen.address, known, at)
        except Slow:
            STAFF_SIGN_INS.labels("company", "slowed").inc()
            raise
        async with self._database.begin() as connection:
            row = await members.find(connection, ticket.name, lock=True)
            done = None
            if row is not None and row.disabled_at is None and row.totp_secret is not None:
                step = self._binding.step(row, typed)
                if step is not None and await burn(connection, ticket.name, step, at):
                    await self._tries.give_back(connection, paid)
                    text = await self._sessions.begin(connection, member_of(row), "company", seen, before)
                    done = SignedIn(
                        member=member_of(row), session=text, known=self._tries.known(ticket.name, at)
                    )
            await audit_log.record(connection, self._told(ticket.name, row, at, done is not None))
            if done is not None and row is not None and row.totp_bound_at is None:
                await members.change(connection, ticket.name, totp_bound_at=at)
        STAFF_SIGN_INS.labels("company", "done" if done else "refused").inc()
        if done is None:
            raise Refused(paid.left, paid.wait_s)
        return done, ticket.page

    def _ticket(self, sealed: str) -> Ticket:
        found = self._tickets.opened(sealed, Ticket)
        if found is None or found.until <= self._clock():
            raise SignInFailed("stale")
        return found

    def _told(self, name: str, row: Row[Any] | None, at: float, done: bool) -> audit_log.Entry:
        first = row is not None and row.totp_bound_at is None
        action = "staff_first_sign_in" if first and done else "staff_sign_in"
        how = "at the company, with a code" if done else "code"
        return act(action, name, f"staff:{name}", at, how, "done" if done else "refused")
