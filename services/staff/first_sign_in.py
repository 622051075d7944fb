"""A member's first sign-in: with a code that an administrator handed over, they choose a password and bind an authenticator.

The code works until the authenticator is bound, so that whoever breaks off can begin again; looking at the page uses nothing up.
"""

from __future__ import annotations

import hmac
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from services.audit import audit_log
from services.mfa import totp
from services.staff import members
from services.staff.binding import Binding, ToBind
from services.staff.members import act, member_of
from services.staff.passwords import refuse_weak
from services.staff.sessions import Seen
from services.staff.sign_in import Refused, SignedIn, name_of
from services.staff.staff import Staff, hash_of


async def choose_password(staff: Staff, name: str, code: str, password: str, seen: Seen) -> ToBind:
    """Keep the password, and a new secret that counts once a code of it was given.

    Raises Refused for a wrong name or code, Slow, Malformed for a password that is not taken.
    """
    typed = name_of(name)
    at = staff.clock()
    async with staff.database.begin() as connection:
        paid = await staff.tries.pay(connection, typed, seen.address, "", at)
    async with staff.database.read() as connection:
        row = await _invited(connection, typed, code, at)
    if row is None:
        raise Refused(paid.left, paid.wait_s)
    refuse_weak(password, typed, row.display_name, staff.issuer)
    kept, secret = await staff.passwords.hash(password), totp.new_secret()
    async with staff.database.begin() as connection:
        await staff.tries.give_back(connection, paid)
        sealed = staff.vault.seal(row.ident, secret)
        await members.change(connection, typed, password_hash=kept, totp_secret=sealed, totp_bound_at=None)
    return _binding(staff).drawn(typed, secret)


async def bind(staff: Staff, name: str, code: str, digits: str, seen: Seen) -> SignedIn | ToBind:
    """Bind the authenticator by a code of it and sign in; where the code is wrong, what is to be bound again.

    Raises Refused for a wrong name or code of the first sign-in, Slow.
    """
    typed, at = name_of(name), staff.clock()
    async with staff.database.begin() as connection:
        paid = await staff.tries.pay(connection, typed, seen.address, "", at)
    async with staff.database.begin() as connection:
        row = await _invited(connection, typed, code, at, lock=True)
        if row is None or row.totp_secret is None:
            raise Refused(paid.left, paid.wait_s)
        step = _binding(staff).step(row, digits)
        if step is None:
            return _binding(staff).shown(row)
        bound = {"totp_bound_at": at, "totp_step": step, "signed_in_at": at}
        await members.change(connection, typed, invited_hash=None, invited_until=None, **bound)
        await staff.tries.give_back(connection, paid)
        member = member_of(row)
        text = await staff.sessions.begin(connection, member, "password", seen)
        await audit_log.record(connection, act("staff_first_sign_in", typed, member.actor, at))
    return SignedIn(member=member, session=text, known=staff.tries.known(typed, at))


async def _invited(
    connection: AsyncConnection, name: str, code: str, at: float, *, lock: bool = False
) -> Row[Any] | None:
    """The row of the member whose code this is, while it can be used."""
    row = await members.find(connection, name, lock=lock)
    expected = "" if row is None or row.invited_hash is None else row.invited_hash
    right = hmac.compare_digest(hash_of(code), expected)
    usable = row is not None and row.disabled_at is None and (row.invited_until or 0.0) > at
    return row if right and usable else None


def _binding(staff: Staff) -> Binding:
    return Binding(staff.vault, staff.clock, staff.issuer)
