"""What else of an account waits for its owner: a case with an open word of support, the authenticator, where they are reached."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cases.endings import MESSAGE
from services.cases.mail_addresses import masked
from services.cases.tables import case_entries, cases, contact_points, notices

#: What an owner adds to a case: it answers what support wrote before.
_OWNERS = ("note", "file", "appealed")
#: The letters after which an account has no authenticator that had one, and for how long that is worth a word.
_GONE = ("factor_removed", "reset_done")
_GONE_S = 30 * 86_400.0


class CaseOpen(Struct, frozen=True):
    """An unresolved case; `asks`: support wrote, and its owner has added nothing since."""

    case_id: str
    kind: str
    asks: bool


class Waiting(Struct, frozen=True, kw_only=True):
    """`bouncing` are masked addresses that gave a message back; `factor_gone`: there was an authenticator not long ago."""

    cases: Sequence[CaseOpen]
    bouncing: Sequence[str]
    factor_gone: bool

    @property
    def risk_case_id(self) -> str | None:
        """The case of what was stopped."""
        return next((each.case_id for each in self.cases if each.kind == "risk"), None)


async def waiting_of(connection: AsyncConnection, account_id: str, now: float) -> Waiting:
    """All of it, at epoch seconds `now`."""
    back = select(contact_points.c.address).where(
        contact_points.c.account_id == account_id,
        contact_points.c.until.is_(None),
        contact_points.c.bouncing_since.is_not(None),
    )
    addresses = (await connection.execute(back.order_by(contact_points.c.since))).scalars()
    gone = select(notices.c.notice_id).where(
        notices.c.account_id == account_id,
        notices.c.template.in_(_GONE),
        notices.c.recorded_at > now - _GONE_S,
    )
    return Waiting(
        cases=await _cases(connection, account_id),
        bouncing=[masked(address) for address in addresses],
        factor_gone=(await connection.execute(gone.limit(1))).first() is not None,
    )


async def _cases(connection: AsyncConnection, account_id: str) -> list[CaseOpen]:
    """The unresolved cases, the newest first."""
    wrote = func.max(case((case_entries.c.kind == MESSAGE, case_entries.c.sequence), else_=0))
    added = func.max(case((case_entries.c.kind.in_(_OWNERS), case_entries.c.sequence), else_=0))
    query = (
        select(cases.c.case_id, cases.c.kind, wrote.label("wrote"), added.label("added"))
        .join(case_entries, case_entries.c.case_id == cases.c.case_id)
        .where(cases.c.account_id == account_id, cases.c.state != "resolved")
        .group_by(cases.c.case_id, cases.c.kind, cases.c.opened_at)
        .order_by(cases.c.opened_at.desc(), cases.c.case_id)
    )
    return [CaseOpen(row.case_id, row.kind, row.wrote > row.added) for row in await connection.execute(query)]
