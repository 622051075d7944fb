"""The device that an event came from, once its owner has said with a proof that it is theirs: trusted from then on.

The stream learns of it by an event, so that its memory, and any replay, know the device; giving it up ends the trust.
"""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import derived_id
from contracts.events import OwnerAct, to_wire
from contracts.profile import Key
from services.activity.repository import rows_of
from services.audit import audit_log
from services.cases import outbox


async def device_of(
    connection: AsyncConnection, account_id: str, event_id: str
) -> tuple[Key, str | None] | None:
    """The key of the device that the event came from, and what it is; None where that is not known (yet)."""
    rows = await rows_of(connection, {(account_id, event_id)})
    if not rows or rows[0].device_key is None:
        return None
    return rows[0].device_key, rows[0].device


async def trust(
    connection: AsyncConnection, account_id: str, report_id: str, about_event_id: str, by: str, now: float
) -> bool:
    """Trust the device of the event because of that report, once; False, and nothing, where no device is known of it."""
    found = await device_of(connection, account_id, about_event_id)
    if found is None:
        return False
    event = OwnerAct(
        event_id=derived_id(f"{len(account_id)}:{account_id}{report_id}", "trust_device"),
        account_id=account_id,
        occurred_at=int(now * 1000),
        act="trust_device",
        trusted_device=found[0].hex(),
    )
    await outbox.put(connection, [outbox.Outgoing(event.event_id, "event", account_id, to_wire(event))], now)
    entry = audit_log.Entry(
        at=now,
        action="trust_device",
        result="trusted",
        actor=by,
        account_id=account_id,
        reason=f"event {about_event_id}",
    )
    await audit_log.record(connection, entry)
    return True
