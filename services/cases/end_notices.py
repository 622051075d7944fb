"""Letters of freezes by an owner's word, and of the ends of freezes and held payments: one each, whoever ends them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import derived_id, effect_id
from services.cases.news import About, News, put_news
from services.cases.settlements import Outcome
from services.cases.subjects import known_event
from services.cases.tables import notices

#: Their templates.
FROZEN, UNFROZEN, LOCKED = "account_frozen", "account_unfrozen", "account_locked"
STOPPED = "account_stopped"
#: For so long whoever stops money, or does anything else at the desk, may take it back, and nobody is told before.
TAKE_BACK_S = 30.0
ENDED: dict[Outcome, str] = {
    "released": "payment_released",
    "cancelled": "payment_cancelled",
    "expired": "payment_expired",
}
#: Whoever gave up a payment when its time was over is nobody.
_NOBODY = "deadline"
_OWNER = frozenset({"owner", "code"})


async def tell_frozen(
    connection: AsyncConnection,
    account_id: str,
    event_id: str,
    about_event_id: str | None,
    acts: Collection[str],
    now: float,
) -> None:
    """Have the owner told of the freeze that followed from their report; `acts` are the effects carried out with it."""
    known = (
        None if about_event_id is None else (await known_event(connection, account_id, about_event_id)).own
    )
    about = None if known is None else About(type=known.type, at=known.at, shown=known.shown)
    notice_id = derived_id(effect_id(account_id, event_id, "freeze"), FROZEN)
    news = News(at=now, acts=tuple(sorted(acts)), about=about)
    await put_news(connection, notice_id, event_id, account_id, FROZEN, news)


async def tell_locked(
    connection: AsyncConnection, hold_id: str, event_id: str, account_id: str, now: float
) -> None:
    """Have the owner told that their wallet was locked in their name."""
    news = News(at=now, acts=("freeze",))
    await put_news(connection, derived_id(hold_id, LOCKED), event_id, account_id, LOCKED, news)


async def tell_stopped(
    connection: AsyncConnection, hold_id: str, event_id: str, account_id: str, now: float
) -> None:
    """Have the owner told that support stopped outgoing money, once that can no longer be taken back."""
    news = News(at=now, by="support", acts=("freeze",))
    notice_id = derived_id(hold_id, STOPPED)
    await put_news(connection, notice_id, event_id, account_id, STOPPED, news, now + TAKE_BACK_S)


async def untell_stopped(connection: AsyncConnection, hold_id: str) -> None:
    """Tell nobody of a stop that was taken back, nor of its end."""
    told = derived_id(hold_id, STOPPED), derived_id(hold_id, UNFROZEN)
    waiting = notices.c.notice_id.in_(told), notices.c.state == "waiting"
    await connection.execute(delete(notices).where(*waiting))


async def tell_unlocked(
    connection: AsyncConnection, hold_id: str, event_id: str, account_id: str, since: float, now: float
) -> None:
    """Have the owner told that their wallet was unlocked in their name."""
    news = News(at=now, by="owner", since=since, owner_asked=True)
    await put_news(connection, derived_id(hold_id, UNFROZEN), event_id, account_id, UNFROZEN, news)


async def tell_unfrozen(
    connection: AsyncConnection,
    hold_id: str,
    event_id: str,
    account_id: str,
    since: float,
    owner_asked: bool,
    by: str,
    now: float,
) -> None:
    """Have the owner told that outgoing money works again; a freeze that the owner takes back has a letter of that."""
    if by in _OWNER:
        return
    news = News(at=now, by=_who(by), since=since, owner_asked=owner_asked)
    await put_news(connection, derived_id(hold_id, UNFROZEN), event_id, account_id, UNFROZEN, news)


async def tell_settled(
    connection: AsyncConnection,
    effect_id: str,
    event_id: str,
    account_id: str,
    outcome: Outcome,
    by: str,
    now: float,
) -> None:
    """Have the owner told how the payment that waited ended."""
    template = ENDED[outcome]
    news = News(at=now, by=_who(by))
    await put_news(connection, derived_id(effect_id, template), event_id, account_id, template, news)


def _who(by: str) -> Literal["owner", "support"] | None:
    if by == _NOBODY:
        return None
    return "owner" if by in _OWNER else "support"
