"""Drafts of answers: what support once wrote to one owner, without what names anybody, until a senior takes it in or drops it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, cast

from msgspec import Struct, structs
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.decisions import derived_id
from services.audit.audit_log import Entry, record
from services.help.articles import Locale, Text, Topic
from services.help.asked import without_personal, without_private
from services.help.library import Library
from services.help.tables import faq_drafts
from services.platform.database import Database, insert_new

MOST_TITLE, MOST_BODY = 200, 4000
_REVIEW_DAYS = 180
_MOST = 200
Ended = Literal["accepted", "dropped"]


class Draft(Struct, frozen=True, kw_only=True):
    """A question with its answer, in one language, and who offered it when (epoch seconds)."""

    draft_id: str
    locale: str
    title: str
    body: str
    offered_by: str
    offered_at: float


class Taken(Struct, frozen=True, kw_only=True):
    """A draft as a senior takes it into the help: `asked` are other ways to ask it, `team` is who answers for it."""

    topic: Topic
    title: str
    asked: tuple[str, ...]
    body: str
    team: str


def draft_of(case_id: str) -> str:
    """The id of the draft of a case: one a case, and no way back from it."""
    return derived_id(case_id, "faq_draft")


async def offer(
    connection: AsyncConnection, case_id: str, question: str, answer: str, locale: str, by: str, now: float
) -> bool:
    """Keep question and answer as a draft, without names, numbers and addresses; False where there is one, or nothing is left.

    Runs inside the caller's transaction.
    """
    title = without_private(question)[:MOST_TITLE]
    body = without_personal(answer, MOST_BODY)
    if not title.strip(" …") or not body.strip(" …\n"):
        return False
    draft = Draft(
        draft_id=draft_of(case_id), locale=locale, title=title, body=body, offered_by=by, offered_at=now
    )
    row = insert_new(faq_drafts).values(structs.asdict(draft)).returning(faq_drafts.c.draft_id)
    return (await connection.execute(row)).first() is not None


async def take_back(connection: AsyncConnection, case_id: str) -> None:
    """Forget the draft of a case that nobody has decided on: what it came from did not happen."""
    waits = faq_drafts.c.draft_id == draft_of(case_id), faq_drafts.c.ended.is_(None)
    await connection.execute(delete(faq_drafts).where(*waits))


async def waiting(connection: AsyncConnection) -> Sequence[Draft]:
    """The drafts that nobody has decided on, the oldest first."""
    columns = [faq_drafts.c[name] for name in Draft.__struct_fields__]
    query = select(*columns).where(faq_drafts.c.ended.is_(None)).order_by(faq_drafts.c.offered_at)
    return [Draft(**row) for row in (await connection.execute(query.limit(_MOST))).mappings()]


async def count_waiting(connection: AsyncConnection) -> int:
    """How many there are."""
    query = select(func.count()).select_from(faq_drafts).where(faq_drafts.c.ended.is_(None))
    return int((await connection.execute(query)).scalar_one())


async def draft(connection: AsyncConnection, draft_id: str) -> Draft | None:
    """The draft, if nobody has decided on it."""
    columns = [faq_drafts.c[name] for name in Draft.__struct_fields__]
    query = select(*columns).where(faq_drafts.c.draft_id == draft_id, faq_drafts.c.ended.is_(None))
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else Draft(**row)


async def accept(
    database: Database, library: Library, found: Draft, taken: Taken, by: str, now: float
) -> bool:
    """Take it into the help, where searches find it from now on; False where somebody decided on it meanwhile.

    Raises Unavailable: tried again, the answer is there once.
    """
    slug = slug_of(found)
    today = datetime.fromtimestamp(now, UTC).date()
    text = Text(
        topic=taken.topic,
        title=taken.title,
        asked=taken.asked,
        body=taken.body,
        reviewed_by=taken.team,
        reviewed_at=today,
        review_by=today + timedelta(days=_REVIEW_DAYS),
    )
    if await library.find(slug, found.locale) is None:
        await library.change(slug, cast("Locale", found.locale), text, 0, by)
    async with database.begin() as connection:
        return await _end(connection, found, "accepted", by, now)


async def drop(connection: AsyncConnection, found: Draft, by: str, now: float) -> bool:
    """Drop it; False where somebody decided on it meanwhile."""
    return await _end(connection, found, "dropped", by, now)


def slug_of(found: Draft) -> str:
    """What its answer is called in addresses."""
    return f"asked-{found.draft_id[:12]}"


async def _end(connection: AsyncConnection, found: Draft, ended: Ended, by: str, now: float) -> bool:
    waits = faq_drafts.c.draft_id == found.draft_id, faq_drafts.c.ended.is_(None)
    done = update(faq_drafts).where(*waits).values(ended=ended, ended_at=now, ended_by=by)
    if (await connection.execute(done)).rowcount != 1:
        return False
    said = f"{slug_of(found)} {found.locale}"
    await record(connection, Entry(at=now, action="faq_draft", result=ended, actor=by, reason=said))
    return True
