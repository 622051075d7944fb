"""What the reader of a letter reads out to support, to be told whether it is ours: "PG-7F3K-92". Pure.

It is short for the ear, so two letters in hundreds of millions may share one; no link or right follows from it. References
sort as the ids of their notices do: a reference is a range of ids, so that letters are found without a column of their own.
"""

from __future__ import annotations

import re
import unicodedata
from hashlib import blake2b

#: No letter or digit that is taken for another: neither 0 nor O, 1 I L, B S Z beside 8 5 2, U beside V.
ALPHABET = "23456789ACDEFGHJKMNPQRTVWXY"
_LETTERS = 6
_COUNT = len(ALPHABET) ** _LETTERS
_ID_BITS = 128
_ID = re.compile(r"[0-9a-f]{32}")
_SAID = re.compile(rf"(?:PG)?([{ALPHABET}]{{{_LETTERS}}})")
_SAID_CASE = re.compile(rf"C?([{ALPHABET}]{{{_LETTERS}}})")
_BETWEEN = re.compile(r"[\s\-\u2010-\u2015\u2212.]+")


def reference(notice_id: str) -> str:
    """The reference of a notice's letters, the same on every try and address."""
    if not _ID.fullmatch(notice_id):
        notice_id = blake2b(notice_id.encode(), digest_size=_ID_BITS // 8).hexdigest()
    number = int(notice_id, 16) * _COUNT >> _ID_BITS
    letters = ""
    for _ in range(_LETTERS):
        number, rest = divmod(number, len(ALPHABET))
        letters = ALPHABET[rest] + letters
    return f"PG-{letters[:4]}-{letters[4:]}"


def case_number(case_id: str) -> str:
    """What people call a case by: "C-7F3K-92"."""
    return f"C{reference(case_id)[2:]}"


def notice_ids(said: str) -> tuple[str, str] | None:
    """The first and the last id of a notice whose letters have the reference, however it was typed; None for no reference.

    Small letters, full-width ones, spaces and missing hyphens are understood.
    """
    return _ids(said, _SAID)


def case_ids(said: str) -> tuple[str, str] | None:
    """The first and the last id of a case that people call so, however it was typed; None for no number of a case."""
    return _ids(said, _SAID_CASE)


def _ids(said: str, form: re.Pattern[str]) -> tuple[str, str] | None:
    text = _BETWEEN.sub("", unicodedata.normalize("NFKC", said)).upper()
    match = form.fullmatch(text)
    if match is None:
        return None
    number = 0
    for letter in match[1]:
        number = number * len(ALPHABET) + ALPHABET.index(letter)
    first, beyond = (-(-(each << _ID_BITS) // _COUNT) for each in (number, number + 1))
    return f"{first:032x}", f"{beyond - 1:032x}"
