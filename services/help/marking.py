"""Which stretches of a text a search has found."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from services.help.terms import GROUP, Token, tokens

#: A single character is chance more often than a hit, and so is a short word within a text.
_SHORTEST = 2
_SHORTEST_WORD = 4


def stretches(text: str, terms: Collection[str], *, alike: bool = True) -> Iterator[tuple[str, bool]]:
    """The text in pieces, and of each whether it was found; words that mean the same are found too if `alike`."""
    at = 0
    for start, end in _spans(text, terms, alike):
        if start > at:
            yield text[at:start], False
        yield text[start:end], True
        at = end
    if at < len(text):
        yield text[at:], False


def _spans(text: str, terms: Collection[str], alike: bool) -> list[tuple[int, int]]:
    found = sorted(
        (each.start, each.end)
        for each in tokens(text)
        if each.term in terms and each.end - each.start >= _SHORTEST and (alike or _says_something(each))
    )
    merged: list[tuple[int, int]] = []
    for start, end in found:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _says_something(token: Token) -> bool:
    """Whether it is the asked word itself, and no short one such as `not` or `top`."""
    long_enough = not token.term.isascii() or token.end - token.start >= _SHORTEST_WORD
    return long_enough and not token.term.startswith(GROUP)
