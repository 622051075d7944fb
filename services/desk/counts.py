"""The counts in the top bar of every page: what nobody has, and what waits for this member to allow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from msgspec import Struct
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.attacks.tables import attacks
from services.cases.hold_tables import approvals
from services.cases.queue import of_view
from services.cases.tables import cases
from services.platform.database import Database
from services.staff.access import SENIORS
from services.staff.members import Member

#: So long are counts of everybody shown again before they are counted anew, in seconds.
FRESH_S = 2.0
#: Nobody reads more than that much; counting stops there.
_MOST = 999
#: Acts that only administrators allow.
_OF_ADMINS = ("factor_reset", "erasure")
#: Acts that agents do not allow.
_OF_SENIORS = ("attack_act",)


class Counts(Struct, frozen=True, kw_only=True):
    """Cases without a holder, attacks under way, and acts that others asked for. `queue` stops at 999."""

    queue: int = 0
    attacks: int = 0
    approvals: int = 0


@dataclass
class CountCache:
    """Counts of one process."""

    _of_all: tuple[float, int, int] | None = field(default=None)

    async def of(self, database: Database, member: Member, clock: Callable[[], float]) -> Counts:
        """The counts as this member sees them. Raises Unavailable."""
        now = clock()
        async with database.read() as connection:
            if self._of_all is None or not 0 <= now - self._of_all[0] < FRESH_S:
                self._of_all = now, await _unassigned(connection, now), await _under_way(connection)
            waiting = await _waiting(connection, member, now)
        return Counts(queue=self._of_all[1], attacks=self._of_all[2], approvals=waiting)


async def _unassigned(connection: AsyncConnection, now: float) -> int:
    these = select(cases.c.case_id).where(of_view("unassigned", "", now)).limit(_MOST)
    return int((await connection.execute(select(func.count()).select_from(these.subquery()))).scalar_one())


async def _under_way(connection: AsyncConnection) -> int:
    these = select(func.count()).where(attacks.c.state == "open")
    return int((await connection.execute(these)).scalar_one())


async def _waiting(connection: AsyncConnection, member: Member, now: float) -> int:
    """Acts that another asked for, that the member may allow, and whose time is not over."""
    if not member.allows("support"):
        return 0
    table = approvals.c
    these = select(table.approval_id).where(
        table.decision.is_(None), table.expires_at > now, table.asked_by != member.actor
    )
    if not member.allows("admin"):
        these = these.where(table.act.not_in(_OF_ADMINS))
    if member.role not in SENIORS:
        these = these.where(table.act.not_in(_OF_SENIORS))
    these = these.limit(_MOST)
    return int((await connection.execute(select(func.count()).select_from(these.subquery()))).scalar_one())
