"""What others ask about an account's factor: whether there is one, and when it was last proved."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.audit.tables import audit
from services.mfa import factors


async def has_factor(connection: AsyncConnection, account_id: str) -> bool:
    """Whether the account has a factor, in use or disabled by wrong codes."""
    return (await factors.standing(connection, account_id)).in_use is not None


async def factor_proved(connection: AsyncConnection, account_id: str, since: float) -> float | None:
    """When the factor in use was enrolled, or a code of it accepted, at epoch seconds `since` or after; None when neither was.

    Codes of a factor that is gone, or disabled, prove nothing any more.
    """
    in_use = (await factors.standing(connection, account_id)).in_use
    if in_use is None or in_use.state != "active":
        return None
    if in_use.confirmed_at is not None and in_use.confirmed_at >= since:
        return in_use.confirmed_at
    query = select(func.max(audit.c.at)).where(
        audit.c.account_id == account_id,
        audit.c.at >= since,
        audit.c.result == "passed",
        audit.c.factor_id == in_use.id,
    )
    at: float | None = await connection.scalar(query)
    return at
