"""Acts that one person asks for and another allows. The database refuses the same person even where this code would not.

What an act does once it is allowed, and who may allow it, says its `ActRule`: whoever builds an act gives one to `HoldService`.
"""

from __future__ import annotations

import secrets
from typing import Literal, Protocol

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.audit import audit_log
from services.cases.hold_tables import approvals
from services.http.api_keys import Acting, Scope

Act = Literal[
    "unfreeze",
    "release_payment",
    "factor_reset",
    "erasure",
    "pack_unmasked",
    "staff_reset",
    "tell_owners",
    "attack_act",
]
Decision = Literal["approved", "refused", "expired"]
#: An act that nobody allowed for so long must be asked for again.
LIFETIME_S = 86_400.0


class SamePerson(Exception):
    """Whoever asked for an act may not allow it."""


class NothingLeft(Exception):
    """What was asked for cannot be done any more: what it was about ended otherwise."""


class StillStanding(NothingLeft):
    """Something must end before the act can be done; the message names all of it."""


class Approval(Struct, frozen=True, kw_only=True):
    """An act on `subject`, asked for and perhaps decided; times in epoch seconds.

    `expired`: nobody decided in time, or what it was about ended otherwise.
    """

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
    decision: Decision | None = None


class Follow(Protocol):
    """What follows when `by` has decided, in the transaction that notes the decision."""

    async def __call__(
        self, connection: AsyncConnection, approval: Approval, by: Acting, now: float, /
    ) -> None:
        """Raises NothingLeft when the act cannot be done any more: then nothing is decided."""
        ...


class ActRule(Struct, frozen=True):
    """One act: what `does` it once allowed, what a refusal ends (`undoes`), and the scope of those who may decide."""

    does: Follow
    undoes: Follow | None = None
    scope: Scope = "support"


async def ask(
    connection: AsyncConnection,
    act: Act,
    subject: str,
    account_id: str,
    by: str,
    why: str,
    now: float,
    lifetime_s: float = LIFETIME_S,
) -> Approval:
    """Ask for the act; what is asked for already is answered as it stands. One whose time is over is asked for anew."""
    found = await _open(connection, (approvals.c.act == act) & (approvals.c.subject == subject))
    if found is not None:
        if found.expires_at > now:
            return found
        await _close(connection, found, None, "expired", now)
    asked = Approval(
        approval_id=secrets.token_hex(16),
        act=act,
        subject=subject,
        account_id=account_id,
        asked_by=by,
        asked_at=now,
        expires_at=now + lifetime_s,
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
    found = await _open(connection, approvals.c.approval_id == approval_id)
    if found is None or found.expires_at <= now:
        return None
    if found.asked_by == by:
        if decision == "approved":
            raise SamePerson("whoever asked for it may not allow it: a second person must")
        by = f"{by[:117]} (taken back)"
    return await _close(connection, found, by, decision, now)


async def end(connection: AsyncConnection, act: Act, subject: str, now: float) -> Approval | None:
    """End what waits for this act, because what it is about has ended otherwise; None when nothing does."""
    found = await _open(connection, (approvals.c.act == act) & (approvals.c.subject == subject))
    return None if found is None else await _close(connection, found, None, "expired", now)


async def find(connection: AsyncConnection, approval_id: str) -> Approval | None:
    """The approval of that id, decided or not."""
    query = select(approvals).where(approvals.c.approval_id == approval_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else Approval(**row)


async def open_of(connection: AsyncConnection, act: Act, subject: str, now: float) -> Approval | None:
    """What waits for a second person to allow this act on this subject."""
    this = (approvals.c.act == act) & (approvals.c.subject == subject)
    found = await _open(connection, this, lock=False)
    return found if found is not None and found.expires_at > now else None


async def open_approvals(
    connection: AsyncConnection, now: float, account_id: str | None = None
) -> list[Approval]:
    """What waits for a second person at `now`, oldest first; of one account if it is named."""
    query = select(approvals).where(approvals.c.decision.is_(None), approvals.c.expires_at > now)
    if account_id is not None:
        query = query.where(approvals.c.account_id == account_id)
    rows = (await connection.execute(query.order_by(approvals.c.asked_at).limit(500))).mappings()
    return [Approval(**row) for row in rows]


async def asked_by(connection: AsyncConnection, by: str, limit: int = 200) -> list[Approval]:
    """What this person asked for, last asked first, with what was decided."""
    query = select(approvals).where(approvals.c.asked_by == by).order_by(approvals.c.asked_at.desc())
    return [Approval(**row) for row in (await connection.execute(query.limit(limit))).mappings()]


async def overdue(connection: AsyncConnection, now: float, limit: int) -> list[Approval]:
    """What nobody decided in time, and is not noted so yet."""
    query = select(approvals).where(approvals.c.decision.is_(None), approvals.c.expires_at <= now)
    rows = (await connection.execute(query.order_by(approvals.c.expires_at).limit(limit))).mappings()
    return [Approval(**row) for row in rows]


def entry(approval: Approval, at: float) -> audit_log.Entry:
    """What the audit keeps of an act that was asked for, or of what was decided."""
    return audit_log.Entry(
        at=at,
        action=f"{approval.act}_asked" if approval.decision is None else f"{approval.act}_decided",
        result=approval.decision or "waiting",
        actor=approval.asked_by if approval.decision is None else approval.decided_by or "payguard",
        account_id=approval.account_id,
        reason=f"approval {approval.approval_id}",
    )


def expired(approval: Approval) -> Approval:
    """The approval as one whose time is over."""
    return replace(approval, decision="expired", decided_at=approval.expires_at)


async def _open(
    connection: AsyncConnection, condition: ColumnElement[bool], *, lock: bool = True
) -> Approval | None:
    query = select(approvals).where(condition, approvals.c.decision.is_(None))
    if lock:
        query = query.with_for_update()
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else Approval(**row)


async def _close(
    connection: AsyncConnection, found: Approval, by: str | None, decision: Decision, now: float
) -> Approval | None:
    decided = (
        update(approvals)
        .where(approvals.c.approval_id == found.approval_id, approvals.c.decision.is_(None))
        .values(decided_by=by, decided_at=now, decision=decision)
    )
    if (await connection.execute(decided)).rowcount != 1:
        return None
    return replace(found, decided_by=by, decided_at=now, decision=decision)
