"""All that the desk asks about people, and what an administrator does with members."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.errors import Malformed
from services.audit import audit_log
from services.cases import approvals
from services.http.openid import CodeFlow
from services.mfa import totp
from services.mfa.vault import Vault
from services.platform.database import Database
from services.platform.keyring import Keyring
from services.staff import members
from services.staff.binding import Binding
from services.staff.company import CompanyRules, CompanySignIn
from services.staff.members import Kept, Member, NoMember, act, checked_role, checked_zone
from services.staff.passwords import Passwords
from services.staff.sessions import Lasting, Sessions
from services.staff.sign_in import PasswordSignIn
from services.staff.tries import Tries

#: How long a member has for the first sign-in.
INVITED_S = 72 * 3600.0
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_GROUPS, _GROUP = 5, 4


#: What is asked first, in the transaction of an act: it raises where the act may not be done.
First = Callable[[AsyncConnection], Awaitable[None]]


async def _nothing(_connection: AsyncConnection) -> None:
    """Nothing is asked: the operator may."""


@dataclass(frozen=True)
class Staff:
    """Members, their sessions and their sign-in. Every method raises Unavailable when SQL is away."""

    database: Database
    clock: Callable[[], float]
    sessions: Sessions
    tries: Tries
    passwords: Passwords
    vault: Vault
    sign_in: PasswordSignIn
    issuer: str = "UPay"
    company: CompanySignIn | None = None

    async def add(self, member: Member, by: str) -> str:
        """Add a member of `members.made`; the code for the first sign-in, shown this once. Raises NameTaken."""
        code, at = new_code(), self.clock()
        async with self.database.begin() as connection:
            invited = {"invited_hash": hash_of(code), "invited_until": at + INVITED_S}
            await members.add(connection, member, by, at, **invited)
        return code

    async def add_ready(self, member: Member, by: str, password: str, secret: str) -> None:
        """Add a member with password and authenticator (a base32 secret) at once, as demonstrations do. Raises NameTaken."""
        kept, at = await self.passwords.hash(password), self.clock()
        ready = {
            "password_hash": kept,
            "totp_secret": self.vault.seal(member.ident, secret),
            "totp_bound_at": at,
        }
        async with self.database.begin() as connection:
            await members.add(connection, member, by, at, **ready)

    async def listed(self) -> list[Kept]:
        """Every member, disabled ones too."""
        async with self.database.read() as connection:
            return await members.listed(connection)

    async def kept(self, name: str) -> Kept:
        """One member. Raises NoMember."""
        found = [each for each in await self.listed() if each.member.name == name]
        if not found:
            raise NoMember(f"there is no member {name}")
        return found[0]

    async def invite(self, name: str, by: str, first: First = _nothing) -> str:
        """A new code for the first sign-in. Raises NoMember."""
        code, at = new_code(), self.clock()
        async with self.database.begin() as connection:
            await first(connection)
            invited = {"invited_hash": hash_of(code), "invited_until": at + INVITED_S}
            await members.change(connection, name, **invited)
            await audit_log.record(connection, act("staff_invited", name, by, at))
        return code

    async def reset(self, name: str, by: str) -> str:
        """Take password, authenticator and sessions away, and the waits; a new code for the first sign-in.

        Whoever signs in at the company's provider needs no code, and gets an empty one: they bind a new authenticator when they
        sign in next. Who was disabled may enter again. Raises NoMember.
        """
        code, at = new_code(), self.clock()
        async with self.database.begin() as connection:
            row = await members.find(connection, name, lock=True)
            if row is None:
                raise NoMember(f"there is no member {name}")
            await self.take_away(connection, row, by)
            invited = (
                {}
                if row.subject is not None
                else {"invited_hash": hash_of(code), "invited_until": at + INVITED_S}
            )
            await members.change(connection, name, disabled_at=None, **invited)
        return "" if row.subject is not None else code

    async def take_away(self, connection: AsyncConnection, row: Row[Any], by: str) -> None:
        """Take password, authenticator, sessions and waits of the member away, in the caller's transaction."""
        nothing = dict.fromkeys(
            ("password_hash", "totp_secret", "totp_bound_at", "totp_step", "invited_hash", "invited_until")
        )
        await members.change(connection, row.name, **nothing)
        await self.tries.forget(connection, row.name)
        await self.sessions.end_all(connection, row.name, by, "reset")
        await audit_log.record(connection, act("staff_reset", row.name, by, self.clock()))

    async def disable(self, name: str, by: str, first: First = _nothing) -> None:
        """Let the member in no more, end their sessions, and a reset of theirs that waits. Raises NoMember."""
        at = self.clock()
        async with self.database.begin() as connection:
            await first(connection)
            await members.change(connection, name, disabled_at=at, invited_hash=None, invited_until=None)
            await self.sessions.end_all(connection, name, by, "disabled")
            await approvals.end(connection, "staff_reset", name, at)
            await audit_log.record(connection, act("staff_disabled", name, by, at))

    async def enable(self, name: str, by: str) -> None:
        """Let a disabled member in again, by what they signed in with before. Raises NoMember."""
        async with self.database.begin() as connection:
            await members.change(connection, name, disabled_at=None)
            await audit_log.record(connection, act("staff_enabled", name, by, self.clock()))

    async def set_role(self, name: str, role: str, by: str, first: First = _nothing) -> None:
        """Give the member another role, from the next request on; where they may do less, their sessions end.

        Raises NoMember, Malformed.
        """
        at, wanted = self.clock(), checked_role(role)
        async with self.database.begin() as connection:
            await first(connection)
            row = await members.find(connection, name, lock=True)
            if row is None:
                raise NoMember(f"there is no member {name}")
            await members.change(connection, name, role=wanted)
            if members.fell(row.role, wanted):
                await self.sessions.end_all(connection, name, by, "no_role")
            await audit_log.record(connection, act("staff_role", name, by, at, wanted))

    async def prefer(self, name: str, **chosen: Any) -> None:
        """What a member chose for their own pages: `locale`, `time_zone`, `keys`. Raises Malformed."""
        if chosen.get("locale", members.LOCALES[0]) not in members.LOCALES:
            raise Malformed("unknown_locale", f"a language is one of {', '.join(members.LOCALES)}")
        if "time_zone" in chosen:
            checked_zone(chosen["time_zone"])
        async with self.database.begin() as connection:
            await members.change(connection, name, **chosen)


