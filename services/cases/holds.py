"""Freezes in SQL: placed once, ended once, in the transaction of whoever does so.

Ending one writes what follows into the outbox: the wallet's action, and the event by which the stream, and any replay of it,
learns of the end.
"""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import derived_id, effect_id
from services.audit import audit_log
from services.cases import approvals, outbox
from services.cases.end_notices import tell_frozen, tell_unfrozen
from services.cases.hold_tables import account_holds
from services.cases.settlements import settlement
from services.platform.database import insert_new
from services.wallet.actions import WalletAction

#: Who placed or ended a hold when no key did.
OWNER, DECISION, DEADLINE = "owner", "decision", "deadline"


class AccountHold(Struct, frozen=True, kw_only=True):
    """A freeze; times in epoch seconds. `released_at` is None while it stands."""

    hold_id: str
    account_id: str
    event_id: str
    placed_at: float
    placed_by: str
    released_at: float | None = None
    released_by: str | None = None
    why: str | None = None


async def freeze(
    connection: AsyncConnection, account_id: str, event_id: str, by: str, at: float, now: float
) -> bool:
    """Freeze the account because of the event, whose time is `at`, and tell the wallet; whether it was not frozen already."""
    hold = AccountHold(
        hold_id=effect_id(account_id, event_id, "freeze"),
        account_id=account_id,
        event_id=event_id,
        placed_at=now,
        placed_by=by,
    )
    new = await connection.execute(
        insert_new(account_holds).returning(account_holds.c.hold_id), [asdict(hold)]
    )
    if new.scalar_one_or_none() is None:
        return False
    action = WalletAction(
        action_id=hold.hold_id, kind="freeze", account_id=account_id, event_id=event_id, at=at
    )
    await outbox.put(connection, [outbox.action(action)], now)
    return True


async def stop_at_once(
    connection: AsyncConnection,
    acts: Collection[str],
    account_id: str,
    event_id: str,
    about_event_id: str,
    at: float,
    now: float,
) -> None:
    """Freeze and end sessions, as far as `acts` say, under the ids that the decision on the owner's report `event_id`
    about another event will have.

    Nothing waits for a worker, and when the decision comes, nothing is done twice. `at` is the report's time.
    """
    if "freeze" in acts and await freeze(connection, account_id, event_id, OWNER, at, now):
        done = {"open_case" if act == "case" else act for act in acts}
        await tell_frozen(connection, account_id, event_id, about_event_id, done, now)
    if "revoke_sessions" in acts:
        revoked = effect_id(account_id, event_id, "revoke_sessions")
        action = WalletAction(
            action_id=revoked, kind="revoke_sessions", account_id=account_id, event_id=event_id, at=at
        )
        await outbox.put(connection, [outbox.action(action)], now)


async def unfreeze(
    connection: AsyncConnection, hold_id: str, by: str, why: str | None, now: float
) -> AccountHold | None:
    """End this freeze, and what waits for a second person to end it; None when it does not stand."""
    ended = (
        update(account_holds)
        .where(account_holds.c.hold_id == hold_id, account_holds.c.released_at.is_(None))
        .values(released_at=now, released_by=by, why=why)
        .returning(*account_holds.c)
    )
    row = (await connection.execute(ended)).mappings().one_or_none()
    if row is None:
        return None
    hold = AccountHold(**row)
    await approvals.end(connection, "unfreeze", hold_id, now)
    action = WalletAction(
        action_id=derived_id(hold_id, "unfreeze"),
        kind="unfreeze",
        account_id=hold.account_id,
        event_id=hold.event_id,
        at=now,
    )
    told = settlement(hold_id, "account", "released", hold.account_id, hold.event_id, now)
    await outbox.put(connection, [outbox.action(action), told], now)
    asked = hold.placed_by == OWNER
    await tell_unfrozen(
        connection, hold.hold_id, hold.event_id, hold.account_id, hold.placed_at, asked, by, now
    )
    return hold


async def standing(connection: AsyncConnection, account_id: str) -> AccountHold | None:
    """The freeze of the account that stands."""
    query = select(account_holds).where(
        account_holds.c.account_id == account_id, account_holds.c.released_at.is_(None)
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else AccountHold(**row)


async def freeze_of(connection: AsyncConnection, hold_id: str) -> AccountHold | None:
    """The freeze of that id, standing or not."""
    query = select(account_holds).where(account_holds.c.hold_id == hold_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else AccountHold(**row)


def end_of_freeze(hold: AccountHold, by: str, at: float) -> audit_log.Entry:
    """What the audit keeps of the end of a freeze."""
    about = f"freeze {hold.hold_id}"
    return audit_log.Entry(
        at=at, action="unfreeze", result="released", actor=by, account_id=hold.account_id, reason=about
    )
