"""Held payments in SQL: placed once, ended once, in the transaction of whoever does so, with all their tries.

Ending one writes what follows into the outbox: the wallet's actions, and the event by which the stream, and any replay of it,
learns of the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, json
from msgspec.structs import replace
from sqlalchemy import Update, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import WaitsFor, derived_id
from contracts.shown import Shown
from services.audit import audit_log
from services.cases import approvals, outbox
from services.cases.end_notices import tell_settled
from services.cases.hold_tables import held_payments
from services.cases.settlements import Outcome, settlement
from services.platform.database import insert_new
from services.wallet.actions import Kind, WalletAction

_decode = json.Decoder(Shown).decode
#: What the wallet must do when a held payment ends.
_ACTIONS: dict[Outcome, Kind] = {
    "released": "release_payment",
    "cancelled": "cancel_payment",
    "expired": "cancel_payment",
}
#: Who settled a payment whose challenge was passed.
BY_CODE = "code"
#: Why a try of a payment ended that another try was settled of.
_TRIED = "the same payment as {}, which was {}"


class HeldPayment(Struct, frozen=True, kw_only=True):
    """A payment that was held; it is given up at `due_at` when nobody settles it before.

    `joins` names the payment that it repeats and ends with; `tries` is how often one that waits was tried again. `shown` is what
    people recognise it by; None for one that was held before that was kept. `waits_for` says whose word it waits for.
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
    joins: str | None = None
    tries: int = 0
    shown: Shown | None = None
    waits_for: WaitsFor = "support"


async def hold_payment(connection: AsyncConnection, payment: HeldPayment) -> None:
    """Note that the payment waits; a repeated decision changes nothing. One that joins another that is settled is given up."""
    first = None
    if payment.joins is not None:
        first = await _first(connection, payment.account_id, payment.joins)
    payment = replace(payment, joins=None if first is None else first.event_id)
    if first is not None and first.state != "held":
        why = _TRIED.format(first.event_id, first.state)
        payment = replace(
            payment, state="cancelled", settled_at=payment.placed_at, settled_by="repeat", why=why
        )
    elif first is not None and (first.waits_for, payment.waits_for) == ("owner", "support"):
        await connection.execute(_this(update(held_payments), first).values(waits_for="support"))
    kept = insert_new(held_payments).returning(held_payments.c.event_id)
    new = (await connection.execute(kept, [_row(payment)])).scalar_one_or_none()
    if new is not None and payment.state == "cancelled":
        await outbox.put(connection, [_end_of(payment, "cancelled", payment.placed_at)], payment.placed_at)


async def settle(
    connection: AsyncConnection,
    account_id: str,
    event_id: str,
    outcome: Outcome,
    by: str,
    why: str | None,
    now: float,
) -> HeldPayment | None:
    """End a payment that waits, and with it all its tries, of which at most this one is carried out; None when none does.

    The wallet is told of each, but not to carry out what a code let go: for that it has the grant.
    """
    first = await _first(connection, account_id, event_id)
    if first is None or first.state != "held":
        return None
    tries = await _tries(connection, first)
    ended: list[outbox.Outgoing] = []
    for each in tries:
        this = each.event_id == event_id
        became: Outcome = "cancelled" if outcome == "released" and not this else outcome
        because = why if this else _TRIED.format(event_id, outcome)
        values = {"state": became, "settled_at": now, "settled_by": by, "why": because}
        await connection.execute(_this(update(held_payments), each).values(**values))
        if not (this and by == BY_CODE):
            ended.append(_end_of(each, became, now))
    ended.append(settlement(first.effect_id, "payment", outcome, account_id, first.event_id, now))
    await outbox.put(connection, ended, now)
    await approvals.end(connection, "release_payment", first.effect_id, now)
    await tell_settled(connection, first.effect_id, event_id, account_id, outcome, by, now)
    return await payment_of(connection, account_id, event_id)


async def stands(connection: AsyncConnection, account_id: str, event_id: str) -> HeldPayment | None:
    """How it stands with a payment that was held, or with the try of it that was let go; None for one that never was."""
    first = await _first(connection, account_id, event_id, lock=False)
    if first is None:
        return None
    let_go = [each for each in await _tries(connection, first) if each.state == "released"]
    return let_go[0] if let_go else first


