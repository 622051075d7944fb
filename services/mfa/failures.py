"""What a failure leads to beside its count: the news of a lock, and the end of a factor that nothing can pass any more.

Every function works in the caller's transaction.
"""

from __future__ import annotations

from sqlalchemy import and_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.mfa.changes import News, tell
from services.mfa.limit_tables import factor_devices
from services.mfa.limits import DEVICE_FAILURES, KNOWN_S
from services.mfa.records import Check, Factor
from services.mfa.recovery import left
from services.mfa.tables import factors


async def has_way(connection: AsyncConnection, factor: Factor, at: float) -> bool:
    """Whether anything may still pass when strangers may not: a device that is known, or a recovery code."""
    return await _has_known_device(connection, factor.id, at) or await left(connection, factor.account_id) > 0


async def _has_known_device(connection: AsyncConnection, factor_id: str, at: float) -> bool:
    table = factor_devices
    known = and_(table.c.passed_at > at - KNOWN_S, table.c.failures < DEVICE_FAILURES)
    query = select(table.c.device).where(table.c.factor_id == factor_id, known).limit(1)
    return (await connection.execute(query)).first() is not None


async def disable(connection: AsyncConnection, factor: Factor, at: float) -> None:
    """End the factor that nothing can pass, and tell stream and owner: nobody is asked for its code from then on."""
    mine = and_(factors.c.id == factor.id, factors.c.state == "active")
    ended = update(factors).where(mine).values(state="disabled").returning(factors.c.id)
    if (await connection.execute(ended)).first() is not None:
        about = f"{factor.id}\x00no way in"
        await tell(connection, factor.account_id, "totp_disabled", about, News(at=at), "factor_disabled")


async def tell_locked(connection: AsyncConnection, account_id: str, check: Check, at: float) -> None:
    """Tell the stream and the owner what a failure did to the factor."""
    about = f"{check.factor_id}\x00{at}"
    if check.shuts:
        await tell(connection, account_id, "totp_locked", about, News(at=at), "factor_shut")
    elif check.locked_until is not None:
        news = News(at=at, due_at=check.locked_until)
        await tell(connection, account_id, "totp_locked", about, news, "factor_locked")
