"""Recovery codes: ten a set, shown once, each accepted once in place of the authenticator's code.

A code is four groups of four in Crockford's base32. The first group finds its row, so that an attempt costs one hash;
the other three are 60 random bits, of which only an argon2id hash is kept (RFC 9106). Its cost is the least that OWASP's
Password Storage Cheat Sheet names: random codes need no more.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import VerifyMismatchError
from msgspec import Struct
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.mfa import changes
from services.mfa.records import Context
from services.mfa.tables import recovery_codes

#: Codes in a set.
CODES = 10
_GROUP = 4
_LEAST_KIB = 8
_GROUPS = 4
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHARACTER = "[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]"
#: What a recovery code looks like: letters of either case, hyphens between the groups or not.
_FORM = re.compile(f"{_CHARACTER}{{4}}(?:-?{_CHARACTER}{{4}}){{3}}")


class Cost(Struct, frozen=True):
    """What a guess costs: passes over so much memory, on one lane. Raises ValueError for less than argon2 takes."""

    passes: int = 2
    memory_kib: int = 19_456

    def __post_init__(self) -> None:
        if self.passes < 1 or self.memory_kib < _LEAST_KIB:
            raise ValueError(f"hashing a recovery code takes {_LEAST_KIB} KiB and a pass at least")


COST = Cost()


@dataclass(frozen=True)
class NewCodes:
    """A set as it is shown once, and as it is kept: (first group, hash of the rest). Its text form shows neither."""

    shown: tuple[str, ...]
    kept: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        return "NewCodes(...)"


def is_recovery_code(text: object) -> bool:
    """Whether this has the form of a recovery code; six digits never do."""
    return isinstance(text, str) and _FORM.fullmatch(text) is not None


async def make(cost: Cost = COST) -> NewCodes:
    """A new set. Takes about ten hashes' time, in a thread: call it outside of a transaction."""
    return await asyncio.to_thread(_make, cost)


async def keep(connection: AsyncConnection, account_id: str, made: NewCodes, at: float) -> None:
    """Put the set in place of the account's earlier one, inside the caller's transaction."""
    await void(connection, account_id)
    rows = [
        {"account_id": account_id, "prefix": prefix, "hash": hashed, "made_at": at}
        for prefix, hashed in made.kept
    ]
    await connection.execute(insert(recovery_codes), rows)


async def void(connection: AsyncConnection, account_id: str) -> None:
    """Forget the account's codes."""
    await connection.execute(delete(recovery_codes).where(recovery_codes.c.account_id == account_id))


async def left(connection: AsyncConnection, account_id: str) -> int:
    """How many codes the account has not used."""
    query = (
        select(func.count())
        .select_from(recovery_codes)
        .where(recovery_codes.c.account_id == account_id, recovery_codes.c.used_at.is_(None))
    )
    return int((await connection.execute(query)).scalar_one())


async def use(
    connection: AsyncConnection, account_id: str, text: str, at: float, context: Context | None = None
) -> bool:
    """Use the account's code up inside the caller's transaction; False when it is not one of its unused codes.

    An accepted code is told to the stream and to the owner in the same transaction. One hash is computed whether
    there is such a code or not. Raises ValueError for text that is no recovery code.
    """
    prefix, rest = _parts(text)
    mine = (recovery_codes.c.account_id == account_id, recovery_codes.c.prefix == prefix)
    unused = recovery_codes.c.used_at.is_(None)
    query = select(recovery_codes.c.hash).where(*mine, unused)
    hashed = (await connection.execute(query)).scalar()
    same = await asyncio.to_thread(_matches, hashed, rest)
    if not same:
        return False
    burnt = update(recovery_codes).where(*mine, unused).values(used_at=at).returning(recovery_codes.c.made_at)
    made_at = (await connection.execute(burnt)).scalar()
    if made_at is None:
        return False
    news = changes.News(at=at, codes_left=await left(connection, account_id))
    about = f"{account_id}\x00{prefix}\x00{made_at}"
    await changes.tell(
        connection, account_id, "recovery_code_used", about, news, "recovery_code_used", context
    )
    return True


def _parts(text: str) -> tuple[str, str]:
    if not is_recovery_code(text):
        raise ValueError("this is no recovery code")
    plain = text.replace("-", "").upper()
    return plain[:_GROUP], plain[_GROUP:]


def _make(cost: Cost) -> NewCodes:
    hasher = _hasher(cost)
    rests: dict[str, str] = {}
    while len(rests) < CODES:
        rests[_random(_GROUP)] = _random(_GROUP * (_GROUPS - 1))
    shown = tuple(_grouped(prefix + rest) for prefix, rest in rests.items())
    return NewCodes(shown, tuple((prefix, hasher.hash(rest)) for prefix, rest in rests.items()))


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _grouped(code: str) -> str:
    return "-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))


def _hasher(cost: Cost) -> PasswordHasher:
    return PasswordHasher(time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=1, type=Type.ID)


@cache
def _nobodys_hash() -> str:
    return _hasher(COST).hash(_random(_GROUP * (_GROUPS - 1)))


def _matches(hashed: str | None, rest: str) -> bool:
    # The hash itself says at what cost it was made.
    try:
        _hasher(COST).verify(_nobodys_hash() if hashed is None else hashed, rest)
    except VerifyMismatchError:
        return False
    return hashed is not None
