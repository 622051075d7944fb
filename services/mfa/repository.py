"""Challenges in SQL: recorded once, closed once, each closing with its outcome in the outbox.

Every function works inside the caller's transaction. A challenge leaves the state open exactly once, and only the
statement that moved it writes its outcome, so an outcome is never written twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from msgspec.structs import asdict
from sqlalchemy import and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import Decision, IssueChallenge, derived_id
from contracts.events import ChallengeOutcome, to_wire
from services.cases.outbox import Outgoing, put
from services.memory.challenge_record import recorded
from services.mfa.records import Challenge, ChallengeState, issued
from services.mfa.tables import challenges
from services.platform.database import insert_new
from services.platform.metrics import CHALLENGES


async def record_issued(
    connection: AsyncConnection, decision: Decision, effect: IssueChallenge, issued_at: float
) -> None:
    """Record the challenge as open (`issued_at` in epoch seconds); a known one is left as it is, in any state."""
    await record(connection, issued(recorded(decision, effect, issued_at)))


async def passed(connection: AsyncConnection, events: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of these events (account, event id) were answered for: by a code for the event, or for a later try of the payment."""
    asked, answer = challenges.alias("asked"), challenges.alias("answer")
    tried_again = and_(
        asked.c.purpose == "transaction",
        answer.c.purpose == "transaction",
        answer.c.payee_id == asked.c.payee_id,
        answer.c.closed_at >= asked.c.issued_at,
    )
    query = (
        select(asked.c.account_id, asked.c.event_id)
        .join(answer, answer.c.account_id == asked.c.account_id)
        .where(
            asked.c.account_id.in_({account_id for account_id, _ in events}),
            asked.c.event_id.in_({event_id for _, event_id in events}),
            answer.c.state == "passed",
            or_(answer.c.event_id == asked.c.event_id, tried_again),
        )
    )
    found = {(row.account_id, row.event_id) for row in await connection.execute(query)}
    return found.intersection(events)


async def record(connection: AsyncConnection, challenge: Challenge) -> bool:
    """Record an open challenge unless it is there in any state; whether it was new."""
    added = await connection.execute(
        insert_new(challenges).values(asdict(challenge)).returning(challenges.c.challenge_id)
    )
    new = added.first() is not None
    if new:
        CHALLENGES.labels(challenge.purpose, "issued").inc()
    return new


async def find(connection: AsyncConnection, challenge_id: str) -> Challenge | None:
    """The challenge as stored, or None."""
    query = select(challenges).where(challenges.c.challenge_id == challenge_id)
    row = (await connection.execute(query)).first()
    return None if row is None else challenge_of(row._mapping)


async def open_of(connection: AsyncConnection, account_id: str, at: float) -> list[Challenge]:
    """The account's challenges that take codes at epoch seconds `at`, the newest first."""
    query = (
        select(challenges)
        .where(
            challenges.c.account_id == account_id,
            challenges.c.state == "open",
            challenges.c.expires_at > at,
            challenges.c.attempts_left > 0,
        )
        .order_by(challenges.c.issued_at.desc())
    )
    return [challenge_of(row) for row in (await connection.execute(query)).mappings()]


async def close(connection: AsyncConnection, challenge: Challenge, state: ChallengeState, at: float) -> bool:
    """Move an open challenge to its end and put its outcome into the outbox; False when it was closed before."""
    statement = (
        update(challenges)
        .where(challenges.c.challenge_id == challenge.challenge_id, challenges.c.state == "open")
        .values(state=state, closed_at=at)
        .returning(challenges.c.challenge_id)
    )
    if (await connection.execute(statement)).first() is None:
        return False
    await put(connection, [outcome(challenge, state, at)], at)
    return True


async def expire_due(connection: AsyncConnection, at: float, limit: int) -> list[Challenge]:
    """Close open challenges whose time is over, oldest first, at most `limit`, each with its outcome."""
    due = (
        select(challenges)
        .where(challenges.c.state == "open", challenges.c.expires_at <= at)
        .order_by(challenges.c.expires_at, challenges.c.challenge_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = [challenge_of(row) for row in (await connection.execute(due)).mappings()]
    return [challenge for challenge in found if await close(connection, challenge, "expired", at)]


def outcome(challenge: Challenge, state: ChallengeState, at: float) -> Outgoing:
    """What the stream is told when the challenge leaves the state open for `state`, at epoch seconds `at`."""
    if state == "open":
        raise ValueError("an open challenge has no outcome")
    event = ChallengeOutcome(
        event_id=derived_id(challenge.challenge_id, "challenge_outcome"),
        account_id=challenge.account_id,
        occurred_at=_epoch_ms(at),
        challenge_id=challenge.challenge_id,
        challenged_event_id=challenge.event_id,
        purpose=challenge.purpose,
        outcome=state,
    )
    return Outgoing(event.event_id, "event", event.account_id, to_wire(event))


def _epoch_ms(at: float) -> int:
    return int(at * 1000)


def challenge_of(kept: Mapping[Any, Any]) -> Challenge:
    """The challenge in a row that holds its columns, by name."""
    return Challenge(**{name: kept[name] for name in Challenge.__struct_fields__})
