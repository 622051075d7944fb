"""Every secret sealed in SQL: which key version seals how many, whether they open, and sealing them anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator
from typing import Any

from msgspec import Struct
from sqlalchemy import Column, ColumnElement, LargeBinary, Table, func, literal_column, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.audit.audit_log import Entry, record
from services.cases.report_tables import case_files
from services.mfa.tables import factors
from services.mfa.vault import Vault, VaultClosed
from services.platform.database import Database
from services.platform.secrets import UnusableKeys

BATCH_ROWS = 200


class Place(Struct, frozen=True):
    """A table with sealed secrets: the column that names each, and which of its rows still have theirs."""

    table: Table
    name: Column[Any]
    kept: ColumnElement[bool]

    @property
    def version(self) -> ColumnElement[Any]:
        """The key version of a secret. Not a bound parameter: PostgreSQL must see the same expression in SELECT and GROUP BY."""
        return literal_column(f"substr({self.table.name}.secret, 1, 1)", LargeBinary)


FACTORS = Place(factors, factors.c.id, factors.c.state != "removed")
#: The files of owners have keys of their own, which are what is sealed.
PLACES = (FACTORS, Place(case_files, case_files.c.file_id, true()))


class Batch(Struct, frozen=True):
    """What one batch came to: secrets looked at, of them resealed, and the ids of factors or files that do not open."""

    seen: int
    resealed: int
    closed: list[str]


async def counts(database: Database) -> dict[int, int]:
    """How many secrets each key version seals."""
    found = Counter[int]()
    async with database.read() as connection:
        for place in PLACES:
            query = (
                select(place.version, func.count())
                .select_from(place.table)
                .where(place.kept)
                .group_by(place.version)
            )
            found.update({_number(version): count for version, count in await connection.execute(query)})
    return dict(found)


async def require_keys(database: Database, vault: Vault) -> None:
    """Refuse to serve with keys that do not fit what is stored: one secret of each version and table is tried.

    Raises UnusableKeys for a version that is not held or a key that opens nothing. Reads every secret once.
    """
    async with database.read() as connection:
        for place in PLACES:
            query = select(place.version, func.max(place.name)).where(place.kept).group_by(place.version)
            found = {_number(version): newest for version, newest in await connection.execute(query)}
            if missing := sorted(version for version in found if not vault.holds(version)):
                raise UnusableKeys(
                    f"stored secrets need key version {', '.join(map(str, missing))}, which PAYGUARD_FACTOR_KEY does not hold"
                )
            for name in found.values():
                await _try(connection, vault, place, name)


async def reseal(database: Database, vault: Vault, actor: str, at: float) -> AsyncGenerator[Batch, None]:
    """Bring every secret under the current key, batch by batch; each batch is durable, and audited, when it is yielded.

    What another process changes meanwhile is left to it. Breaking off loses nothing, and a repeat does what is left.
    """
    for place in PLACES:
        after = ""
        while True:
            async with database.begin() as connection:
                pending = place.version.is_distinct_from(bytes([vault.current]))
                rows = await _page(connection, place, after, pending)
                if not rows:
                    break
                batch = await _resealed(connection, vault, place, rows)
                told = f"{batch.resealed} secrets under key version {vault.current}, {len(batch.closed)} do not open"
                await record(
                    connection, Entry(at=at, action="keys_rotated", result="done", actor=actor, reason=told)
                )
            after = rows[-1][0]
            yield batch


async def _resealed(
    connection: AsyncConnection, vault: Vault, place: Place, rows: list[tuple[str, str, bytes]]
) -> Batch:
    resealed, closed = 0, []
    for name, account_id, secret in rows:
        try:
            fresh = vault.reseal(account_id, secret)
        except VaultClosed:
            closed.append(name)
            continue
        resealed += await replace_secret(connection, name, secret, fresh, place)
    return Batch(len(rows), resealed, closed)


async def try_all(database: Database, vault: Vault) -> AsyncGenerator[Batch, None]:
    """Open every secret, batch by batch, changing nothing."""
    for place in PLACES:
        after = ""
        while True:
            async with database.read() as connection:
                rows = await _page(connection, place, after)
            if not rows:
                break
            closed = [name for name, account_id, secret in rows if not _opens(vault, account_id, secret)]
            after = rows[-1][0]
            yield Batch(len(rows), 0, closed)


async def _page(
    connection: AsyncConnection, place: Place, after: str, *only: ColumnElement[bool]
) -> list[tuple[str, str, bytes]]:
    query = select(place.name, place.table.c.account_id, place.table.c.secret)
    query = query.where(place.name > after, place.kept, *only)
    found = await connection.execute(query.order_by(place.name).limit(BATCH_ROWS))
    return [(name, account_id, secret) for name, account_id, secret in found]


async def replace_secret(
    connection: AsyncConnection, name: str, old: bytes, new: bytes, place: Place = FACTORS
) -> int:
    """Exchange a sealed secret unless it changed meanwhile; how many (0 or 1)."""
    statement = update(place.table).where(place.name == name, place.table.c.secret == old, place.kept)
    return (await connection.execute(statement.values(secret=new))).rowcount


async def _try(connection: AsyncConnection, vault: Vault, place: Place, name: str) -> None:
    query = select(place.table.c.account_id, place.table.c.secret).where(place.name == name)
    account_id, secret = (await connection.execute(query)).one()
    try:
        vault.open(account_id, secret)
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
