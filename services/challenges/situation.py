"""All that judging a code for a challenge reads, in one statement that locks the challenge."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.challenges.limit_records import Device, Network, Seen, Visitor
from services.challenges.limit_tables import code_networks, factor_devices
from services.challenges.records import Challenge, Factor
from services.challenges.repository import challenge_of
from services.challenges.tables import challenges, factors


class Situation(NamedTuple):
    """A challenge, its account's factor in use, and what is known of who offers a code."""

    challenge: Challenge
    factor: Factor | None
    seen: Seen


#: Only the challenge is locked: what is read beside it may be a moment old, and the statement that burns a step tells.
_QUERY = (
    select(
        challenges,
        factors.c.id.label("factor_id"),
        factors.c.secret,
        factors.c.last_step,
        factors.c.locked_until,
        factors.c.created_at,
        factor_devices.c.passed_at.label("device_passed_at"),
        factor_devices.c.tries,
        factor_devices.c.tries_since,
        code_networks.c.spent_until,
        code_networks.c.passed_at.label("network_passed_at"),
    )
    .select_from(
        challenges.outerjoin(
            factors, and_(factors.c.account_id == challenges.c.account_id, factors.c.state == "active")
        )
        .outerjoin(
            factor_devices,
            and_(factor_devices.c.factor_id == factors.c.id, factor_devices.c.device == bindparam("device")),
        )
        .outerjoin(code_networks, code_networks.c.network == bindparam("network"))
    )
    .where(challenges.c.challenge_id == bindparam("challenge_id"))
    .with_for_update(of=challenges)
)


async def read(connection: AsyncConnection, challenge_id: str, visitor: Visitor) -> Situation | None:
    """The situation; None when nobody issued the challenge."""
    about = {"challenge_id": challenge_id, "device": visitor.device, "network": visitor.network}
    row = (await connection.execute(_QUERY, about)).first()
    if row is None:
        return None
    factor = network = device = None
    if row.factor_id is not None:
        factor = Factor(
            id=row.factor_id,
            account_id=row.account_id,
            sealed=row.secret,
            last_step=row.last_step,
            locked_until=row.locked_until,
            created_at=row.created_at,
        )
    if row.spent_until is not None:
        network = Network(row.spent_until, row.network_passed_at)
    if row.tries is not None:
        device = Device(row.device_passed_at, row.tries, row.tries_since)
    return Situation(challenge_of(row), factor, Seen(network, device))