def open_staff(
    database: Database,
    keys: Keyring,
    vault: Vault,
    clock: Callable[[], float],
    lasting: Lasting | None = None,
    issuer: str = "UPay",
    passwords: Passwords | None = None,
    refused_after_s: float | None = None,
    company: tuple[CodeFlow, CompanyRules] | None = None,
) -> Staff:
    """The staff of one database. `keys` are those that names are derived from; `company` is its own provider, where it has one.

    Raises ValueError as `Sessions`.
    """
    sessions, tries = Sessions(database, clock, lasting), Tries(keys)
    hashes = passwords or Passwords()
    more = {} if refused_after_s is None else {"refused_after_s": refused_after_s}
    sign_in = PasswordSignIn(database, sessions, tries, hashes, vault, clock, **more)
    at_company = None
    if company is not None:
        binding = Binding(vault, clock, issuer)
        at_company = CompanySignIn(*company, database, sessions, tries, binding, clock, keys)
    return Staff(database, clock, sessions, tries, hashes, vault, sign_in, issuer, at_company)


def new_code() -> str:
    """A code for the first sign-in: 100 random bits, in groups that can be typed from paper."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def hash_of(code: str) -> str:
    """What is kept of such a code, however it was typed."""
    plain = "".join(each for each in code.upper() if each.isalnum())
    return hashlib.sha256(plain.translate(str.maketrans("OIL", "011")).encode()).hexdigest()


def new_secret() -> str:
    """A secret for an authenticator, in base32."""
    return totp.new_secret()
