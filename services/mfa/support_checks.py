"""A code that support asks an account's owner for: a challenge about nothing but who answers it."""

from __future__ import annotations

from hashlib import sha256

from sqlalchemy.ext.asyncio import AsyncConnection

from services.mfa.records import Challenge
from services.mfa.repository import open_of, record

#: So long the owner has, and so many codes may be wrong.
LIFETIME_S, ATTEMPTS = 86_400.0, 5


async def issue_check(
    connection: AsyncConnection, account_id: str, event_id: str, check_id: str, now: float
) -> None:
    """Ask for a code, once for each `check_id`. `event_id` is the act of support's that asks: the stream knows no such event."""
    challenge = Challenge(
        challenge_id=check_id,
        account_id=account_id,
        event_id=event_id,
        purpose="login",
        digest=sha256(f"{account_id}\x00{event_id}".encode()).hexdigest(),
        state="open",
        issued_at=now,
        expires_at=now + LIFETIME_S,
        attempts_left=ATTEMPTS,
    )
    await record(connection, challenge)


async def is_asked(connection: AsyncConnection, account_id: str, now: float) -> bool:
    """Whether the owner is being asked for a code."""
    return bool(await open_of(connection, account_id, now))
