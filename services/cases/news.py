"""Notices that no decision asks for: something about the account happened, and its owner is to hear of it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, json
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.shown import Shown
from services.cases.tables import notices
from services.platform.database import insert_new

#: The notice of a challenge that waits for its code; it is not sent once the challenge was passed.
CHALLENGE = "challenge_notice"


class About(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The event that an owner spoke of: its type, its time (epoch seconds) and what people recognise it by."""

    type: str
    at: float
    shown: Shown | None = None


class News(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the letter says besides its text: when it happened, when something will, how many codes are left.

    `address` is a new address as it may be shown, `replaced` the one before. `by` ended what stood since `since`;
    `owner_asked`: it stood by the owner's own word. `acts` were carried out, by the names of their effects, because of an
    owner's word `about` an event. `only` and `without` name the contact point that alone gets the letter, or that does not
    get it.
    """

    at: float
    due_at: float | None = None
    codes_left: int | None = None
    address: str | None = None
    replaced: str | None = None
    by: Literal["owner", "support"] | None = None
    since: float | None = None
    owner_asked: bool = False
    acts: tuple[str, ...] = ()
    about: About | None = None
    only: str | None = None
    without: str | None = None


async def put_news(
    connection: AsyncConnection, notice_id: str, event_id: str, account_id: str, template: str, news: News
) -> None:
    """Put down a notice to the owner, due at once, inside the caller's transaction; one whose id is there already is left alone.

    `event_id` is the account change that tells the stream the same,
    or the event whose hold or freeze ended.
    """
    told = json.encode(news).decode()
    await _put(connection, notice_id, event_id, account_id, template, news.at, news.at, told)


async def put_notice(
    connection: AsyncConnection,
    notice_id: str,
    event_id: str,
    account_id: str,
    template: str,
    recorded_at: float,
    due_at: float,
) -> None:
    """The same of a notice about the decision on that event, which is due at `due_at` (epoch seconds)."""
    await _put(connection, notice_id, event_id, account_id, template, recorded_at, due_at, None)


async def _put(
    connection: AsyncConnection,
    notice_id: str,
    event_id: str,
    account_id: str,
    template: str,
    recorded_at: float,
    due_at: float,
    news: str | None,
) -> None:
    row = {
        "notice_id": notice_id,
        "event_id": event_id,
        "account_id": account_id,
        "template": template,
        "recorded_at": recorded_at,
        "state": "waiting",
        "next_at": due_at,
        "news": news,
    }
    await connection.execute(insert_new(notices).values(row))
