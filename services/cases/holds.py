"""Freezes and held payments in SQL: placed once, ended once, in the transaction of whoever does so.

Ending one writes what follows into the outbox: the wallet's action, and the event by which the stream, and any replay of it,
learns of the end.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal

from msgspec import Struct, json
from sqlalchemy import Table, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import derived_id, effect_id
from contracts.events import Settlement, to_wire
from contracts.shown import Shown
from services.cases import outbox
from services.cases.hold_tables import account_holds, held_payments
from services.platform.database import insert_new
from services.wallet.actions import Kind, WalletAction

_decode = json.Decoder(Shown).decode
Outcome = Literal["released", "cancelled", "expired"]
#: What the wallet must do when a held payment ends.
_ACTIONS: dict[Outcome, Kind] = {
    "released": "release_payment",
    "cancelled": "cancel_payment",
    "expired": "cancel_payment",
}


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


class HeldPayment(Struct, frozen=True, kw_only=True):
    """A payment that was held; it is given up at `due_at` when nobody settles it before.

    `shown` is what people recognise it by; None for one that was held before that was kept.
    """

    account_id: str
    event_id: str
    effect_id: str
    amount: str
    currency: str
    payee_id: str | None
    state: Literal["held"] | Outcome
    placed_at: float
    due_at: float
    settled_at: float | None = None
    settled_by: str | None = None
    why: str | None = None
    shown: Shown | None = None


async def freeze(connection: AsyncConnection, hold: AccountHold, at: float) -> bool:
    """Freeze the account and tell the wallet; whether it was not frozen already. `at` is the event's time."""
    new = await connection.execute(
        insert_new(account_holds).returning(account_holds.c.hold_id), [_row(hold, account_holds)]
    )
    if new.scalar_one_or_none() is None:
        return False
    action = WalletAction(
        action_id=hold.hold_id, kind="freeze", account_id=hold.account_id, event_id=hold.event_id, at=at
    )
    await outbox.put(connection, [outbox.action(action)], hold.placed_at)
    return True


async def stop_at_once(
    connection: AsyncConnection, acts: Collection[str], account_id: str, event_id: str, at: float, now: float
) -> None:
    """Freeze and end sessions, as far as `acts` say, under the ids that the decision on the owner's report `event_id` will have.

    Nothing waits for a worker, and when the decision comes, nothing is done twice. `at` is the report's time.
    """
    if "freeze" in acts:
        hold = AccountHold(
            hold_id=effect_id(account_id, event_id, "freeze"),
            account_id=account_id,
            event_id=event_id,
            placed_at=now,
            placed_by="owner",
        )
        await freeze(connection, hold, at)
    if "revoke_sessions" in acts:
        revoked = effect_id(account_id, event_id, "revoke_sessions")
        action = WalletAction(
            action_id=revoked, kind="revoke_sessions", account_id=account_id, event_id=event_id, at=at
        )
        await outbox.put(connection, [outbox.action(action)], now)


async def unfreeze(
    connection: AsyncConnection, account_id: str, by: str, why: str | None, now: float
) -> AccountHold | None:
    """End the account's freeze; None when none stands."""
    hold = await standing(connection, account_id)
    if hold is None:
        return None
    ended = (
        update(account_holds)
        .where(account_holds.c.hold_id == hold.hold_id, account_holds.c.released_at.is_(None))
        .values(released_at=now, released_by=by, why=why)
    )
    if (await connection.execute(ended)).rowcount != 1:
        return None
    await _tell(connection, hold.hold_id, "account", "released", "unfreeze", account_id, hold.event_id, now)
    return hold


async def hold_payment(connection: AsyncConnection, payment: HeldPayment) -> None:
    """Note that the payment waits; a repeat changes nothing."""
    shown = None if payment.shown is None else json.encode(payment.shown).decode()
    await connection.execute(insert_new(held_payments), [_row(payment, held_payments) | {"shown": shown}])


async def settle(
    connection: AsyncConnection,
    account_id: str,
    event_id: str,
    outcome: Outcome,
    by: str,
    why: str | None,
    now: float,
) -> HeldPayment | None:
    """End a payment that waits; None when there is none that does."""
    this = held_payments.c.account_id == account_id, held_payments.c.event_id == event_id
    ended = (
        update(held_payments)
        .where(*this, held_payments.c.state == "held")
        .values(state=outcome, settled_at=now, settled_by=by, why=why)
    )
    if (await connection.execute(ended)).rowcount != 1:
        return None
    payment = await payment_of(connection, account_id, event_id)
    assert payment is not None
    await _tell(
        connection, payment.effect_id, "payment", outcome, _ACTIONS[outcome], account_id, event_id, now
    )
    return payment


async def standing(connection: AsyncConnection, account_id: str) -> AccountHold | None:
    """The freeze of the account that stands."""
    query = select(account_holds).where(
        account_holds.c.account_id == account_id, account_holds.c.released_at.is_(None)
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else AccountHold(**row)


async def payment_of(connection: AsyncConnection, account_id: str, event_id: str) -> HeldPayment | None:
    """The payment, if it was ever held."""
    query = select(held_payments).where(
        held_payments.c.account_id == account_id, held_payments.c.event_id == event_id
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _payment(row)


async def waiting(connection: AsyncConnection, account_id: str) -> list[HeldPayment]:
    """The account's payments that wait, oldest first."""
    query = (
        select(held_payments)
        .where(held_payments.c.account_id == account_id, held_payments.c.state == "held")
        .order_by(held_payments.c.placed_at, held_payments.c.event_id)
    )
    return [_payment(row) for row in (await connection.execute(query)).mappings()]


async def due(connection: AsyncConnection, now: float, limit: int) -> list[HeldPayment]:
    """Payments whose time is over."""
    query = (
        select(held_payments)
        .where(held_payments.c.state == "held", held_payments.c.due_at <= now)
        .order_by(held_payments.c.due_at)
        .limit(limit)
    )
    return [_payment(row) for row in (await connection.execute(query)).mappings()]


async def _tell(
    connection: AsyncConnection,
    hold_id: str,
    settles: Literal["account", "payment"],
    outcome: Outcome,
    kind: Kind,
    account_id: str,
    event_id: str,
    now: float,
) -> None:
    action = WalletAction(
        action_id=derived_id(hold_id, kind), kind=kind, account_id=account_id, event_id=event_id, at=now
    )
    event = Settlement(
        event_id=derived_id(hold_id, "settlement"),
        account_id=account_id,
        occurred_at=int(now * 1000),
        settles=settles,
        outcome=outcome,
        about_event_id=event_id,
    )
    told = outbox.Outgoing(event.event_id, "event", account_id, to_wire(event))
    await outbox.put(connection, [outbox.action(action), told], now)


def _payment(row: Mapping[Any, Any]) -> HeldPayment:
    shown = row["shown"]
    return HeldPayment(**{**row, "shown": None if shown is None else _decode(shown)})


def _row(of: Struct, table: Table) -> dict[str, object]:
    return {column.name: getattr(of, column.name) for column in table.c}
