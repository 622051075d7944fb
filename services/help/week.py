"""The week's list for whoever keeps the answers: what is read, what is asked and not found, what did not help, what is due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from msgspec import Struct
from sqlalchemy import Integer, and_, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.help.asked import DAY_S
from services.help.due import Due, due
from services.help.tables import faq_reads, faq_searches, faq_votes

WEEK_S = 7 * 86_400.0
_MOST_ROWS = 20


class Read(Struct, frozen=True):
    """How often an answer was read, and how many said that it helped, and that it did not."""

    slug: str
    locale: str
    reads: int
    useful: int
    not_useful: int


class Missed(Struct, frozen=True):
    """What was asked and not found, and how often."""

    words: str
    locale: str
    times: int


class Week(Struct, frozen=True):
    """Seven days of the help: searches, how many found nothing, and the lists; `unreviewed` are answers that nobody here has
    read, `due` those whose review is over its day."""

    since: date
    until: date
    searches: int
    without_hit: int
    read: Sequence[Read]
    missed: Sequence[Missed]
    due: Sequence[Due]
    unreviewed: Sequence[Due]


async def week(connection: AsyncConnection, now: float) -> Week:
    """The seven days up to `now` (epoch seconds)."""
    start, today = now - WEEK_S, datetime.fromtimestamp(now, UTC).date()
    counted = select(func.count(), func.sum(cast(faq_searches.c.hits == 0, Integer)))
    unreviewed, overdue = await due(connection, now)
    searches, without = (await connection.execute(counted.where(faq_searches.c.at > start))).one()
    return Week(
        since=today - timedelta(days=6),
        until=today,
        searches=int(searches),
        without_hit=int(without or 0),
        read=await _read(connection, now - now % DAY_S - 6 * DAY_S, start),
        missed=await _missed(connection, start),
        due=overdue,
        unreviewed=unreviewed,
    )


async def _read(connection: AsyncConnection, since: float, start: float) -> list[Read]:
    useful = cast(faq_votes.c.useful, Integer)
    by_answer = (
        select(
            faq_votes.c.slug,
            faq_votes.c.locale,
            func.sum(useful).label("useful"),
            func.sum(1 - useful).label("not_useful"),
        )
        .where(faq_votes.c.at > start)
        .group_by(faq_votes.c.slug, faq_votes.c.locale)
        .subquery()
    )
    reads = func.sum(faq_reads.c.reads)
    same = and_(by_answer.c.slug == faq_reads.c.slug, by_answer.c.locale == faq_reads.c.locale)
    query = (
        select(
            faq_reads.c.slug,
            faq_reads.c.locale,
            reads,
            func.max(by_answer.c.useful),
            func.max(by_answer.c.not_useful),
        )
        .outerjoin(by_answer, same)
        .where(faq_reads.c.day >= since)
        .group_by(faq_reads.c.slug, faq_reads.c.locale)
        .order_by(reads.desc(), faq_reads.c.slug, faq_reads.c.locale)
        .limit(_MOST_ROWS)
    )
    rows = (await connection.execute(query)).all()
    return [
        Read(slug, locale, int(many), int(yes or 0), int(no or 0)) for slug, locale, many, yes, no in rows
    ]


async def _missed(connection: AsyncConnection, start: float) -> list[Missed]:
    asked, times = func.lower(faq_searches.c.words), func.count()
    query = (
        select(asked, faq_searches.c.locale, times)
        .where(faq_searches.c.at > start, faq_searches.c.words != "", faq_searches.c.hits == 0)
        .group_by(asked, faq_searches.c.locale)
        .order_by(times.desc(), asked)
        .limit(_MOST_ROWS)
    )
    return [Missed(*row) for row in (await connection.execute(query)).all()]
