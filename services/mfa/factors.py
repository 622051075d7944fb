"""Factors in SQL: enrolment, activation, removal. Every function works inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, Select, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.mfa.factor_records import PENDING_S, AccountFactors, Kept, NewFactor
from services.mfa.tables import factors
from services.platform.database import insert_new


async def standing(connection: AsyncConnection, account_id: str) -> AccountFactors:
    """The account's factors, for reading."""
    return _standing((await connection.execute(_not_removed(account_id))).all())


async def hold(connection: AsyncConnection, account_id: str) -> AccountFactors:
    """The account's factors, locked in one order until the transaction ends, so that changes of an account wait."""
    return _standing((await connection.execute(_not_removed(account_id).with_for_update())).all())


async def start_enrolment(connection: AsyncConnection, new: NewFactor) -> bool:
    """Keep a pending factor in place of an earlier pending one.

    False when the account has another factor in use than the one to replace, or a rival enrolment came first.
    """
    held = await hold(connection, new.account_id)
    if (None if held.in_use is None else held.in_use.id) != new.replaces:
        return False
    await void_pending(connection, new.account_id)
    added = await connection.execute(
        insert_new(factors)
        .values(
            id=new.id,
            account_id=new.account_id,
            secret=new.sealed,
            state="pending",
            last_step=-1,
            failures_in_row=0,
            failures_total=0,
            locked_until=0.0,
            created_at=new.at,
            replaces=new.replaces,
            qr_ticket=new.ticket_hash,
        )
        .returning(factors.c.id)
    )
    return added.first() is not None


async def activate(connection: AsyncConnection, pending: Kept, at: float) -> None:
    """Put the pending factor into use, in place of the one it was allowed to replace."""
    await connection.execute(
        update(factors)
        .where(factors.c.id == pending.replaces, factors.c.state.in_(("active", "disabled")))
        .values(state="removed", secret=b"")
    )
    await connection.execute(
        update(factors)
        .where(factors.c.id == pending.id)
        .values(state="active", confirmed_at=at, qr_ticket=None)
    )


async def void_pending(connection: AsyncConnection, account_id: str) -> None:
    """Forget the account's enrolment that waits."""
    await connection.execute(
        update(factors)
        .where(factors.c.account_id == account_id, factors.c.state == "pending")
        .values(state="removed", secret=b"", qr_ticket=None)
    )


async def retire(connection: AsyncConnection, account_id: str) -> None:
    """Remove every factor of the account, with its secret."""
    await connection.execute(
        update(factors)
        .where(factors.c.account_id == account_id, factors.c.state != "removed")
        .values(state="removed", secret=b"", qr_ticket=None)
    )


async def take_ticket(
    connection: AsyncConnection, account_id: str, ticket_hash: str, at: float
) -> bytes | None:
    """The sealed secret that the ticket shows, once; None for any other ticket, or when the enrolment is over."""
    statement = (
        update(factors)
        .where(
            factors.c.account_id == account_id,
            factors.c.state == "pending",
            factors.c.qr_ticket == ticket_hash,
            factors.c.created_at > at - PENDING_S,
        )
        .values(qr_ticket=None)
        .returning(factors.c.secret)
    )
    sealed: bytes | None = (await connection.execute(statement)).scalar()
    return sealed


def _not_removed(account_id: str) -> Select[Any]:
    return (
        select(*(factors.c[name] for name in Kept.__dataclass_fields__))
        .where(factors.c.account_id == account_id, factors.c.state != "removed")
        .order_by(factors.c.created_at, factors.c.id)
    )


def _standing(rows: Iterable[Row[Any]]) -> AccountFactors:
    kept = [Kept(**row._mapping) for row in rows]
    return AccountFactors(
        in_use=next((one for one in kept if one.state != "pending"), None),
        pending=next((one for one in kept if one.state == "pending"), None),
    )
