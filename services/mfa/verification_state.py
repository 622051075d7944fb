"""All that judging a code reads, in one statement: the challenge, the factor, and what is known of who offers the code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from services.mfa.limit_records import ClientContext, Device, Network, Seen
from services.mfa.records import Challenge, Factor, Stage
from services.mfa.repository import challenge_of
from services.platform.statements import InTransaction, Statement, Statements


class VerificationState(NamedTuple):
    """A challenge, its account's factor, and what is known of who offers a code; no challenge where none was asked for."""

    challenge: Challenge | None
    factor: Factor | None
    seen: Seen


_FACTOR = """
  f.id AS factor_id, f.account_id AS factor_account, f.secret, f.last_step, f.hinted_step, f.failures_in_row, f.failures_total,
  f.locked_until, f.created_at, d.passed_at AS device_passed_at, d.tries, d.tries_since, d.failures, n.spent_until,
  n.passed_at AS network_passed_at
"""
_SEEN = """
LEFT JOIN factor_devices d ON d.factor_id = f.id AND d.device = %(device)s
LEFT JOIN code_networks n ON n.network = %(network)s
"""
_OF_CHALLENGE = """
SELECT c.challenge_id, c.account_id, c.event_id, c.purpose, c.digest, c.amount, c.currency, c.payee_id, c.state, c.issued_at,
  c.expires_at, c.attempts_left, c.closed_at, c.passed_step, c.passed_code, {factor}
FROM (SELECT 1) AS asked LEFT JOIN challenges c ON c.challenge_id = %(challenge_id)s
LEFT JOIN factors f ON f.account_id = c.account_id AND f.state = 'active' {seen}
"""
_OF_ACCOUNT = """
SELECT NULL AS challenge_id, {factor}
FROM (SELECT 1) AS asked LEFT JOIN factors f ON f.account_id = %(account_id)s AND f.state = %(stage)s {seen}
"""
_BY_CHALLENGE, _BY_ACCOUNT = (
    Statement(text.format(factor=_FACTOR, seen=_SEEN)) for text in (_OF_CHALLENGE, _OF_ACCOUNT)
)
_LOCK_CHALLENGE = Statement(
    "SELECT account_id FROM challenges WHERE challenge_id = %(challenge_id)s FOR UPDATE"
)
_LOCK_FACTOR = Statement(
    "SELECT id FROM factors WHERE account_id = %(account_id)s AND state = %(stage)s FOR UPDATE"
)


async def read(asked: Statements, challenge_id: str, visitor: ClientContext) -> VerificationState:
    """The state behind a challenge at this moment; nothing is locked."""
    about = {"challenge_id": challenge_id, "device": visitor.device, "network": visitor.network}
    return await _read(asked, _BY_CHALLENGE, about)


async def read_locked(
    connection: AsyncConnection, challenge_id: str, visitor: ClientContext
) -> VerificationState:
    """As `read`; challenge and factor do not change until the transaction ends."""
    asked = InTransaction(connection)
    found = await asked.first(_LOCK_CHALLENGE, {"challenge_id": challenge_id})
    if found is not None:
        await asked.first(_LOCK_FACTOR, {"account_id": found["account_id"], "stage": "active"})
    return await read(asked, challenge_id, visitor)


async def read_factor(
    connection: AsyncConnection, account_id: str, stage: Stage, visitor: ClientContext
) -> VerificationState:
    """The state behind an account's factor, which does not change until the transaction ends."""
    asked = InTransaction(connection)
    about = {"account_id": account_id, "stage": stage, "device": visitor.device, "network": visitor.network}
    await asked.first(_LOCK_FACTOR, about)
    return await _read(asked, _BY_ACCOUNT, about)


async def _read(asked: Statements, statement: Statement, about: Mapping[str, Any]) -> VerificationState:
    row = await asked.first(statement, about)
    assert row is not None
    factor = network = device = None
    if row["factor_id"] is not None:
        factor = Factor(
            id=row["factor_id"],
            account_id=row["factor_account"],
            sealed=row["secret"],
            last_step=row["last_step"],
            hinted_step=row["hinted_step"],
            failures_in_row=row["failures_in_row"],
            failures_total=row["failures_total"],
            locked_until=row["locked_until"],
            created_at=row["created_at"],
        )
    if row["spent_until"] is not None:
        network = Network(row["spent_until"], row["network_passed_at"])
    if row["tries"] is not None:
        device = Device(row["device_passed_at"], row["tries"], row["tries_since"], row["failures"])
    challenge = None if row["challenge_id"] is None else challenge_of(row)
    return VerificationState(challenge, factor, Seen(network, device))
