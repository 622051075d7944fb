"""What word was meant where one is not known: the nearest, if it is near."""

from __future__ import annotations

from collections.abc import Iterable

_SHORTEST = 5
_LONG = 8


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that one slip of the fingers makes into this one, two in a long word; the first in order of several.

    A slip is a letter too many, missing, wrong, or changed places with its neighbour.
    """
    if len(word) < _SHORTEST or not word.isascii():
        return None
    most = 2 if len(word) >= _LONG else 1
    best: tuple[int, str] | None = None
    for other in known:
        if abs(len(other) - len(word)) <= most and len(other) >= _SHORTEST and other.isascii():
            found = (slips(word, other), other)
            if found[0] <= most and (best is None or found < best):
                best = found
    return None if best is None else best[1]


def slips(one: str, other: str) -> int:
    """How many slips lie between two words (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        older, before, row = before, row, [at]
        for to, meant in enumerate(other, 1):
            cost = min(before[to] + 1, row[to - 1] + 1, before[to - 1] + (letter != meant))
            if at > 1 and to > 1 and letter == other[to - 2] and one[at - 2] == meant:
                cost = min(cost, older[to - 2] + 1)
            row.append(cost)
    return row[-1]
