"""Keeps ids, amounts and addresses in a sentence whole: each moves to the next line rather than break at a hyphen. Pure."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

#: Letters that run from left to right and have words with space around them. Names in others are set apart by their writers.
_LETTERS = r"0-9A-Za-z\u00c0-\u024f\u0370-\u052f"
_FIGURE = r"\d[\d,]*(?:\.\d+)?"
_CURRENCY = r"[A-Z][A-Z0-9]{2,4}"
#: An amount with its currency; an id, a reference, an address or a long word, with what joins its parts.
_WHOLE = re.compile(
    rf"\b(?:{_CURRENCY} {_FIGURE}\b|{_FIGURE} (?:元|{_CURRENCY}\b))"
    rf"|[{_LETTERS}][{_LETTERS}.@/_+•*\u2060-]*[{_LETTERS}*…]"
)
_JOINS = re.compile(r"[-@/_•*\u2060]")
#: A word of so many letters is a name: those of languages are shorter.
_LONG = 16


def whole(text: str) -> Markup:
    """The sentence as HTML, each id, amount and address in it set apart: it breaks only where it is longer than a line."""
    said = str(text)
    parts, last = [], 0
    for match in _WHOLE.finditer(said):
        found = match[0]
        if " " not in found and len(found) < _LONG and not _JOINS.search(found):
            continue
        parts += [escape(said[last : match.start()]), Markup('<bdi class="id">{}</bdi>').format(found)]
        last = match.end()
    return Markup("").join([*parts, escape(said[last:])])
