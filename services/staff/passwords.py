"""Passwords of staff: which are taken, and their argon2id hashes (RFC 9106).

Rules are those of NIST SP 800-63B-4 section 3.1.1.2 and ASVS 5.0 V6.2: length, no rules about kinds of characters, nothing
that is guessed first. The cost is the second that RFC 9106 section 4 recommends, less one lane.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import unicodedata
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from msgspec import Struct

from contracts.errors import Malformed, Overloaded

LEAST, MOST = 12, 128
#: Hashes at one time, each of which takes 64 MiB for about a tenth of a second; and how many may wait for their turn.
_TOGETHER, _MOST_WAITING = 2, 30
_LEAST_LEFT = 6
T = TypeVar("T")
#: What passwords that are guessed first are made of, longest first where one holds another.
_GUESSED = (
    "correcthorsebatterystaple", "administrator", "qwertyuiop", "1q2w3e4r5t6y", "asdfghjkl", "changeme", "password", "passw0rd",
    "p@ssword", "p@ssw0rd", "iloveyou", "payguard", "sunshine", "football", "baseball", "princess", "superman", "welcome",
    "letmein", "trustno1", "default", "support", "monkey", "dragon", "qwerty", "shadow", "master", "abc123", "zxcvbn", "secret",
    "wallet", "azerty", "woaini", "admin", "login", "hello", "staff", "agent", "mima",
)  # fmt: skip


class Cost(Struct, frozen=True):
    """What a guess costs: passes over so much memory, on one lane."""

    passes: int = 3
    memory_kib: int = 65_536


class Passwords:
    """Hashes and compares passwords, a few at a time. `cost` below the default is for tests and demonstrations."""

    def __init__(self, cost: Cost | None = None) -> None:
        chosen = cost or Cost()
        self._hasher = PasswordHasher(
            time_cost=chosen.passes, memory_cost=chosen.memory_kib, parallelism=1, type=Type.ID
        )
        self._turn = asyncio.Semaphore(_TOGETHER)
        self._waiting = 0
        self._nobodys = cache(lambda: self._hasher.hash(secrets.token_urlsafe(32)))

    async def hash(self, password: str) -> str:
        """What is kept of the password. Raises Overloaded."""
        return await self._in_turn(lambda: self._hasher.hash(normal(password)))

    async def matches(self, kept: str | None, password: str) -> bool:
        """Whether this is the password; it takes as long where nobody has one. Raises Overloaded."""
        return await self._in_turn(lambda: self._compare(kept, normal(password)))

    def _compare(self, kept: str | None, password: str) -> bool:
        try:
            return self._hasher.verify(self._nobodys() if kept is None else kept, password)
        except (VerifyMismatchError, InvalidHashError):
            return False

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._waiting >= _MOST_WAITING:
            raise Overloaded("too many people sign in at once")
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1


def normal(password: str) -> str:
    """The password as it is compared: characters that look alike on two keyboards are one (NFC). Nothing is cut off."""
    return unicodedata.normalize("NFC", password)


def refuse_weak(password: str, *known: str) -> None:
    """Raise Malformed, saying the rule, for a password that is too short, too long or soon guessed; `known` are names."""
    if len(normal(password)) < LEAST:
        raise Malformed("short", f"a password has at least {LEAST} characters")
    if len(normal(password)) > MOST:
        raise Malformed("long", f"a password has at most {MOST} characters")
    left = normal(password).casefold()
    for word in (*(each.casefold() for each in known if len(each) > 2), *_GUESSED):
        left = left.replace(word, "")
    left = re.sub(r"(?:19|20)\d\d|0?1234567890?|123456|12345|1234|123", "", left)
    if len(set(left)) < _LEAST_LEFT or _runs(left) < _LEAST_LEFT:
        raise Malformed(
            "guessed",
            "the password is among the first that are guessed: repeated, in a row, or of common words",
        )


def _runs(text: str) -> int:
    """In how many runs of neighbours the text stands: `aaaa`, `abcd` and `4321` are one each."""
    steps = [ord(after) - ord(before) for before, after in pairwise(text)]
    return len(text) - sum(1 for step in steps if step in (-1, 0, 1))
