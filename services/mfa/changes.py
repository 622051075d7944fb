"""A change of a factor, told to the stream and to the account's owner in the transaction that makes it."""

from __future__ import annotations

from typing import Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.changes import OwnChange
from contracts.decisions import derived_id
from contracts.events import AccountChange, to_wire
from services.cases.news import News, put_news
from services.cases.outbox import Outgoing, put
from services.mfa.records import Context

__all__ = ["News", "Notice", "tell"]

#: The letters to the owner, by the names of their templates.
Notice = Literal[
    "factor_started",
    "factor_enrolled",
    "factor_replaced",
    "factor_removed",
    "factor_locked",
    "factor_shut",
    "factor_disabled",
    "recovery_codes_made",
    "recovery_code_used",
    "reset_requested",
    "reset_cancelled",
    "reset_done",
]


async def tell(
    connection: AsyncConnection,
    account_id: str,
    change: OwnChange,
    about: str,
    news: News,
    notice: Notice | None,
    context: Context | None = None,
) -> None:
    """Put the change into the outbox and its notice, if any, beside it, inside the caller's transaction.

    `about` makes the ids: the same change of the same thing is told once. `context` says from where, for changes that the
    account's owner made.
    """
    event = AccountChange(
        event_id=derived_id(about, change),
        account_id=account_id,
        occurred_at=int(news.at * 1000),
        change=change,
        ip=None if context is None else context.ip,
        device_id=None if context is None else context.device_id,
    )
    await put(connection, [Outgoing(event.event_id, "event", account_id, to_wire(event))], news.at)
    if notice is not None:
        await put_news(connection, derived_id(about, notice), event.event_id, account_id, notice, news)
