"""All that the desk asks about people, and what an administrator does with members."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from contracts.errors import Malformed
from services.audit import audit_log
from services.mfa import totp
from services.mfa.vault import Vault
from services.platform.database import Database
from services.platform.keyring import Keyring
from services.staff import members
from services.staff.members import Kept, Member, NoMember, act, checked_role, checked_zone
from services.staff.passwords import Passwords
from services.staff.sessions import Lasting, Sessions
from services.staff.sign_in import PasswordSignIn
from services.staff.tries import Tries

#: How long a member has for the first sign-in.
INVITED_S = 72 * 3600.0
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_GROUPS, _GROUP = 5, 4


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

    async def reset(self, name: str, by: str) -> str:
        """Take password, authenticator and sessions away, and the waits; a new code for the first sign-in.

        Raises NoMember, Malformed for whoever signs in at the company's provider.
        """
        code, at = new_code(), self.clock()
        async with self.database.begin() as connection:
            row = await members.find(connection, name, lock=True)
            if row is None:
                raise NoMember(f"there is no member {name}")
            if row.subject is not None:
                raise Malformed("company", f"{name} signs in at the company's provider: reset them there")
            await members.change(
                connection,
                name,
                password_hash=None,
                totp_secret=None,
                totp_bound_at=None,
                totp_step=None,
                invited_hash=hash_of(code),
                invited_until=at + INVITED_S,
                disabled_at=None,
            )
            await self.tries.forget(connection, name)
            await self.sessions.end_all(connection, name, by, "reset")
            await audit_log.record(connection, act("staff_reset", name, by, at))
        return code

    async def disable(self, name: str, by: str) -> None:
        """Let the member in no more, and end their sessions. Raises NoMember."""
        at = self.clock()
        async with self.database.begin() as connection:
            await members.change(connection, name, disabled_at=at, invited_hash=None, invited_until=None)
            await self.sessions.end_all(connection, name, by, "disabled")
            await audit_log.record(connection, act("staff_disabled", name, by, at))

    async def set_role(self, name: str, role: str, by: str) -> None:
        """Give the member another role, from the next request on. Raises NoMember, Malformed."""
        at, wanted = self.clock(), checked_role(role)
        async with self.database.begin() as connection:
            await members.change(connection, name, role=wanted)
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
) -> Staff:
    """The staff of one database. `keys` are those that names are derived from. Raises ValueError as `Sessions`."""
    sessions, tries = Sessions(database, clock, lasting), Tries(keys)
    hashes = passwords or Passwords()
    more = {} if refused_after_s is None else {"refused_after_s": refused_after_s}
    sign_in = PasswordSignIn(database, sessions, tries, hashes, vault, clock, **more)
    return Staff(database, clock, sessions, tries, hashes, vault, sign_in, issuer)


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
