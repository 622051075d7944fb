"""A wallet that its owner locks and unlocks: a freeze by nobody's event, at once, and without a question why."""

from __future__ import annotations

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import effect_id
from contracts.events import OwnerAct, to_wire
from services.audit import audit_log
from services.cases import holds, outbox
from services.cases.end_notices import tell_locked, tell_unlocked
from services.cases.hold_tables import owner_words
from services.cases.holds import AccountHold
from services.cases.tables import cases

#: A case this severe keeps the wallet locked until support has looked.
_SEVERE = ("high", "critical")


async def lock(connection: AsyncConnection, account_id: str, event_id: str, by: str, now: float) -> bool:
    """Freeze the account at its owner's word and tell wallet, stream and owner; False when it is frozen already.

    `event_id` becomes the id of the event by which the stream learns of it, and effects derive from it, so that the decision on
    it does nothing twice. `by` is who sent the word, for the audit.
    """
    if not await holds.freeze(connection, account_id, event_id, holds.OWNER, now, now):
        return False
    event = OwnerAct(event_id=event_id, account_id=account_id, occurred_at=int(now * 1000), act="lock")
    await outbox.put(connection, [outbox.Outgoing(event_id, "event", account_id, to_wire(event))], now)
    await tell_locked(connection, effect_id(account_id, event_id, "freeze"), event_id, account_id, now)
    await audit_log.record(connection, _entry("lock", by, account_id, event_id, now))
    return True


async def unlock(connection: AsyncConnection, hold: AccountHold, by: str, now: float) -> bool:
    """End the owner's lock and tell wallet, stream and owner; False when it ended meanwhile."""
    if await holds.unfreeze(connection, hold.hold_id, holds.OWNER, "unlocked by the owner", now) is None:
        return False
    await tell_unlocked(connection, hold.hold_id, hold.event_id, hold.account_id, hold.placed_at, now)
    await audit_log.record(connection, _entry("unlock", by, hold.account_id, hold.event_id, now))
    return True


async def is_lock(connection: AsyncConnection, hold: AccountHold) -> bool:
    """Whether the freeze is the owner's own lock, and not what followed from something that was not theirs."""
    if hold.placed_by != holds.OWNER:
        return False
    report = exists().where(
        owner_words.c.account_id == hold.account_id, owner_words.c.event_id == hold.event_id
    )
    return not await connection.scalar(select(report))


async def is_supports(connection: AsyncConnection, hold: AccountHold) -> bool:
    """Whether something else speaks for the lock meanwhile, which support looks at first: a severe case, or a "not me"."""
    severe = exists().where(
        cases.c.account_id == hold.account_id, cases.c.state != "resolved", cases.c.severity.in_(_SEVERE)
    )
    told = exists().where(
        owner_words.c.account_id == hold.account_id,
        owner_words.c.verdict == "not_me",
        owner_words.c.undone_at.is_(None),
        owner_words.c.told_at >= hold.placed_at,
    )
    return bool(await connection.scalar(select(severe | told)))


def _entry(act: str, by: str, account_id: str, event_id: str, at: float) -> audit_log.Entry:
    return audit_log.Entry(
        at=at, action=act, result=f"{act}ed", actor=by, account_id=account_id, reason=f"event {event_id}"
    )
