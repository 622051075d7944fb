"""Every secret sealed in SQL: which key version seals how many, whether they open, and sealing them anew."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from msgspec import Struct
from sqlalchemy import ColumnElement, LargeBinary, func, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.audit.audit_log import Entry, record
from services.mfa.tables import factors
from services.mfa.vault import Vault, VaultClosed
from services.platform.database import Database
from services.platform.secrets import UnusableKeys

BATCH_ROWS = 200
#: Not a bound parameter: PostgreSQL must see the same expression in SELECT and GROUP BY.
_VERSION = literal_column("substr(factors.secret, 1, 1)", LargeBinary)
_KEPT = factors.c.state != "removed"


class Batch(Struct, frozen=True):
    """What one batch came to: secrets looked at, of them resealed, and the ids of factors that do not open."""

    seen: int
    resealed: int
    closed: list[str]


async def counts(database: Database) -> dict[int, int]:
    """How many secrets each key version seals."""
    query = select(_VERSION, func.count()).where(_KEPT).group_by(_VERSION)
    async with database.read() as connection:
        return {_number(version): count for version, count in await connection.execute(query)}


async def require_keys(database: Database, vault: Vault) -> None:
    """Refuse to serve with keys that do not fit what is stored: one secret of each version is tried.

    Raises UnusableKeys for a version that is not held or a key that opens nothing. Reads every factor once.
    """
    query = select(_VERSION, func.max(factors.c.id)).where(_KEPT).group_by(_VERSION)
    async with database.read() as connection:
        found = {_number(version): newest for version, newest in await connection.execute(query)}
        if missing := sorted(version for version in found if not vault.holds(version)):
            raise UnusableKeys(
                f"stored secrets need key version {', '.join(map(str, missing))}, which PAYGUARD_FACTOR_KEY does not hold"
            )
        for factor_id in found.values():
            await _try(connection, vault, factor_id)


async def reseal(database: Database, vault: Vault, actor: str, at: float) -> AsyncGenerator[Batch, None]:
    """Bring every secret under the current key, batch by batch; each batch is durable, and audited, when it is yielded.

    What another process changes meanwhile is left to it. Breaking off loses nothing, and a repeat does what is left.
    """
    after = ""
    while True:
        async with database.begin() as connection:
            pending = _VERSION.is_distinct_from(bytes([vault.current]))
            rows = await _page(connection, after, pending)
            if not rows:
                return
            resealed, closed = 0, []
            for factor_id, account_id, secret in rows:
                try:
                    fresh = vault.reseal(account_id, secret)
                except VaultClosed:
                    closed.append(factor_id)
                    continue
                resealed += await replace_secret(connection, factor_id, secret, fresh)
            told = f"{resealed} secrets under key version {vault.current}, {len(closed)} do not open"
            await record(
                connection, Entry(at=at, action="keys_rotated", result="done", actor=actor, reason=told)
            )
        after = rows[-1][0]
        yield Batch(len(rows), resealed, closed)


async def try_all(database: Database, vault: Vault) -> AsyncGenerator[Batch, None]:
    """Open every secret, batch by batch, changing nothing."""
    after = ""
    while True:
        async with database.read() as connection:
            rows = await _page(connection, after)
        if not rows:
            return
        closed = [
            factor_id for factor_id, account_id, secret in rows if not _opens(vault, account_id, secret)
        ]
        after = rows[-1][0]
        yield Batch(len(rows), 0, closed)


async def _page(
    connection: AsyncConnection, after: str, *only: ColumnElement[bool]
) -> list[tuple[str, str, bytes]]:
    query = select(factors.c.id, factors.c.account_id, factors.c.secret)
    query = query.where(factors.c.id > after, _KEPT, *only)
    found = await connection.execute(query.order_by(factors.c.id).limit(BATCH_ROWS))
    return [(row.id, row.account_id, row.secret) for row in found]


async def replace_secret(connection: AsyncConnection, factor_id: str, old: bytes, new: bytes) -> int:
    """Exchange a sealed secret unless it changed meanwhile; how many (0 or 1)."""
    statement = update(factors).where(factors.c.id == factor_id, factors.c.secret == old, _KEPT)
    return (await connection.execute(statement.values(secret=new))).rowcount


async def _try(connection: AsyncConnection, vault: Vault, factor_id: str) -> None:
    query = select(factors.c.account_id, factors.c.secret).where(factors.c.id == factor_id)
    row = (await connection.execute(query)).one()
    try:
        vault.open(row.account_id, row.secret)
    except VaultClosed as error:
        raise UnusableKeys(str(error)) from None


def _opens(vault: Vault, account_id: str, secret: bytes) -> bool:
    try:
        vault.open(account_id, secret)
    except VaultClosed:
        return False
    return True


def _number(version: bytes) -> int:
    """The version in a sealed secret's first byte; 0 when there is none."""
    return version[0] if version else 0
