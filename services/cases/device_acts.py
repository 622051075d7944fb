"""What is asked of the wallet about one device of an account, by its owner or by support: the same act about the same last use
of it is asked for once."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import derived_id
from contracts.events import OwnerAct, to_wire
from contracts.profile import Key
from services.activity.tables import activity
from services.cases import outbox
from services.wallet.actions import WalletAction

#: What may be asked of the wallet about one device.
DeviceAct = Literal["revoke_device", "forget_device"]


def act_id(account_id: str, key: bytes, event_id: str, kind: str) -> str:
    """The id of the act; a device that is used again can be asked about again."""
    return derived_id(f"{len(account_id)}:{account_id}{key.hex()}:{event_id}", kind)


async def ask(
    connection: AsyncConnection, account_id: str, key: Key, event_id: str, kind: DeviceAct, now: float
) -> None:
    """Ask it of the wallet, about the device whose last use is the event."""
    action = WalletAction(
        action_id=act_id(account_id, key, event_id, kind),
        kind=kind,
        account_id=account_id,
        event_id=event_id,
        at=now,
    )
    await outbox.put(connection, [outbox.action(action)], now)


async def give_up(
    connection: AsyncConnection,
    account_id: str,
    key: Key,
    event_id: str,
    now: float,
    by: Literal["support"] | None = None,
) -> None:
    """The wallet ends the device's sessions and trusts it no more, and the stream takes it for a stranger's."""
    await ask(connection, account_id, key, event_id, "revoke_device", now)
    await ask(connection, account_id, key, event_id, "forget_device", now)
    event = OwnerAct(
        event_id=derived_id(act_id(account_id, key, event_id, "forget_device"), "owner_act"),
        account_id=account_id,
        occurred_at=int(now * 1000),
        act="forget_device",
        gone_device=key.hex(),
        by=by,
    )
    await outbox.put(connection, [outbox.Outgoing(event.event_id, "event", account_id, to_wire(event))], now)


async def last_use(connection: AsyncConnection, account_id: str, key: Key) -> str | None:
    """The last thing that was done on the device."""
    query = (
        select(activity.c.event_id)
        .where(activity.c.account_id == account_id, activity.c.device_key == key)
        .order_by(activity.c.at.desc(), activity.c.event_id.desc())
        .limit(1)
    )
    found: str | None = await connection.scalar(query)
    return found
