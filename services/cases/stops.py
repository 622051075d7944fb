"""The wallet's word that outgoing money is stopped: how long after the owner's, and a letter where they wait no more."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import derived_id
from services.cases import holds
from services.cases.hold_tables import account_holds, owner_words
from services.cases.news import News, put_news
from services.platform.metrics import STOP_SECONDS
from services.wallet.feed import Published

CONFIRMED = "stop_confirmed"
#: Whoever has the page open that waits for it looks again within so many seconds: it tells them.
WATCHED_S = 7.0
#: Where no page waits, a confirmation is late after so many seconds.
LATE_S = 30.0


async def measure_stop(connection: AsyncConnection, action: Published) -> None:
    """Count a freeze that the wallet has just carried out, if it was its owner's word; tell them of it where no page does."""
    if action.kind != "freeze" or action.result_at is None:
        return
    query = (
        select(account_holds, owner_words.c.watched_at)
        .outerjoin(
            owner_words,
            (owner_words.c.account_id == account_holds.c.account_id)
            & (owner_words.c.event_id == account_holds.c.event_id),
        )
        .where(account_holds.c.hold_id == action.action_id, account_holds.c.placed_by == holds.OWNER)
    )
    hold = (await connection.execute(query)).first()
    if hold is None:
        return
    waited_s = max(0.0, action.result_at - hold.placed_at)
    STOP_SECONDS.observe(waited_s)
    if hold.released_at is None and _left(hold.watched_at, action.result_at, waited_s):
        news = News(at=action.result_at, since=hold.placed_at)
        notice_id = derived_id(action.action_id, CONFIRMED)
        await put_news(connection, notice_id, hold.event_id, hold.account_id, CONFIRMED, news)


def _left(watched_at: float | None, now: float, waited_s: float) -> bool:
    """Whether nobody waits for it on a page any more."""
    return waited_s > LATE_S if watched_at is None else now - watched_at > WATCHED_S
