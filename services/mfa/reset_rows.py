"""Resets in SQL: one administrator asks, another approves, and after a delay the factor is taken away, once.

Every function works inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

from sqlalchemy import Row, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.http.api_keys import api_keys
from services.mfa.factor_records import Reset, ResetState
from services.mfa.tables import factor_resets
from services.platform.database import insert_new

#: How long a request waits for the second administrator.
LAPSES_AFTER_S = 7 * 86_400.0
OPEN: tuple[ResetState, ...] = ("requested", "approved")
#: Who ended a reset, when no administrator did.
OWNER, PAYGUARD = "owner", "payguard"
#: Whether everybody of these idents may still act; see `services.http.api_keys.Acting`.
Stand = Callable[[AsyncConnection, Collection[str]], Awaitable[bool]]


async def request(connection: AsyncConnection, reset: Reset) -> bool:
    """Keep the request; False when the account has one that is open."""
    values = {name: getattr(reset, name) for name in Reset.__dataclass_fields__}
    added = insert_new(factor_resets).values(values).returning(factor_resets.c.reset_id)
    return (await connection.execute(added)).first() is not None


async def find(connection: AsyncConnection, reset_id: str, *, hold: bool = False) -> Reset | None:
    """The reset, or None; held until the transaction ends if asked."""
    query = select(factor_resets).where(factor_resets.c.reset_id == reset_id)
    row = (await connection.execute(query.with_for_update() if hold else query)).first()
    return None if row is None else _reset(row)


async def open_of(connection: AsyncConnection, account_id: str) -> Reset | None:
    """The account's open reset, or None."""
    query = select(factor_resets).where(
        factor_resets.c.account_id == account_id, factor_resets.c.state.in_(OPEN)
    )
    row = (await connection.execute(query)).first()
    return None if row is None else _reset(row)


async def newest(
    connection: AsyncConnection, account_id: str | None, only_open: bool, limit: int
) -> list[Reset]:
    """Resets, last requested first: of one account if given, only open ones if asked."""
    query = select(factor_resets).order_by(factor_resets.c.requested_at.desc(), factor_resets.c.reset_id)
    if account_id is not None:
        query = query.where(factor_resets.c.account_id == account_id)
    if only_open:
        query = query.where(factor_resets.c.state.in_(OPEN))
    return [_reset(row) for row in await connection.execute(query.limit(limit))]


async def approve(connection: AsyncConnection, reset_id: str, key_id: str, at: float) -> Reset | None:
    """Note the second administrator; None when it is not waiting for one, or this one asked for it."""
    return await _move(
        connection,
        reset_id,
        ("requested",),
        factor_resets.c.requested_by != key_id,
        state="approved",
        approved_by=key_id,
        approved_at=at,
    )


async def end(
    connection: AsyncConnection,
    reset_id: str,
    state: ResetState,
    ended_by: str,
    at: float,
    among: Sequence[ResetState] = OPEN,
) -> Reset | None:
    """End a reset that is in one of these states; None when it is not."""
    return await _move(connection, reset_id, among, state=state, ended_by=ended_by, ended_at=at)


async def due(connection: AsyncConnection, at: float, limit: int) -> list[Reset]:
    """Open resets whose time has come: approved ones to carry out, and requests that nobody approved."""
    carried_out = (factor_resets.c.state == "approved") & (factor_resets.c.due_at <= at)
    lapsed = (factor_resets.c.state == "requested") & (factor_resets.c.requested_at <= at - LAPSES_AFTER_S)
    query = select(factor_resets).where(or_(carried_out, lapsed)).order_by(factor_resets.c.due_at)
    return [_reset(row) for row in await connection.execute(query.limit(limit))]


async def keys_stand(connection: AsyncConnection, idents: Collection[str]) -> bool:
    """Whether all of these are keys of which none was revoked."""
    query = (
        select(func.count())
        .select_from(api_keys)
        .where(api_keys.c.key_id.in_(idents), api_keys.c.revoked_at.is_(None))
    )
    return (await connection.execute(query)).scalar_one() == len(idents)


async def _move(
    connection: AsyncConnection, reset_id: str, states: Sequence[str], *conditions: Any, **values: Any
) -> Reset | None:
    statement = (
        update(factor_resets)
        .where(factor_resets.c.reset_id == reset_id, factor_resets.c.state.in_(states), *conditions)
        .values(**values)
        .returning(factor_resets)
    )
    row = (await connection.execute(statement)).first()
    return None if row is None else _reset(row)


def _reset(row: Row[Any]) -> Reset:
    return Reset(**row._mapping)
