"""Answers and notices as pages show them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import tzinfo

from markupsafe import Markup
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncConnection

from services.cases.kind_files import kinds
from services.help.articles import TOPICS, Article, Facts
from services.help.asked import without_private
from services.help.days import day_of, day_said, zone_of
from services.help.library import all_shown, texts_of
from services.help.notices import current
from services.help.rendering import marked, rendered
from services.help.search import search


class Answer(Struct, frozen=True):
    """An answer in the language `locale`; what was found in it is marked."""

    slug: str
    locale: str
    version: int
    title: Markup
    body: Markup
    reviewed_by: str
    reviewed_at: str


class Notice(Struct, frozen=True):
    """A security notice, and the day after which it is over."""

    title: str
    text: str
    until: str


class TopicShown(Struct, frozen=True):
    """A topic and its answers, by title."""

    name: str
    answers: Sequence[Answer]


class Results(Struct, frozen=True):
    """What a search found, in which language."""

    locale: str
    answers: Sequence[Answer]


def answer(article: Article, facts: Facts, found: Collection[str] = ()) -> Answer:
    """The answer, with the facts of the installation."""
    text = article.text
    return Answer(
        slug=article.slug,
        locale=article.locale,
        version=article.version,
        title=marked(facts.filled(text.title), found),
        body=rendered(facts.filled(text.body), found),
        reviewed_by=text.reviewed_by,
        reviewed_at=day_said(text.reviewed_at, article.locale),
    )


async def results(connection: AsyncConnection, facts: Facts, asked: str, locale: str) -> Results:
    """The answers to a question, the best first."""
    found = await search(connection, without_private(asked), locale)
    terms = {hit.slug: hit.terms for hit in found.hits}
    articles = await texts_of(connection, list(terms), found.locale)
    return Results(found.locale, [answer(each, facts, terms[each.slug]) for each in articles])


async def suggested(
    connection: AsyncConnection, facts: Facts, text: str, locale: str, kind: str = "", most: int = 3
) -> list[Answer]:
    """Answers to show before a report is sent: those to its text, else to what reports of its kind are mostly about."""
    found = (await results(connection, facts, text, locale)).answers
    slugs = [each.slug for each in found]
    more = [slug for slug in _helps(kind) if slug not in slugs]
    usual = [answer(each, facts) for each in await texts_of(connection, more, locale)]
    return [*found, *usual][:most]


async def topics(connection: AsyncConnection, facts: Facts, locale: str) -> list[TopicShown]:
    """Every answer that is shown, by topic."""
    articles = await all_shown(connection, locale)
    by_topic = {
        name: [answer(each, facts) for each in articles if each.text.topic == name] for name in TOPICS
    }
    return [
        TopicShown(name, sorted(answers, key=lambda each: each.title))
        for name, answers in by_topic.items()
        if answers
    ]


async def notices_for(connection: AsyncConnection, account_id: str, locale: str, now: float) -> list[Notice]:
    """What the security team tells the owner now."""
    zone = await zone_of(connection, account_id)
    return [
        Notice(each.title(locale), each.text(locale), _until(each.until, zone, locale))
        for each in await current(connection, account_id, now)
    ]


def _until(at: float, zone: tzinfo, locale: str) -> str:
    return day_said(day_of(at, zone), locale, year=False)


def _helps(kind: str) -> tuple[str, ...]:
    """What helps with most reports of the kind, by slug."""
    known = kinds().get(kind)
    return () if known is None or known.owner is None else known.owner.help
