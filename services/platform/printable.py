"""Text as a terminal may show it: what a terminal would act on, or nobody can see, is written out."""

from __future__ import annotations


def escaped(text: str) -> str:
    r"""The text with control characters and invisible ones written out: `\x1b`, `\u202e`."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else _backslashed(letter) for letter in text)


def escaped_in_json(text: str) -> str:
    r"""The same for a JSON text: each such character becomes `\uXXXX`, so that a reader gets the same strings."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else _in_json(letter) for letter in text)


def _backslashed(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")


def _in_json(letter: str) -> str:
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
