"""What is asked of the help and what is read there, without a word of who asks."""

from __future__ import annotations

import re
import secrets
import unicodedata

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.help.tables import faq_reads, faq_searches, faq_votes
from services.platform.database import insert_new

MOST_WORDS = 200
DAY_S = 86_400.0
_GONE = " … "
#: Wide digits, letters and @ as narrow ones.
_NARROW = {
    wide: wide - 0xFEE0
    for wide in (*range(0xFF10, 0xFF1A), 0xFF20, *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
}
#: In this order: what holds others goes first.
_PRIVATE = (
    # Addresses of pages and of mail, and names with an @.
    re.compile(r"\b[a-z][a-z0-9+.-]*://\S+|\bwww\.\S+", re.IGNORECASE),
    re.compile(r"[^\s@，。；：、,;:<>()]*@[^\s@，。；：、,;:<>()]+"),
    re.compile(
        r"\b(?:[a-z0-9-]+\.)+(?:com|net|org|cn|io|co|app|me|info|xyz|top|cc)\b(?:/\S*)?", re.IGNORECASE
    ),
    # Networks as IPv6 writes them, which may have no digit.
    re.compile(r"(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}", re.IGNORECASE),
    # Streets: what is before and behind the word for one.
    re.compile(
        r"[^\W_]*\d[^\W_]*\s+(?:[^\W\d_]+\s+){1,3}(?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|square|court)\b\.?",
        re.IGNORECASE,
    ),
    re.compile(
        r"[\u3400-\u9fff]{2,6}(?:省|市|自治区|自治州)[\u3400-\u9fff]{0,12}?(?:[区县镇乡村][\u3400-\u9fff]{0,12}?)?"
        r"(?:路|街|道|巷|弄|里|小区|大厦|花园)[\d号栋幢单元室楼层座-]*"
    ),
    re.compile(r"[\u3400-\u9fff]{1,8}(?:路|街|巷|弄)\d+[\u3400-\u9fff\d-]*"),
    # Whatever has a digit: amounts, telephones, cards, references, accounts, dates.
    re.compile(
        r"(?!\b2fa\b)[^\s\u3400-\u9fff，。；：、！？“”‘’]*\d[^\s\u3400-\u9fff，。；：、！？“”‘’]*",
        re.IGNORECASE,
    ),
    # Numbers in words.
    re.compile("[〇零一二三四五六七八九十百千万亿两幺]{3,}"),
    re.compile(
        r"\b(?:(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double)\b[\s,-]*){3,}", re.IGNORECASE
    ),
)


def without_private(asked: str) -> str:
    """The words of a question without numbers, names with digits, addresses of mail, pages, networks and streets."""
    return _bare(unicodedata.normalize("NFKC", asked))[:MOST_WORDS]


def without_personal(text: str, most: int) -> str:
    """The same of a longer text, line by line, at most so many characters; its punctuation stays as it is written."""
    lines = [_bare(line) for line in unicodedata.normalize("NFC", text).translate(_NARROW).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()[:most]


def _bare(said: str) -> str:
    text = "".join(each if each.isprintable() else " " for each in said)
    for pattern in _PRIVATE:
        text = pattern.sub(_GONE, text)
    return re.sub(r"(?:…\s*)+", "… ", " ".join(text.split())).strip()


async def note_search(connection: AsyncConnection, asked: str, locale: str, hits: int, now: float) -> str:
    """Keep what was asked, and how many answers there were; its id, to which `note_opened` adds the answer that was chosen."""
    search_id = secrets.token_hex(8)
    values = {
        "search_id": search_id,
        "at": now,
        "locale": locale,
        "words": without_private(asked),
        "hits": hits,
    }
    await connection.execute(insert(faq_searches), values)
    return search_id


async def note_opened(connection: AsyncConnection, search_id: str, slug: str) -> None:
    """Of what a search found, this answer was chosen first."""
    first = faq_searches.c.opened.is_(None)
    this = update(faq_searches).where(faq_searches.c.search_id == search_id, first)
    await connection.execute(this.values(opened=slug))


async def note_read(connection: AsyncConnection, slug: str, locale: str, now: float) -> None:
    """The answer was read once more."""
    key = {"slug": slug, "locale": locale, "day": now - now % DAY_S}
    await connection.execute(insert_new(faq_reads).values(**key, reads=0))
    this = update(faq_reads).where(*(faq_reads.c[name] == value for name, value in key.items()))
    await connection.execute(this.values(reads=faq_reads.c.reads + 1))


async def vote(
    connection: AsyncConnection, vote_id: str, slug: str, locale: str, version: int, useful: bool, now: float
) -> None:
    """Whether the answer helped; a second vote under one id takes the place of the first."""
    await connection.execute(delete(faq_votes).where(faq_votes.c.vote_id == vote_id))
    values = {
        "vote_id": vote_id,
        "slug": slug,
        "locale": locale,
        "version": version,
        "useful": useful,
        "at": now,
    }
    await connection.execute(insert(faq_votes), values)


async def voted(connection: AsyncConnection, vote_id: str) -> bool | None:
    """What was said under the id; None when nothing was."""
    found = await connection.scalar(select(faq_votes.c.useful).where(faq_votes.c.vote_id == vote_id))
    return None if found is None else bool(found)
