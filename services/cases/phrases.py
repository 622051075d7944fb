"""The words that an owner puts into each message from us, so that a false one is known by their absence. Pure."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from typing import Literal

MOST = 40
#: Why a phrase is refused: it travels in plain sight, so it must be nothing that opens anything or leads anywhere.
Refusal = Literal["too_long", "unprintable", "link", "code", "password"]

_LINK = re.compile(
    r"[a-z][a-z0-9+.-]*://|www\.|@|[^\W_]\.[^\W\d_]{2,}|。[a-z]{2,}|[\w-]+/[\w?=&#-]+", re.IGNORECASE
)
#: Digits of a code, however they are grouped.
_CODE = re.compile(r"\d(?:[\s\-‐-―.]?\d){3,}")
#: What words are made of beside letters.
_IN_WORDS = str.maketrans("", "", "&+'’‘\"“”-‐–—,.!?:;()…、，。！？：；（）《》「」·")
_LEAST_MIXED, _LEAST_KINDS, _LEAST_TURNS = 6, 3, 5
_COMMON = frozenset(
    {"password", "passwort", "passw0rd", "qwerty", "qwertyuiop", "letmein", "welcome", "iloveyou", "admin", "secret",
     "abc123", "asdfgh", "asdfghjkl", "zxcvbn", "zxcvbnm", "dragon", "monkey", "密码", "口令", "我的密码", "mima", "woaini"}
)  # fmt: skip


def tidy(said: str) -> str:
    """The phrase on one line: composed (NFC), without spaces around it or several in a row."""
    return " ".join(unicodedata.normalize("NFC", said).split())


def refusal(phrase: str) -> Refusal | None:
    """Why a tidy phrase cannot stand in messages; None where it can."""
    if len(phrase) > MOST:
        return "too_long"
    if not all(each.isprintable() and unicodedata.category(each) != "Co" for each in phrase):
        return "unprintable"
    # Full-width letters, digits and dots are the same to whoever reads them.
    plain = unicodedata.normalize("NFKC", phrase)
    if _LINK.search(plain):
        return "link"
    if _CODE.search(plain):
        return "code"
    if plain.casefold() in _COMMON or any(_like_a_password(word) for word in plain.split()):
        return "password"
    return None


def _like_a_password(word: str) -> bool:
    """Letters mixed with digits or signs, or capitals strewn among them: nobody's word in any language."""
    bare = word.translate(_IN_WORDS)
    if not bare.isascii():
        # 外婆家 may stand beside digits; what matters is a run of ASCII in it.
        return any(_like_a_password(run) for run in re.findall(r"[!-~]+", bare))
    if bare.casefold() in _COMMON:
        return True
    kinds = [
        any(each.islower() for each in bare),
        any(each.isupper() for each in bare),
        any(each.isdigit() for each in bare),
        any(not each.isalnum() for each in bare),
    ]
    if len(bare) >= _LEAST_MIXED and (
        sum(kinds) >= _LEAST_KINDS or (sum(kinds) > 1 and (kinds[2] or kinds[3]))
    ):
        return True
    turns = sum(a.islower() != b.islower() for a, b in pairwise(bare) if a.isalpha() and b.isalpha())
    return len(bare) >= _LEAST_MIXED and turns >= _LEAST_TURNS
