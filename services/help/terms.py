"""Text to terms, the same for what is written and what is asked: stems of English words, pairs of Chinese characters, and one
term for words that mean the same.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

from msgspec import Struct

from services.help.english import stem

HAN = re.compile("[\u3400-\u9fff]+")
_PIECE = re.compile("[\u3400-\u9fff]+|[^\\W_]+(?:['’-][^\\W_]+)*")
#: What begins the term of a group of words that mean the same.
GROUP = "="


class Token(Struct, frozen=True):
    """A term and where in the text it stands."""

    term: str
    start: int
    end: int


class _Words(Struct, frozen=True):
    """What is known of the words of one language."""

    idle: frozenset[str]
    groups: Mapping[tuple[str, ...], int]
    phrases: Mapping[str, int]
    longest: int
    variants: Mapping[int, str]


def has_han(text: str) -> bool:
    """Whether any of it is written in Chinese characters."""
    return HAN.search(text) is not None


def tokens(text: str, meant: Mapping[str, str] | None = None) -> list[Token]:
    """The terms of a text in order of their place; `meant` has the stems to read in place of others."""
    plain, places = _plain(text)
    found: list[Token] = []
    latin: list[Token] = []
    for piece in _PIECE.finditer(plain):
        if HAN.match(piece[0]):
            found += _han(piece[0], piece.start())
        else:
            latin += _latin(piece, meant or {})
    found += _grouped(latin)
    return [Token(each.term, places[each.start], places[each.end - 1] + 1) for each in found]


def words(text: str) -> set[str]:
    """The stems of the words in Latin letters that say anything."""
    plain, _ = _plain(text)
    idle = _known("en").idle
    return {
        each.term
        for piece in _PIECE.finditer(plain)
        if not HAN.match(piece[0])
        for each in _latin(piece, {})
        if each.term not in idle
    }


@cache
def grouped_words() -> frozenset[str]:
    """Stems that stand in groups of English words."""
    return frozenset(each for phrase in _known("en").groups for each in phrase)


def _plain(text: str) -> tuple[str, list[int]]:
    """The text as it is compared, and for each of its characters the place in the text that it came from."""
    variants = _known("zh-CN").variants
    made: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for each in unicodedata.normalize("NFKC", character).casefold():
            made.append(variants.get(ord(each), each))
            places.append(place)
    return "".join(made), places


def _latin(piece: re.Match[str], meant: Mapping[str, str]) -> Iterator[Token]:
    """Stems of a piece; one with a hyphen is two words, and an apostrophe is nothing."""
    for part in re.finditer("[^-]+", piece[0]):
        word = stem(re.sub("['’]", "", re.sub("['’]s$", "", part[0])))
        start = piece.start() + part.start()
        yield Token(meant.get(word, word), start, start + len(part[0]))


def _grouped(latin: list[Token]) -> list[Token]:
    """The words that say something, and a term for each word or phrase of a group, the longest first."""
    known = _known("en")
    found = [each for each in latin if each.term not in known.idle]
    chinese = _known("zh-CN").phrases
    found += [
        Token(f"{GROUP}z{chinese[each.term]}", each.start, each.end) for each in latin if each.term in chinese
    ]
    at = 0
    while at < len(latin):
        for size in range(min(known.longest, len(latin) - at), 0, -1):
            number = known.groups.get(tuple(each.term for each in latin[at : at + size]))
            if number is not None:
                found.append(Token(f"{GROUP}e{number}", latin[at].start, latin[at + size - 1].end))
                at += size - 1
                break
        at += 1
    return found


def _han(run: str, start: int) -> Iterator[Token]:
    """Pairs of characters, without words that say nothing; a character alone where nothing stands beside it; groups."""
    known = _known("zh-CN")
    at = 0
    while at < len(run):
        for size in range(min(known.longest, len(run) - at), 0, -1):
            number = known.phrases.get(run[at : at + size])
            if number is not None:
                yield Token(f"{GROUP}z{number}", start + at, start + at + size)
                at += max(size - 1, 0)
                break
        at += 1
    for begin, end in _busy(run, known):
        if end - begin == 1:
            yield Token(run[begin], start + begin, start + end)
        for place in range(begin, end - 1):
            yield Token(run[place : place + 2], start + place, start + place + 2)


def _busy(run: str, known: _Words) -> Iterator[tuple[int, int]]:
    """The stretches between words that say nothing. A single such character counts where it stands at an end."""
    begin = at = 0
    while at < len(run):
        size = next(
            (each for each in (4, 3, 2) if run[at : at + each] in known.idle and at + each <= len(run)), 0
        )
        if not size and run[at] in known.idle and (at in (begin, len(run) - 1)):
            size = 1
        if size:
            if at > begin:
                yield begin, at
            begin = at + size
        at += size or 1
    if begin < len(run):
        yield begin, len(run)


@cache
def _known(locale: str) -> _Words:
    parsed = tomllib.loads(files("services.help").joinpath("words.toml").read_text("utf-8"))[locale]
    variants = parsed.get("variants", "")
    pairs = {ord(variants[at]): variants[at + 1] for at in range(0, len(variants), 2)}
    listed = [(phrase, number) for number, group in enumerate(parsed["same"]) for phrase in group]
    stems = {
        tuple(stem(word) for word in re.split("[ -]", phrase)): number for phrase, number in reversed(listed)
    }
    phrases = dict(reversed(listed))
    longest = max(len(each) for each in (stems if locale == "en" else phrases))
    idle = frozenset(parsed["idle"].split())
    return _Words(
        idle=idle | {stem(word.replace("'", "")) for word in idle} if locale == "en" else idle,
        groups=stems,
        phrases=phrases,
        longest=longest,
        variants=pairs,
    )
