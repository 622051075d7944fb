"""Factors in SQL: enrolment and state. Every function works inside the caller's transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.challenges.records import FactorStatus
from services.challenges.tables import factors
from services.database import insert_new

#: How long an enrolment waits for its first code.
PENDING_S = 900.0


async def start_enrolment(
    connection: AsyncConnection, factor_id: str, account_id: str, sealed: bytes, at: float
) -> bool:
    """Keep a pending factor in place of an earlier pending one; False when the account has one already in use."""
    await connection.execute(
        update(factors)
        .where(factors.c.account_id == account_id, factors.c.state == "pending")
        .values(state="removed", secret=b"")
    )
    added = await connection.execute(
        insert_new(factors)
        .values(
            id=factor_id,
            account_id=account_id,
            secret=sealed,
            state="pending",
            last_step=-1,
            failures_in_row=0,
            failures_total=0,
            locked_until=0.0,
            created_at=at,
        )
        .returning(factors.c.id)
    )
    return added.first() is not None


async def status(connection: AsyncConnection, account_id: str) -> FactorStatus:
    """The state of the account's factor, without anything secret."""
    query = select(factors.c.state, factors.c.confirmed_at).where(_kept(account_id))
    row = (await connection.execute(query)).first()
    if row is None:
        return FactorStatus(account_id=account_id, state="none")
    return FactorStatus(account_id=account_id, state=row.state, confirmed_at=row.confirmed_at)


def _kept(account_id: str) -> Any:
    return and_(factors.c.account_id == account_id, factors.c.state != "removed")
