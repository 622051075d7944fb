"""Challenges in SQL: recorded once, closed once, each closing with its outcome in the outbox.

Every function works inside the caller's transaction. A challenge leaves the state open exactly once, and only the
statement that moved it writes its outcome, so an outcome is never written twice.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import Decision, IssueChallenge, effect_id
from contracts.events import ChallengeOutcome, Event, to_wire
from services.cases.outbox import Outgoing, put
from services.challenges.records import Challenge, ChallengeState, issued
from services.challenges.tables import challenges
from services.database import insert_new
from services.memory.challenge_record import recorded
from services.metrics import CHALLENGES


async def record_issued(
    connection: AsyncConnection, decision: Decision, effect: IssueChallenge, issued_at: float
) -> None:
    """Record the challenge as open (`issued_at` in epoch seconds); a known one is left as it is, in any state."""
    await record(connection, issued(recorded(decision, effect, issued_at)))


async def record(connection: AsyncConnection, challenge: Challenge) -> bool:
    """Record an open challenge unless it is there in any state; whether it was new."""
    values = {
        "challenge_id": challenge.challenge_id,
        "account_id": challenge.account_id,
        "event_id": challenge.event_id,
        "purpose": challenge.purpose,
        "digest": challenge.digest,
        "amount": challenge.amount,
        "currency": challenge.currency,
        "payee_id": challenge.payee_id,
        "state": "open",
        "issued_at": challenge.issued_at,
        "expires_at": challenge.expires_at,
        "attempts_left": challenge.attempts_left,
    }
    added = await connection.execute(
        insert_new(challenges).values(values).returning(challenges.c.challenge_id)
    )
    new = added.first() is not None
    if new:
        CHALLENGES.labels(challenge.purpose, "issued").inc()
    return new


async def find(connection: AsyncConnection, challenge_id: str) -> Challenge | None:
    """The challenge as stored, or None."""
    query = select(challenges).where(challenges.c.challenge_id == challenge_id)
    row = (await connection.execute(query)).first()
    return None if row is None else _challenge(row)


async def claim_attempt(connection: AsyncConnection, challenge_id: str, at: float) -> Challenge | None:
    """Use one of the challenge's attempts up; None when it is unknown, expired, failed or has none left.

    A passed challenge is claimed too: the answer to its accepted code may have been lost on the way.
    """
    statement = (
        update(challenges)
        .where(
            challenges.c.challenge_id == challenge_id,
            challenges.c.state.in_(("open", "passed")),
            challenges.c.attempts_left > 0,
            challenges.c.expires_at > at,
        )
        .values(attempts_left=challenges.c.attempts_left - 1)
        .returning(challenges)
    )
    row = (await connection.execute(statement)).first()
    return None if row is None else _challenge(row)


async def give_back_attempt(connection: AsyncConnection, challenge_id: str) -> None:
    """Undo `claim_attempt`: a right code costs nothing, so that its repeat finds an attempt left."""
    await connection.execute(
        update(challenges)
        .where(challenges.c.challenge_id == challenge_id)
        .values(attempts_left=challenges.c.attempts_left + 1)
    )


async def pass_it(
    connection: AsyncConnection, challenge: Challenge, at: float, step: int, code: str | None = None
) -> Challenge:
    """Close a claimed open challenge as passed, its attempt given back; as it is then.

    `step` is the burnt one, `code` the keyed hash of a recovery code.
    """
    passed = replace(
        challenge,
        state="passed",
        attempts_left=challenge.attempts_left + 1,
        closed_at=at,
        passed_step=step,
        passed_code=code,
    )
    values = {name: getattr(passed, name) for name in ("attempts_left", "passed_step", "passed_code")}
    if not await close(connection, challenge, "passed", at, **values):
        raise RuntimeError("a claimed challenge was closed by somebody else")
    return passed


async def close(
    connection: AsyncConnection, challenge: Challenge, state: ChallengeState, at: float, **values: Any
) -> bool:
    """Move an open challenge to its end and put its outcome into the outbox; False when it was closed before."""
    statement = (
        update(challenges)
        .where(challenges.c.challenge_id == challenge.challenge_id, challenges.c.state == "open")
        .values(state=state, closed_at=at, **values)
        .returning(challenges.c.challenge_id)
    )
    if (await connection.execute(statement)).first() is None:
        return False
    await _tell_outcome(connection, challenge, state, at)
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
    found = [_challenge(row) for row in await connection.execute(due)]
    return [challenge for challenge in found if await close(connection, challenge, "expired", at)]


async def _tell_outcome(
    connection: AsyncConnection, challenge: Challenge, state: ChallengeState, at: float
) -> None:
    if state == "open":
        raise ValueError("an open challenge has no outcome")
    event = ChallengeOutcome(
        event_id=effect_id(challenge.challenge_id, "challenge_outcome"),
        account_id=challenge.account_id,
        occurred_at=_epoch_ms(at),
        challenge_id=challenge.challenge_id,
        challenged_event_id=challenge.event_id,
        purpose=challenge.purpose,
        outcome=state,
    )
    await _send(connection, event, at)


async def _send(connection: AsyncConnection, event: Event, at: float) -> None:
    await put(connection, [Outgoing(event.event_id, "event", event.account_id, to_wire(event))], at)


def _epoch_ms(at: float) -> int:
    return int(at * 1000)


def _challenge(row: Row[Any]) -> Challenge:
    kept = row._mapping
    return Challenge(
        challenge_id=kept["challenge_id"],
        account_id=kept["account_id"],
        event_id=kept["event_id"],
        purpose=kept["purpose"],
        digest=kept["digest"],
        state=kept["state"],
        issued_at=kept["issued_at"],
        expires_at=kept["expires_at"],
        attempts_left=kept["attempts_left"],
        amount=kept["amount"],
        currency=kept["currency"],
        payee_id=kept["payee_id"],
        passed_step=kept["passed_step"],
        passed_code=kept["passed_code"],
        closed_at=kept["closed_at"],
    )
