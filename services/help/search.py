"""Finds the answers to a question, the best first, alike on SQLite and PostgreSQL.

The index gives the answers that share terms with the question, each term weighed by how rare it is (as BM25 does) and by where it
stands; the best of them are then compared, phrase by phrase, with how people ask for them.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache

from msgspec import Struct, json
from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.help.spelling import nearest
from services.help.tables import faq, faq_terms
from services.help.terms import GROUP, HAN, tokens, words

#: What is asked is read so far.
MOST_ASKED = 200
_MOST_TERMS = 60
_COMPARED = 12
_SATURATION = 2.0
#: A pair of Chinese characters that no answer has is mostly the end of one word and the beginning of the next.
_PAIR_UNKNOWN = 0.35
#: So much of the question must be in an answer, and so near must it come to the best.
_LEAST_SHARE = 0.34
#: Of what a term says that one answer alone has.
_LEAST_SCORE = 0.44
_NEAR_BEST = 0.25


class Hit(Struct, frozen=True):
    """An answer that was found, and the terms of the question that are in it."""

    slug: str
    score: float
    terms: frozenset[str]


class Found(Struct, frozen=True):
    """What a search found, and in which language."""

    locale: str
    hits: Sequence[Hit] = ()


async def search(connection: AsyncConnection, asked: str, locale: str, limit: int = 5) -> Found:
    """The answers to a question, at most `limit`.

    They are in the reader's language `locale`; in the other where the question is written in that and finds nothing in this.
    """
    asked = asked[:MOST_ASKED]
    first = "zh-CN" if HAN.search(asked) else locale
    found = Found(first, await _hits(connection, asked, first, limit))
    if not found.hits and first == locale == "zh-CN" and words(asked):
        return Found("en", await _hits(connection, asked, "en", limit))
    return found


async def _hits(connection: AsyncConnection, asked: str, locale: str, limit: int) -> list[Hit]:
    count = int(await connection.scalar(_count(locale)) or 0)
    wanted = await _wanted(connection, asked, locale)
    if not count or not wanted:
        return []
    rows = (await connection.execute(_having(locale, wanted))).all()
    spread: dict[str, int] = {}
    for row in rows:
        spread[row.term] = spread.get(row.term, 0) + 1
    rarity = {term: _rarity(term, spread.get(term, 0), count) for term in wanted}
    scores: dict[str, float] = {}
    for row in rows:
        scores[row.slug] = scores.get(row.slug, 0.0) + rarity[row.term] * row.weight / (
            row.weight + _SATURATION
        )
    best = sorted(scores, key=lambda slug: (-scores[slug], slug))[:_COMPARED]
    texts = {each.slug: each for each in await connection.execute(_texts(locale, best))}
    hits = [_compared(texts[slug], scores[slug], rarity, rows) for slug in best if slug in texts]
    return _worth(hits, rarity, _LEAST_SCORE * math.log(1 + count), limit)


async def _wanted(connection: AsyncConnection, asked: str, locale: str) -> list[str]:
    """The terms of the question, misspelt words read as what was meant."""
    strange = words(asked)
    meant: dict[str, str] = {}
    alike: set[str] = set()
    if strange:
        every = select(faq_terms.c.term).where(faq_terms.c.locale == locale).distinct()
        known = set((await connection.execute(every)).scalars())
        strange -= known
        # A word that no answer has, but one that means the same.
        alike = {each for each in strange if any(token.term.startswith(GROUP) for token in tokens(each))}
        meant = _corrections(strange - alike, known)
    terms = dict.fromkeys(each.term for each in tokens(asked, meant) if each.term not in alike)
    return list(terms)[:_MOST_TERMS]


def _corrections(strange: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    vocabulary = sorted(term for term in known if term.isascii() and not term.startswith(GROUP))
    found = {word: nearest(word, vocabulary) for word in strange}
    return {word: meant for word, meant in found.items() if meant is not None}


def _rarity(term: str, spread: int, count: int) -> float:
    """How much a term tells answers apart (BM25's inverse document frequency); nothing of a pair that is no word."""
    told = math.log(1.0 + (count - spread + 0.5) / (spread + 0.5))
    return told * _PAIR_UNKNOWN if not spread and not term.isascii() else told


def _compared(
    text: Row[tuple[str, str, str]],
    score: float,
    rarity: Mapping[str, float],
    rows: Sequence[Row[tuple[str, str, float]]],
) -> Hit:
    terms = frozenset(row.term for row in rows if row.slug == text.slug)
    phrases = [text.title, *json.decode(text.asked, type=list[str])]
    return Hit(text.slug, score + max(_likeness(phrase, rarity) for phrase in phrases), terms)


def _likeness(phrase: str, rarity: Mapping[str, float]) -> float:
    """How much of the question is in the phrase and of the phrase in the question, in the measure of `rarity`."""
    terms = _terms(phrase)
    shared = sum(rarity[term] for term in terms if term in rarity)
    asked = sum(rarity.values())
    if not shared or not asked:
        return 0.0
    mean = asked / len(rarity)
    said = shared + mean * sum(term not in rarity for term in terms)
    return 2.0 * shared * shared / (asked + said)


@lru_cache(maxsize=4096)
def _terms(phrase: str) -> frozenset[str]:
    return frozenset(each.term for each in tokens(phrase))


def _worth(hits: Sequence[Hit], rarity: Mapping[str, float], least: float, limit: int) -> list[Hit]:
    """Those that answer enough of the question and come near the best."""
    asked = sum(rarity.values())
    answering = [
        hit
        for hit in hits
        if hit.score >= least and sum(rarity[term] for term in hit.terms) >= _LEAST_SHARE * asked
    ]
    answering.sort(key=lambda hit: (-hit.score, hit.slug))
    return [hit for hit in answering if hit.score >= _NEAR_BEST * answering[0].score][:limit]


def _count(locale: str) -> Select[int]:
    return select(func.count()).where(faq.c.locale == locale, faq.c.replaced_at.is_(None), faq.c.shown)


def _having(locale: str, terms: Collection[str]) -> Select[tuple[str, str, float]]:
    return select(faq_terms.c.slug, faq_terms.c.term, faq_terms.c.weight).where(
        faq_terms.c.locale == locale, faq_terms.c.term.in_(terms)
    )


def _texts(locale: str, slugs: Collection[str]) -> Select[tuple[str, str, str]]:
    return select(faq.c.slug, faq.c.title, faq.c.asked).where(
        faq.c.locale == locale, faq.c.slug.in_(slugs), faq.c.replaced_at.is_(None)
    )
