"""What an administrator does with members at the desk, by rules that the operator's commands do without.

Nobody changes, suspends or resets themselves, and the last administrator who can sign in stays one. A reset would let one person
sign in as another, so it takes two administrators: one asks, another approves, and only then is there a new link to hand over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import Row, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.audit import audit_log
from services.cases import approvals
from services.cases.approvals import Act, ActRule, Approval, NothingLeft
from services.http.api_keys import Acting
from services.staff import members
from services.staff.members import Member, NoMember, act, checked_role
from services.staff.staff import Staff
from services.staff.tables import staff_members

RESET: Act = "staff_reset"
Why = Literal["self", "last_admin", "ready", "suspended"]
_MOST_WHY = 500


class NotThis(Exception):
    """It may not be done: to oneself, to the last administrator, to who can sign in already, or to who is suspended."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


class Administration:
    """The acts. `two_people`: whether a reset needs a second administrator. Every method raises NoMember and NotThis."""

    def __init__(self, staff: Staff, *, two_people: bool = True) -> None:
        self.staff = staff
        self.two_people = two_people

    async def set_role(self, name: str, role: str, by: Member) -> None:
        """Give another role. Raises Malformed."""
        wanted = checked_role(role)
        await self.staff.set_role(
            name, wanted, by.actor, lambda connection: self._an_admin_stays(connection, name, by, wanted)
        )

    async def suspend(self, name: str, by: Member) -> None:
        """Let them in no more from now on, and end a reset that waits."""
        await self.staff.disable(
            name, by.actor, lambda connection: self._an_admin_stays(connection, name, by, None)
        )

    async def resume(self, name: str, by: Member) -> None:
        """Let them in again, by what they signed in with before."""
        await self.staff.enable(name, by.actor)

    async def link(self, name: str, by: Member) -> str:
        """A new code for the first sign-in of who has none behind them; the one before works no more."""

        async def first(connection: AsyncConnection) -> None:
            row = await self._other(connection, name, by)
            if row.disabled_at is not None:
                raise NotThis("suspended")
            if row.subject is not None or row.totp_bound_at is not None:
                raise NotThis("ready")

        return await self.staff.invite(name, by.actor, first)

    async def ask_reset(self, name: str, why: str, by: Member) -> Approval | None:
        """Ask that password, authenticator and sessions be taken away; None where that needs no second person and was done."""
        at = self.staff.clock()
        async with self.staff.database.begin() as connection:
            row = await self._other(connection, name, by)
            if row.disabled_at is not None:
                raise NotThis("suspended")
            if not self.two_people:
                await self.staff.take_away(connection, row, by.actor)
                return None
            asked = await approvals.ask(connection, RESET, name, "", by.actor, why[:_MOST_WHY], at)
            await audit_log.record(connection, act("staff_reset_asked", name, by.actor, at))
            return asked

    async def _other(self, connection: AsyncConnection, name: str, by: Member) -> Row[Any]:
        """The row of a member who is not the one who acts."""
        row = await members.find(connection, name, lock=True)
        if row is None:
            raise NoMember(f"there is no member {name}")
        if name == by.name:
            raise NotThis("self")
        return row

    async def _an_admin_stays(
        self, connection: AsyncConnection, name: str, by: Member, role: str | None
    ) -> None:
        """Whoever is to have that role from now on, None: none, is another member, and not the last administrator."""
        admins = await self._held_admins(connection)
        row = await self._other(connection, name, by)
        if row.role == "admin" and role != "admin" and not set(admins) - {name}:
            raise NotThis("last_admin")

    async def _held_admins(self, connection: AsyncConnection) -> Sequence[str]:
        """The names of those who can sign in. All administrators are held, in one order and before anybody else: two who suspend
        each other at once come after one another.
        """
        table = staff_members.c
        admins = (
            select(
                table.name,
                table.disabled_at,
                or_(table.subject.is_not(None), table.totp_bound_at.is_not(None)),
            )
            .where(table.role == "admin")
            .order_by(table.name)
            .with_for_update()
        )
        rows = (await connection.execute(admins)).all()
        return [row.name for row in rows if row.disabled_at is None and row[2]]


def reset_rule(staff: Staff) -> ActRule:
    """What follows when a second administrator has decided on a reset."""

    async def does(connection: AsyncConnection, approval: Approval, by: Acting, _now: float) -> None:
        row = await members.find(connection, approval.subject, lock=True)
        asker = await members.find(connection, approval.asked_by.removeprefix("staff:"))
        if row is None or row.disabled_at is not None:
            raise NothingLeft("the member is suspended")
        if asker is None or asker.disabled_at is not None or asker.role != "admin":
            raise NothingLeft("whoever asked is no administrator any more")
        if by.actor == f"staff:{approval.subject}":
            raise NothingLeft("nobody decides on their own reset")
        await staff.take_away(connection, row, by.actor)

    return ActRule(does, scope="admin")
