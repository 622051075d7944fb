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


class CaseNews(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The case that a letter is about: what it is called, its kind, and how it ended if it did."""

    number: str
    kind: str
    outcome: str | None = None


class Moved(Struct, frozen=True, kw_only=True):
    """Money of one currency that moved, a canonical amount, in so many transactions."""

    amount: str
    currency: str
    count: int


class Tip(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing worth doing: give another address than the one that gives mail back, set up an authenticator, make new recovery
    codes (`count` are left), remove a device that was last used at `at`, choose a phrase."""

    kind: Literal["address", "factor", "codes", "device", "phrase"]
    count: int = 0
    address: str | None = None
    device: str | None = None
    at: float | None = None


class Week(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A week of an account in figures, from `began` to `ended` (epoch seconds), and the `tip` that goes with it."""

    began: float
    ended: float
    sign_ins: int = 0
    new_devices: int = 0
    paid: tuple[Moved, ...] = ()
    received: tuple[Moved, ...] = ()
    stopped: int = 0
    tip: Tip | None = None


class Quiet(Struct, frozen=True, kw_only=True):
    """Quiet hours, in minutes after midnight."""

    start: int
    end: int


class Reduced(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What of an owner's settings tells them less than before: ways of security messages that are `off`, `quiet` hours where
    there were others or none `quiet_before`, and the phrase."""

    off: tuple[str, ...] = ()
    quiet: Quiet | None = None
    quiet_before: Quiet | None = None
    phrase: Literal["gone", "changed"] | None = None


class News(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the letter says besides its text: when it happened, when something will, how many codes are left.

    `address` is a new address as it may be shown, `replaced` the one before, `way` their kind where it is not mail. `by` ended
    what stood since `since`; `owner_asked`: it stood by the owner's own word. `acts` were carried out, by the names of their
    effects, because of an owner's word `about` an event; a letter of an event that no decision tells of is `about` it, too.
    `balance` and `balance_before` are canonical amounts in the event's currency. `only` and `without` name the contact point
    that alone gets the letter, or that does not get it. `case`, `week` or `reduced` is what the letter is about,
    `channel` the bank or rail at which payments fail, or work again.
    """

    at: float
    due_at: float | None = None
    codes_left: int | None = None
    address: str | None = None
    replaced: str | None = None
    way: str | None = None
    by: Literal["owner", "support"] | None = None
    since: float | None = None
    owner_asked: bool = False
    acts: tuple[str, ...] = ()
    about: About | None = None
    balance: str | None = None
    balance_before: str | None = None
    only: str | None = None
    without: str | None = None
    case: CaseNews | None = None
    week: Week | None = None
    reduced: Reduced | None = None
    channel: str | None = None


async def put_news(
    connection: AsyncConnection,
    notice_id: str,
    event_id: str,
    account_id: str,
    template: str,
    news: News,
    due_at: float | None = None,
) -> None:
    """Put down a notice to the owner, due at `due_at` (epoch seconds; None: at once), inside the caller's transaction.

    One whose id is there already is left alone. `event_id` is the account change that tells the stream the same, the event whose
    hold or freeze ended, or that which the news is about.
    """
    row = {
        "notice_id": notice_id,
        "event_id": event_id,
        "account_id": account_id,
        "template": template,
        "recorded_at": news.at,
        "state": "waiting",
        "next_at": news.at if due_at is None else due_at,
        "news": json.encode(news).decode(),
    }
    await connection.execute(insert_new(notices).values(row))
