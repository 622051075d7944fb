"""The parts of an attack as rows: its addresses, accounts and minutes, of which only what has changed is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs
from sqlalchemy import Table, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.attacks.tables import attack_accounts, attack_minutes, attack_sources
from services.attacks.waves import Wave

_PART = 500


async def write(connection: AsyncConnection, attack_id: str, wave: Wave) -> bool:
    """Make the rows those of the wave; whether any changed."""
    sources = {}
    for source in wave.sources:
        row = structs.asdict(source)
        sources[row.pop("source")] = row
    accounts = {}
    for account in wave.accounts:
        row = structs.asdict(account)
        accounts[row.pop("account_id")] = row
    minutes = {each.minute: {"attempts": each.attempts, "gave_way": each.gave_way} for each in wave.minutes}
    changed = [
        await _write(connection, attack_sources, "source_key", attack_id, sources),
        await _write(connection, attack_accounts, "account_id", attack_id, accounts),
        await _write(connection, attack_minutes, "minute", attack_id, minutes),
    ]
    return any(changed)


async def networks(connection: AsyncConnection, attack_id: str) -> Counter[str]:
    """How many addresses of the attack are in each kind of network."""
    query = (
        select(attack_sources.c.network_kind, func.count())
        .where(attack_sources.c.attack_id == attack_id)
        .group_by(attack_sources.c.network_kind)
    )
    return Counter({row[0]: row[1] for row in await connection.execute(query)})


async def _write(
    connection: AsyncConnection, table: Table, key: str, attack_id: str, wanted: Mapping[Any, dict[str, Any]]
) -> bool:
    query = select(table).where(table.c.attack_id == attack_id)
    there: dict[Any, dict[str, Any]] = {}
    for row in (await connection.execute(query)).mappings():
        left = dict(row)
        del left["attack_id"]
        there[left.pop(key)] = left
    gone = [name for name, row in there.items() if wanted.get(name) != row]
    new = [name for name, row in wanted.items() if there.get(name) != row]
    for part in _parts(gone):
        await connection.execute(delete(table).where(table.c.attack_id == attack_id, table.c[key].in_(part)))
    for part in _parts(new):
        rows = [{"attack_id": attack_id, key: name, **wanted[name]} for name in part]
        await connection.execute(insert(table), rows)
    return bool(gone or new)


def _parts(names: Sequence[Any]) -> list[Sequence[Any]]:
    return [names[first : first + _PART] for first in range(0, len(names), _PART)]
