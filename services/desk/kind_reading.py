"""What a case of a kind needs read: what its owner told, the work on it, its money's other states, and others like it."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import and_, case, distinct, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.activity.recent import newest, since
from services.activity.rows import Row
from services.activity.tables import activity
from services.cases.case_records import Told, told_of
from services.cases.case_work import Work, work_of
from services.cases.repeated_failures import INCOMING
from services.desk.case_file import CaseFile
from services.desk.channel_past import ChannelPast, past_of
from services.desk.counterparty import Counterparty, counterparty_of
from services.help.articles import Article
from services.help.library import texts_of
from services.help.search import search

#: Failures and top-ups are looked at so far back, and so many of them.
FAILED_S, TOPPED_S, _MOST = 7 * 86_400.0, 90 * 86_400.0, 50
#: Others at a channel are counted within the last hours, among so many of its newest events.
CHANNEL_S, _MOST_OTHERS = 6 * 3600.0, 3000
_MOST_ANSWERS = 3


class Channel(Struct, frozen=True):
    """What goes on at the channel: accounts whose payments failed there, and accounts whose top-ups wait."""

    name: str
    failed: int
    waiting: int


class Around(Struct, frozen=True, kw_only=True):
    """A case with what its kind needs: `subject` is the event that it is about, `traced` its money's states, oldest first."""

    file: CaseFile
    told: Told | None
    work: Work
    subject: Row | None
    traced: Sequence[Row] = ()
    failed: Sequence[Row] = ()
    top_ups: Sequence[Row] = ()
    channel: Channel | None = None
    answers: Sequence[Article] = ()
    past: ChannelPast | None = None
    counterparty: Counterparty | None = None


async def read_around(connection: AsyncConnection, file: CaseFile, locale: str, now: float) -> Around:
    """All of it, in a bounded number of queries; answers of the FAQ are in the language `locale`."""
    this = file.case
    told = await told_of(connection, this.case_id)
    subject = next((row for row in file.rows if row.event_id == this.subject_event_id), None)
    money = this.kind in ("payment_failed", "top_up_missing", "dispute", "unauthorised")
    channel = subject.channel if subject is not None and money else None
    asks = told is not None and this.kind in ("advice", "payment_failed")
    charted = channel is not None and this.kind == "payment_failed"
    disputed = subject is not None and this.kind in ("dispute", "unauthorised")
    return Around(
        file=file,
        told=told,
        work=await work_of(connection, this.case_id),
        subject=subject,
        traced=await _traced(connection, subject, now) if money else (),
        failed=await _failed(connection, file) if this.kind == "payment_failed" else (),
        top_ups=await _topped(connection, file) if this.kind == "top_up_missing" else (),
        channel=None if channel is None else await channel_of(connection, channel, now),
        answers=await _answers(connection, told.text, locale) if asks and told is not None else (),
        past=await past_of(connection, channel, subject.reason, file.until)
        if charted and subject is not None and channel is not None
        else None,
        counterparty=await counterparty_of(connection, subject, file.until)
        if disputed and subject is not None
        else None,
    )


async def _traced(connection: AsyncConnection, subject: Row | None, now: float) -> list[Row]:
    if subject is None:
        return []
    if subject.reference is None:
        return [subject]
    which = and_(activity.c.account_id == subject.account_id, activity.c.reference == subject.reference)
    found = await newest(connection, which, _MOST, now=now)
    return found[::-1] or [subject]


async def _failed(connection: AsyncConnection, file: CaseFile) -> list[Row]:
    which = and_(
        activity.c.account_id == file.case.account_id,
        activity.c.section == "money",
        activity.c.outcome == "failed",
        activity.c.kind.not_in(sorted(INCOMING)),
    )
    return await newest(connection, which, _MOST, now=file.until, since_s=file.until - FAILED_S)


async def _topped(connection: AsyncConnection, file: CaseFile) -> list[Row]:
    which = and_(
        activity.c.account_id == file.case.account_id,
        activity.c.section == "money",
        activity.c.kind == "top_up",
    )
    return await newest(connection, which, _MOST, now=file.until, since_s=file.until - TOPPED_S)


async def channel_of(connection: AsyncConnection, channel: str, now: float) -> Channel:
    """How many accounts fail or wait at the channel, among the newest events there."""
    recent = (
        select(
            activity.c.account_id,
            activity.c.outcome,
            activity.c.reference,
            (activity.c.kind == "top_up").label("comes"),
        )
        .where(activity.c.channel == channel, activity.c.section == "money", since(now - CHANNEL_S))
        .order_by(activity.c.at.desc())
        .limit(_MOST_OTHERS)
        .cte("recent")
    )
    ended = recent.alias("ended")
    over = select(ended.c.reference).where(ended.c.outcome != "requested", ended.c.reference.is_not(None))
    fails = and_(recent.c.outcome == "failed", ~recent.c.comes)
    waits = and_(recent.c.comes, recent.c.outcome == "requested", recent.c.reference.is_not(None))
    query = select(
        func.count(distinct(case((fails, recent.c.account_id)))),
        func.count(distinct(case((and_(waits, recent.c.reference.not_in(over)), recent.c.account_id)))),
    )
    failed, waiting = (await connection.execute(query)).one()
    return Channel(channel, int(failed), int(waiting))


async def _answers(connection: AsyncConnection, text: str, locale: str) -> list[Article]:
    found = await search(connection, text, locale)
    slugs = [hit.slug for hit in found.hits][:_MOST_ANSWERS]
    return await texts_of(connection, slugs, found.locale)
