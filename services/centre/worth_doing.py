"""The one thing worth doing that a weekly summary names: what keeps the account safest and is not done yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cases.mail_addresses import masked
from services.cases.news import Tip
from services.cases.preferences import Preferences
from services.cases.tables import contact_points
from services.centre.devices import devices_of
from services.mfa.tables import factors, recovery_codes

#: Of recovery codes these are few. A device that was not used for so long is perhaps no longer its owner's.
FEW_CODES, UNUSED_S = 2, 45 * 86_400.0


async def worth_doing(
    connection: AsyncConnection, accounts: Collection[str], chosen: Mapping[str, Preferences], now: float
) -> dict[str, Tip]:
    """By account, where there is something; the weightiest. `chosen` is how their owners want to be told."""
    bouncing = select(contact_points.c.account_id, contact_points.c.address).where(
        contact_points.c.account_id.in_(accounts),
        contact_points.c.until.is_(None),
        contact_points.c.bouncing_since.is_not(None),
    )
    tips = {
        row.account_id: Tip(kind="address", address=masked(row.address))
        for row in await connection.execute(bouncing.order_by(contact_points.c.since))
    }
    active = select(factors.c.account_id).where(
        factors.c.account_id.in_(accounts), factors.c.state == "active"
    )
    with_factor = set((await connection.execute(active)).scalars())
    unused = (
        select(recovery_codes.c.account_id, func.count())
        .where(recovery_codes.c.account_id.in_(with_factor), recovery_codes.c.used_at.is_(None))
        .group_by(recovery_codes.c.account_id)
    )
    left = {account_id: int(count) for account_id, count in await connection.execute(unused)}
    for account_id in accounts:
        if account_id in tips:
            continue
        if account_id not in with_factor:
            tips[account_id] = Tip(kind="factor")
        elif left.get(account_id, 0) <= FEW_CODES:
            tips[account_id] = Tip(kind="codes", count=left.get(account_id, 0))
        elif (old := await _old_device(connection, account_id, now)) is not None:
            tips[account_id] = old
        elif chosen[account_id].phrase is None:
            tips[account_id] = Tip(kind="phrase")
    return tips


async def _old_device(connection: AsyncConnection, account_id: str, now: float) -> Tip | None:
    """The device that was not used for longest, if that is long; one that nobody could name is none."""
    devices = [
        each
        for each in await devices_of(connection, account_id, {}, now)
        if each.device and each.last_at < now - UNUSED_S
    ]
    if not devices:
        return None
    oldest = min(devices, key=lambda each: each.last_at)
    return Tip(kind="device", device=oldest.device, at=oldest.last_at)
