"""Keeps the answers: those PayGuard brings at first, then as administrators change them, each version kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import cast

from msgspec import json, structs
from sqlalchemy import ColumnElement, RowMapping, and_, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.errors import Malformed
from services.audit.audit_log import Entry, record
from services.help.articles import SHIPPED, Article, Facts, Locale, Text, shipped
from services.help.index import weights
from services.help.notices import SecurityNotices
from services.help.tables import faq, faq_terms
from services.platform.database import Database, insert_new


class Changed(Exception):
    """Somebody else wrote a version meanwhile."""

    def __init__(self, current: int) -> None:
        self.current = current
        super().__init__(
            f"the current version is {current}: read it, and say in `follows` that yours comes after it"
        )


class Library:
    """The answers in SQL, and the security team's notices beside them.

    `clock` gives epoch seconds; every method raises Unavailable when the database is away.
    """

    def __init__(self, database: Database, clock: Callable[[], float], facts: Facts) -> None:
        self._database = database
        self._clock = clock
        self.facts = facts
        self.notices = SecurityNotices(database, clock)

    async def bring(self, texts: Mapping[tuple[str, Locale], Text] | None = None) -> int:
        """Put in what PayGuard brings and is not there, and what is new in answers that nobody here has changed; how many."""
        texts = shipped() if texts is None else texts
        async with self._database.read() as connection:
            current = {(each.slug, each.locale): each for each in await _articles(connection, _CURRENT)}
        brought = 0
        for (slug, locale), text in texts.items():
            kept = current.get((slug, locale))
            if kept is None or (kept.written_by == SHIPPED and kept.text != text):
                brought += await self._write(slug, locale, text, 0 if kept is None else kept.version, SHIPPED)
        return brought

    async def all(self) -> list[Article]:
        """The current version of every answer, by slug and language."""
        async with self._database.read() as connection:
            return await _articles(connection, _CURRENT)

    async def find(self, slug: str, locale: str, version: int | None = None) -> Article | None:
        """An answer, in its current version unless another is named."""
        wanted = _CURRENT if version is None else faq.c.version == version
        async with self._database.read() as connection:
            found = await _articles(connection, and_(faq.c.slug == slug, faq.c.locale == locale, wanted))
        return found[0] if found else None

    async def versions(self, slug: str, locale: str) -> list[Article]:
        """Every version of an answer that is kept, the newest first."""
        async with self._database.read() as connection:
            found = await _articles(connection, and_(faq.c.slug == slug, faq.c.locale == locale))
        return found[::-1]

    async def change(self, slug: str, locale: Locale, text: Text, follows: int, by: str) -> Article:
        """A new version, after the version `follows` (0 where there is none yet), with an entry of the audit. Raises Changed."""
        if not await self._write(slug, locale, text, follows, by):
            kept = await self.find(slug, locale)
            raise Changed(0 if kept is None else kept.version)
        return Article(
            slug=slug, locale=locale, version=follows + 1, text=text, written_by=by, written_at=self._clock()
        )

    async def review(self, slugs: Sequence[str], reviewed_by: str, review_by: date, by: str) -> list[Article]:
        """Note that the team has read these answers in every language, all where none is named: versions with the same text.

        Raises Changed where somebody wrote meanwhile, and Malformed for a name that no answer has.
        """
        current = await self.all()
        unknown = set(slugs) - {each.slug for each in current}
        if unknown:
            raise Malformed(
                "unknown_answer", f"there is no answer {sorted(unknown)[0]}; take names of the list"
            )
        today = datetime.fromtimestamp(self._clock(), UTC).date()
        said = {"reviewed_by": reviewed_by, "reviewed_at": today, "review_by": review_by}
        return [
            await self.change(
                each.slug, cast("Locale", each.locale), structs.replace(each.text, **said), each.version, by
            )
            for each in current
            if not slugs or each.slug in slugs
        ]

    async def _write(self, slug: str, locale: str, text: Text, follows: int, by: str) -> bool:
        now = self._clock()
        this = and_(faq.c.slug == slug, faq.c.locale == locale)
        async with self._database.begin() as connection:
            ended = update(faq).where(this, _CURRENT, faq.c.version == follows).values(replaced_at=now)
            if (await connection.execute(ended)).rowcount != (follows > 0):
                return False
            row = {**_row(text), "slug": slug, "locale": locale, "version": follows + 1}
            put = insert_new(faq).values(**row, written_by=by, written_at=now).returning(faq.c.version)
            if (await connection.execute(put)).first() is None:
                return False
            await _reindex(connection, slug, locale, text)
            reason = f"{slug} {locale} version {follows + 1}"
            await record(
                connection, Entry(at=now, action="faq_changed", result="done", actor=by, reason=reason)
            )
        return True


async def texts_of(connection: AsyncConnection, slugs: Sequence[str], locale: str) -> list[Article]:
    """The answers of those names that are shown, in their order."""
    # PostgreSQL takes no NUL in a text.
    asked = [slug for slug in slugs if "\0" not in slug]
    wanted = and_(_CURRENT, faq.c.shown, faq.c.locale == locale, faq.c.slug.in_(asked))
    found = {each.slug: each for each in await _articles(connection, wanted)}
    return [found[slug] for slug in slugs if slug in found]


async def all_shown(connection: AsyncConnection, locale: str) -> list[Article]:
    """Every answer of a language that is shown, by slug."""
    return await _articles(connection, and_(_CURRENT, faq.c.shown, faq.c.locale == locale))


async def _reindex(connection: AsyncConnection, slug: str, locale: str, text: Text) -> None:
    await connection.execute(delete(faq_terms).where(faq_terms.c.slug == slug, faq_terms.c.locale == locale))
    rows = [
        {"locale": locale, "slug": slug, "term": term, "weight": weight}
        for term, weight in weights(text).items()
        if len(term) <= _LONGEST_TERM
    ]
    if text.shown and rows:
        await connection.execute(insert(faq_terms), rows)


def _row(text: Text) -> dict[str, object]:
    row: dict[str, object] = {name: getattr(text, name) for name in Text.__struct_fields__}
    return row | {"asked": json.encode(text.asked).decode()}


async def _articles(connection: AsyncConnection, wanted: ColumnElement[bool]) -> list[Article]:
    query = select(faq).where(wanted).order_by(faq.c.slug, faq.c.locale, faq.c.version)
    return [_article(row) for row in (await connection.execute(query)).mappings()]


def _article(row: RowMapping) -> Article:
    said = {name: row[name] for name in Text.__struct_fields__}
    text = Text(**{**said, "asked": json.decode(row["asked"], type=tuple[str, ...])})
    return Article(
        slug=row["slug"],
        locale=row["locale"],
        version=row["version"],
        text=text,
        written_by=row["written_by"],
        written_at=row["written_at"],
    )


_CURRENT: ColumnElement[bool] = faq.c.replaced_at.is_(None)
_LONGEST_TERM = 64
