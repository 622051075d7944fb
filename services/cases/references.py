"""What the reader of a letter reads out to support, to be told whether it is ours: "PG-7F3K-92". Pure.

It is short for the ear, so it only tells the letters of one account apart; no link or right follows from it.
"""

from __future__ import annotations

from hashlib import blake2b

#: No letter or digit that is taken for another: neither 0 nor O, 1 I L, B S Z beside 8 5 2, U beside V.
ALPHABET = "23456789ACDEFGHJKMNPQRTVWXY"


def reference(notice_id: str) -> str:
    """The reference of a notice's letters, the same on every try and address."""
    number = int.from_bytes(blake2b(notice_id.encode(), digest_size=8).digest(), "big")
    letters = ""
    for _ in range(6):
        number, rest = divmod(number, len(ALPHABET))
        letters += ALPHABET[rest]
    return f"PG-{letters[:4]}-{letters[4:]}"
