"""Acts that one person asks for and another allows. The database refuses the same person even where this code would not."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import Literal

from msgspec import Struct
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cases import holds
from services.cases.hold_tables import approvals
from services.cases.holds import AccountHold

Act = Literal["unfreeze", "factor_reset", "erasure"]
#: An act that nobody allowed for so long must be asked for again.
LIFETIME_S = 86_400.0


class SamePerson(Exception):
    """Whoever asked for an act may not allow it."""


class Approval(Struct, frozen=True, kw_only=True):
    """An act on `subject`, asked for and perhaps decided; times in epoch seconds."""

    approval_id: str
    act: Act
    subject: str
    account_id: str
    asked_by: str
    asked_at: float
    expires_at: float
    why: str
    decided_by: str | None = None
    decided_at: float | None = None
    decision: Literal["approved", "refused", "expired"] | None = None


async def ask(
    connection: AsyncConnection, act: Act, subject: str, account_id: str, by: str, why: str, now: float
) -> Approval:
    """Ask for the act; what is asked for already is answered as it stands. One whose time is over is asked for anew."""
    await _expire(connection, now)
    query = select(approvals).where(
        approvals.c.act == act, approvals.c.subject == subject, approvals.c.decision.is_(None)
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is not None:
        return Approval(**row)
    asked = Approval(
        approval_id=secrets.token_hex(16),
        act=act,
        subject=subject,
        account_id=account_id,
        asked_by=by,
        asked_at=now,
        expires_at=now + LIFETIME_S,
        why=why,
    )
    names = Approval.__struct_fields__
    await connection.execute(insert(approvals).values({name: getattr(asked, name) for name in names}))
    return asked


async def decide(
    connection: AsyncConnection,
    approval_id: str,
    by: str,
    decision: Literal["approved", "refused"],
    now: float,
) -> Approval | None:
    """Allow or refuse it; None when nothing of that id waits. Whoever asked may take it back, but not allow it.

    Raises SamePerson.
    """
    await _expire(connection, now)
    query = select(approvals).where(approvals.c.approval_id == approval_id, approvals.c.decision.is_(None))
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        return None
    if row["asked_by"] == by:
        if decision == "approved":
            raise SamePerson("whoever asked for it may not allow it: a second person must")
        by = f"{by[:117]} (taken back)"
    decided = (
        update(approvals)
        .where(approvals.c.approval_id == approval_id, approvals.c.decision.is_(None))
        .values(decided_by=by, decided_at=now, decision=decision)
    )
    if (await connection.execute(decided)).rowcount != 1:
        return None
    return Approval(**{**row, "decided_by": by, "decided_at": now, "decision": decision})


async def open_approvals(connection: AsyncConnection, account_id: str | None = None) -> list[Approval]:
    """What waits for a second person, oldest first; of one account if it is named."""
    query = select(approvals).where(approvals.c.decision.is_(None)).order_by(approvals.c.asked_at)
    if account_id is not None:
        query = query.where(approvals.c.account_id == account_id)
    return [Approval(**row) for row in (await connection.execute(query.limit(500))).mappings()]


async def release(
    connection: AsyncConnection,
    account_id: str,
    by: str,
    why: str,
    now: float,
    second_person: Collection[str],
) -> AccountHold | Approval | None:
    """End the account's freeze, or ask for a second person to where that act needs one; None when it is not frozen."""
    standing = await holds.standing(connection, account_id)
    if standing is None:
        return None
    if "unfreeze" in second_person:
        return await ask(connection, "unfreeze", standing.hold_id, account_id, by, why, now)
    return await holds.unfreeze(connection, account_id, by, why, now)


async def _expire(connection: AsyncConnection, now: float) -> None:
    await connection.execute(
        update(approvals)
        .where(approvals.c.decision.is_(None), approvals.c.expires_at <= now)
        .values(decision="expired", decided_at=now)
    )
