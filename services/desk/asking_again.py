"""Asking the wallet once more for what it has not confirmed: the same action under the same id, done once all the same."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.audit import audit_log
from services.cases.tables import outbox
from services.wallet.tables import wallet_actions, webhook_deliveries


async def ask_again(
    connection: AsyncConnection, account_id: str, action_id: str, by: str, now: float
) -> bool:
    """Send the action on its ways once more, in the caller's transaction; False where it is none of the account's, or is done.

    A wallet that reads the feed finds it where it was; topic and webhooks are told anew.
    """
    this = outbox.c.identity == action_id, outbox.c.key == account_id, outbox.c.kind == "action"
    query = (
        select(outbox.c.id, wallet_actions.c.result)
        .outerjoin(wallet_actions, wallet_actions.c.action_id == outbox.c.identity)
        .where(*this)
    )
    row = (await connection.execute(query)).first()
    if row is None or row.result in ("done", "already"):
        return False
    await connection.execute(update(outbox).where(outbox.c.id == row.id).values(sent_at=None, attempts=0))
    anew = {"state": "waiting", "next_at": now, "attempts": 0, "ended_at": None}
    await connection.execute(
        update(webhook_deliveries).where(webhook_deliveries.c.action_id == action_id).values(**anew)
    )
    await audit_log.record(
        connection,
        audit_log.Entry(
            at=now,
            action="ask_again",
            result="asked",
            actor=by,
            account_id=account_id,
            reason=f"action {action_id}",
        ),
    )
    return True