async def payment_of(connection: AsyncConnection, account_id: str, event_id: str) -> HeldPayment | None:
    """The payment, if it was ever held."""
    return await _payment_of(connection, account_id, event_id, lock=False)


async def waiting(connection: AsyncConnection, account_id: str) -> list[HeldPayment]:
    """The account's payments that wait, oldest first."""
    again = held_payments.alias()
    tries = select(func.count()).where(
        again.c.account_id == account_id, again.c.joins == held_payments.c.event_id
    )
    query = (
        select(held_payments, tries.scalar_subquery().label("tries"))
        .where(held_payments.c.account_id == account_id, held_payments.c.state == "held")
        .where(held_payments.c.joins.is_(None))
        .order_by(held_payments.c.placed_at, held_payments.c.event_id)
    )
    return [_payment(row) for row in (await connection.execute(query)).mappings()]


async def newest(connection: AsyncConnection, account_id: str, limit: int) -> list[HeldPayment]:
    """The account's payments that were held, the last one first, each with its tries among these."""
    query = select(held_payments).where(held_payments.c.account_id == account_id)
    rows = (
        await connection.execute(query.order_by(held_payments.c.placed_at.desc()).limit(limit))
    ).mappings()
    found = [_payment(row) for row in rows]
    tries = Counter(each.joins for each in found)
    return [replace(each, tries=tries[each.event_id]) for each in found]


async def due(connection: AsyncConnection, now: float, limit: int) -> list[HeldPayment]:
    """Payments whose time is over."""
    query = (
        select(held_payments)
        .where(held_payments.c.state == "held", held_payments.c.due_at <= now)
        .where(held_payments.c.joins.is_(None))
        .order_by(held_payments.c.due_at)
        .limit(limit)
    )
    return [_payment(row) for row in (await connection.execute(query)).mappings()]


def end_of_payment(payment: HeldPayment, by: str, at: float) -> audit_log.Entry:
    """What the audit keeps of the end of a payment that waited."""
    about = f"event {payment.event_id}"
    return audit_log.Entry(
        at=at,
        action="settle_payment",
        result=payment.state,
        actor=by,
        account_id=payment.account_id,
        reason=about,
    )


async def _first(
    connection: AsyncConnection, account_id: str, event_id: str, *, lock: bool = True
) -> HeldPayment | None:
    """The first try of a payment, by default locked until the transaction ends."""
    found = await payment_of(connection, account_id, event_id)
    if found is None or not (lock or found.joins):
        return found
    return await _payment_of(connection, account_id, found.joins or event_id, lock=lock)


async def _payment_of(
    connection: AsyncConnection, account_id: str, event_id: str, *, lock: bool
) -> HeldPayment | None:
    query = select(held_payments).where(
        held_payments.c.account_id == account_id, held_payments.c.event_id == event_id
    )
    row = (await connection.execute(query.with_for_update() if lock else query)).mappings().one_or_none()
    return None if row is None else _payment(row)


async def _tries(connection: AsyncConnection, first: HeldPayment) -> list[HeldPayment]:
    """A payment with all its repeats, the first one first."""
    query = (
        select(held_payments)
        .where(held_payments.c.account_id == first.account_id, held_payments.c.joins == first.event_id)
        .order_by(held_payments.c.placed_at, held_payments.c.event_id)
    )
    return [first, *(_payment(row) for row in (await connection.execute(query)).mappings())]


def _this(statement: Update, payment: HeldPayment) -> Update:
    return statement.where(
        held_payments.c.account_id == payment.account_id, held_payments.c.event_id == payment.event_id
    )


def _end_of(payment: HeldPayment, outcome: Outcome, now: float) -> outbox.Outgoing:
    """What the wallet is told of the end of a held payment."""
    kind = _ACTIONS[outcome]
    action = WalletAction(
        action_id=derived_id(payment.effect_id, kind),
        kind=kind,
        account_id=payment.account_id,
        event_id=payment.event_id,
        at=now,
    )
    return outbox.action(action)


def _payment(row: Mapping[Any, Any]) -> HeldPayment:
    shown = row["shown"]
    return HeldPayment(**{**row, "shown": None if shown is None else _decode(shown)})


def _row(payment: HeldPayment) -> dict[str, object]:
    shown = None if payment.shown is None else json.encode(payment.shown).decode()
    return {column.name: getattr(payment, column.name) for column in held_payments.c} | {"shown": shown}
