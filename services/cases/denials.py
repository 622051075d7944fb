"""Held payments that their owner says they did not make: nobody lets one go before a verdict says otherwise, nor then alone."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.audit import audit_log
from services.cases import approvals, held_payments
from services.cases.approvals import Approval
from services.cases.hold_tables import held_payments as table
from services.cases.hold_tables import owner_words
from services.cases.tables import cases
from services.http.api_keys import Acting

#: `cleared`: denied, and a case of the account was found legitimate since.
Denial = Literal["denied", "cleared"]
#: The act that a second person allows.
ACT: approvals.Act = "release_payment"


class Denied(Exception):
    """The owner says that they did not make the payment."""

    def __init__(self) -> None:
        super().__init__(
            "the owner says that they did not make this payment: give the verdict first, and a second person agrees"
        )


async def denials(
    connection: AsyncConnection, account_id: str, event_ids: Collection[str]
) -> dict[str, Denial]:
    """Those of these held payments of which, or of a try of which, the owner last said "not me" and has not taken it back."""
    if not event_ids:
        return {}
    query = (
        select(table.c.event_id, table.c.joins, owner_words.c.verdict, owner_words.c.told_at)
        .join(
            owner_words,
            (owner_words.c.account_id == table.c.account_id)
            & (owner_words.c.about_event_id == table.c.event_id),
        )
        .where(table.c.account_id == account_id, owner_words.c.undone_at.is_(None))
        .where(or_(table.c.event_id.in_(event_ids), table.c.joins.in_(event_ids)))
        .order_by(owner_words.c.told_at, owner_words.c.event_id)
    )
    last = {row.joins or row.event_id: row for row in await connection.execute(query)}
    denied = {event_id: row.told_at for event_id, row in last.items() if row.verdict == "not_me"}
    if not denied:
        return {}
    legitimate = select(func.max(cases.c.resolved_at)).where(
        cases.c.account_id == account_id, cases.c.verdict == "legitimate"
    )
    found_at: float = await connection.scalar(legitimate) or 0.0
    return {event_id: "cleared" if found_at >= told_at else "denied" for event_id, told_at in denied.items()}


async def release(
    connection: AsyncConnection, account_id: str, event_id: str, by: str, why: str, now: float
) -> held_payments.HeldPayment | Approval | None:
    """Let the held payment go, or ask a second person to where its owner denied it; None for one that does not wait.

    Raises Denied where they did and no verdict says otherwise.
    """
    payment = await held_payments.stands(connection, account_id, event_id)
    if payment is None or payment.state != "held":
        return None
    denial = (await denials(connection, account_id, [payment.event_id])).get(payment.event_id)
    if denial == "denied":
        raise Denied
    if denial == "cleared":
        asked = await approvals.ask(connection, ACT, payment.effect_id, account_id, by, why, now)
        await audit_log.record(connection, approvals.entry(asked, now))
        return asked
    ended = await held_payments.settle(connection, account_id, event_id, "released", by, why, now)
    if ended is not None:
        await audit_log.record(connection, held_payments.end_of_payment(ended, by, now))
    return ended


async def allowed(connection: AsyncConnection, approval: Approval, by: Acting, now: float) -> None:
    """Let the payment go that a second person allows to go. Raises NothingLeft."""
    held = select(table.c.event_id).where(table.c.effect_id == approval.subject, table.c.state == "held")
    event_id: str | None = await connection.scalar(held)
    ended = None
    if event_id is not None:
        account_id, why = approval.account_id, approval.why
        ended = await held_payments.settle(connection, account_id, event_id, "released", by.actor, why, now)
    if ended is None:
        raise approvals.NothingLeft("that payment is not held any more")
    await audit_log.record(connection, held_payments.end_of_payment(ended, by.actor, now))
