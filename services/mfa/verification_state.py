"""All that judging a code for a challenge reads, in one statement that locks the challenge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.mfa.limit_records import ClientContext, Device, Network, Seen
from services.mfa.limit_tables import code_networks, factor_devices
from services.mfa.records import Challenge, Factor
from services.mfa.repository import challenge_of
from services.mfa.tables import challenges, factors


class VerificationState(NamedTuple):
    """A challenge, its account's factor in use, and what is known of who offers a code."""

    challenge: Challenge
    factor: Factor | None
    seen: Seen


#: By `parameters`.
QUERY = (
    select(
        challenges,
        factors.c.id.label("factor_id"),
        factors.c.secret,
        factors.c.last_step,
        factors.c.hinted_step,
        factors.c.failures_total,
        factors.c.locked_until,
        factors.c.created_at,
        factor_devices.c.passed_at.label("device_passed_at"),
        factor_devices.c.tries,
        factor_devices.c.tries_since,
        factor_devices.c.failures,
        code_networks.c.spent_until,
        code_networks.c.passed_at.label("network_passed_at"),
    )
    .select_from(
        challenges.outerjoin(
            factors,
            and_(
                factors.c.account_id == challenges.c.account_id, factors.c.state == literal_column("'active'")
            ),
        )
        .outerjoin(
            factor_devices,
            and_(factor_devices.c.factor_id == factors.c.id, factor_devices.c.device == bindparam("device")),
        )
        .outerjoin(code_networks, code_networks.c.network == bindparam("network"))
    )
    .where(challenges.c.challenge_id == bindparam("challenge_id"))
)
#: Only the challenge is locked: what is read beside it may be a moment old, and the statement that burns a step tells.
_LOCKING = QUERY.with_for_update(of=challenges)


async def read(
    connection: AsyncConnection, challenge_id: str, visitor: ClientContext
) -> VerificationState | None:
    """The situation; None when nobody issued the challenge."""
    found = await connection.execute(_LOCKING, parameters(challenge_id, visitor))
    row = found.mappings().first()
    return None if row is None else state_of(row)


def parameters(challenge_id: str, visitor: ClientContext) -> dict[str, str | None]:
    """What the query is run with."""
    return {"challenge_id": challenge_id, "device": visitor.device, "network": visitor.network}


def state_of(row: Mapping[Any, Any]) -> VerificationState:
    """The situation in a row of the query, by name."""
    factor = network = device = None
    if row["factor_id"] is not None:
        factor = Factor(
            id=row["factor_id"],
            account_id=row["account_id"],
            sealed=row["secret"],
            last_step=row["last_step"],
            hinted_step=row["hinted_step"],
            failures_total=row["failures_total"],
            locked_until=row["locked_until"],
            created_at=row["created_at"],
        )
    if row["spent_until"] is not None:
        network = Network(row["spent_until"], row["network_passed_at"])
    if row["tries"] is not None:
        device = Device(row["device_passed_at"], row["tries"], row["tries_since"], row["failures"])
    return VerificationState(challenge_of(row), factor, Seen(network, device))
