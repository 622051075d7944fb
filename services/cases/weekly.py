"""The weekly summary: what happened on an account in a week, on Monday at nine on its owner's clock, if anything did."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from msgspec import structs
from sqlalchemy import and_, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.amounts import canonical_amount
from contracts.decisions import derived_id
from services.activity.recent import since
from services.activity.tables import activity
from services.cases.classes import NEW_DEVICE, WEEKLY
from services.cases.news import Moved, News, Tip, Week, put_news
from services.cases.preferences import Preferences, preferences_by_account
from services.cases.quiet_hours import moments, zone_of
from services.cases.tables import contact_points, notices
from services.platform.database import Database
from services.platform.progress import Progress
from services.platform.retry import repeat

_NINE = 9 * 60
#: A process that was away at nine makes up for it until the evening.
_OPEN_S = 12 * 3600.0
_EVERY_S, _LOOK_EVERY_S = 300.0, 10.0
_PAGE = 200
_IN = frozenset({"top_up", "refund"})
_STOPPED = ("hold_notice", "deny_notice")


Worth = Callable[
    [AsyncConnection, Collection[str], Mapping[str, Preferences], float], Awaitable[Mapping[str, Tip]]
]


class WeeklyLetters:
    """Puts down the summaries that are due. Several may do so at once: an account has one a week."""

    def __init__(self, database: Database, clock: Callable[[], float], worth: Worth | None = None) -> None:
        """`worth` names what is worth doing on these accounts."""
        self._worth = worth
        self._database = database
        self._clock = clock
        self._due_at = 0.0

    async def run(self, progress: Progress) -> None:
        """Go on until cancelled; a database that is away is waited for."""

        async def step() -> int:
            if (now := self._clock()) >= self._due_at:
                await self.write()
                self._due_at = now + _EVERY_S
            progress.worked()
            return 0

        await repeat(step, asyncio.Event(), progress.failed, _LOOK_EVERY_S)

    async def write(self) -> int:
        """Put down what is due now; how many summaries. Raises Unavailable."""
        now, written = self._clock(), 0
        query = select(contact_points.c.time_zone).where(contact_points.c.until.is_(None)).distinct()
        async with self._database.read() as connection:
            zones = sorted((await connection.execute(query)).scalars())
        for zone in zones:
            began, ended, sent_at = week_before(zone, now)
            if not sent_at <= now < sent_at + _OPEN_S:
                continue
            after = ""
            while True:
                async with self._database.begin() as connection:
                    accounts = await _accounts(connection, zone, began, ended, sent_at, after)
                    written += await _summed_up(connection, accounts, began, ended, sent_at, self._worth)
                if len(accounts) < _PAGE:
                    break
                after = accounts[-1]
        return written


def week_before(zone_name: str, now: float) -> tuple[float, float, float]:
    """The week that ended with the last Monday on the clock of that zone, and nine o'clock of that Monday (epoch seconds)."""
    zone = zone_of(zone_name)
    today = datetime.fromtimestamp(now, zone).date()
    monday = datetime.combine(today - timedelta(days=today.weekday()), datetime.min.time())
    return (
        moments(monday - timedelta(days=7), 0, zone)[0],
        moments(monday, 0, zone)[0],
        moments(monday, _NINE, zone)[0],
    )


def week_of(
    rows: Iterable[Mapping[str, Any]], began: float, ended: float, told: Sequence[str]
) -> Week | None:
    """The week in figures, of its rows of activity and the templates of what was told in it; None where nothing happened.

    Where the wallet tells of a payment twice, as asked for and as carried out, the second counts.
    """
    rows = [row for row in rows if row["type"] in ("login", "transaction", "account_change")]
    if not rows:
        return None
    money = [row for row in rows if row["type"] == "transaction" and row["amount"] is not None]
    carried_out = [row for row in money if row["outcome"] == "completed"]
    settled = carried_out or [row for row in money if row["outcome"] == "requested"]
    counted = Counter(told)
    return Week(
        began=began,
        ended=ended,
        sign_ins=sum(row["type"] == "login" and row["outcome"] == "success" for row in rows),
        new_devices=counted[NEW_DEVICE],
        paid=_moved(row for row in settled if row["kind"] not in _IN),
        received=_moved(row for row in settled if row["kind"] in _IN),
        stopped=sum(counted[template] for template in _STOPPED),
    )


def _moved(rows: Iterable[Mapping[str, Any]]) -> tuple[Moved, ...]:
    sums: dict[str, Decimal] = {}
    counts: Counter[str] = Counter()
    for row in rows:
        sums[row["currency"]] = sums.get(row["currency"], Decimal(0)) + Decimal(row["amount"])
        counts[row["currency"]] += 1
    return tuple(
        Moved(amount=canonical_amount(f"{total:f}", currency), currency=currency, count=counts[currency])
        for currency, total in sorted(sums.items())
    )


async def _accounts(
    connection: AsyncConnection, zone: str, began: float, ended: float, sent_at: float, after: str
) -> list[str]:
    """The next accounts with a contact in the zone on which something happened, and which have no summary of the week."""
    account = contact_points.c.account_id
    happened = exists().where(activity.c.account_id == account, since(began), activity.c.at < ended)
    has_it = exists().where(
        and_(notices.c.account_id == account, notices.c.template == WEEKLY, notices.c.recorded_at >= sent_at)
    )
    query = (
        select(account)
        .where(
            contact_points.c.until.is_(None),
            contact_points.c.time_zone == zone,
            account > after,
            happened,
            ~has_it,
        )
        .distinct()
        .order_by(account)
        .limit(_PAGE)
    )
    return list((await connection.execute(query)).scalars())


async def _summed_up(
    connection: AsyncConnection,
    accounts: Sequence[str],
    began: float,
    ended: float,
    sent_at: float,
    worth: Worth | None,
) -> int:
    chosen = await preferences_by_account(connection, accounts)
    wanted = [account_id for account_id in accounts if chosen[account_id].alerts["weekly"]]
    if not wanted:
        return 0
    columns = [activity.c[name] for name in ("account_id", "type", "kind", "outcome", "amount", "currency")]
    happened = (
        select(*columns)
        .where(activity.c.account_id.in_(wanted), since(began), activity.c.at < ended)
        .order_by(activity.c.at)
    )
    told = select(notices.c.account_id, notices.c.template).where(
        notices.c.account_id.in_(wanted), notices.c.recorded_at >= began, notices.c.recorded_at < ended
    )
    rows = (await connection.execute(happened)).all()
    notes = (await connection.execute(told)).all()
    tips = {} if worth is None else await worth(connection, wanted, chosen, sent_at)
    written = 0
    for account_id in wanted:
        mine = [row._asdict() for row in rows if row.account_id == account_id]
        week = week_of(mine, began, ended, [row.template for row in notes if row.account_id == account_id])
        if week is None:
            continue
        notice_id = derived_id(f"{account_id}\x00{ended:.0f}", WEEKLY)
        news = News(at=sent_at, week=structs.replace(week, tip=tips.get(account_id)))
        await put_news(connection, notice_id, notice_id, account_id, WEEKLY, news)
        written += 1
    return written
