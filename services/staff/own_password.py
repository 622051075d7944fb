"""A member's new password: by the old one and a code, slowed as the sign-in is. Every other session of theirs ends."""

from __future__ import annotations

from services.audit import audit_log
from services.staff import members
from services.staff.binding import Binding
from services.staff.members import Member, act
from services.staff.passwords import refuse_weak
from services.staff.sessions import Seen
from services.staff.sign_in import Refused, SignedIn, burn
from services.staff.staff import Staff


async def change_password(
    staff: Staff, member: Member, current: str, code: str, new: str, seen: Seen, known: str = ""
) -> SignedIn:
    """Keep the new password and begin a session in place of all that are open.

    Raises Refused where the old password or the code is not right, Slow, Overloaded, Malformed for a password that is not taken.
    """
    refuse_weak(new, member.name, member.display_name, staff.issuer)
    at = staff.clock()
    async with staff.database.begin() as connection:
        paid = await staff.tries.pay(connection, member.name, seen.address, known, at)
    async with staff.database.read() as connection:
        row = await members.find(connection, member.name)
    has_both = row is not None and row.password_hash is not None and row.totp_bound_at is not None
    right = await staff.passwords.matches(
        row.password_hash if row is not None and has_both else None, current
    )
    step = (
        Binding(staff.vault, staff.clock, staff.issuer).step(row, code)
        if row is not None and has_both
        else None
    )
    if not right or step is None:
        async with staff.database.begin() as connection:
            told = act("staff_password", member.name, member.actor, at, result="refused")
            await audit_log.record(connection, told)
        raise Refused(paid.left, paid.wait_s)
    kept = await staff.passwords.hash(new)
    async with staff.database.begin() as connection:
        if not await burn(connection, member.name, step, at):
            raise Refused(paid.left, paid.wait_s)
        await staff.tries.give_back(connection, paid)
        await members.change(connection, member.name, password_hash=kept)
        await staff.sessions.end_all(connection, member.name, member.actor, "ended")
        text = await staff.sessions.begin(connection, member, "password", seen)
        await audit_log.record(connection, act("staff_password", member.name, member.actor, at))
    return SignedIn(member=member, session=text, known=staff.tries.known(member.name, at))
