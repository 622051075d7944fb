"""Waves as rows: found again by their addresses, counted anew, never added up; and what the security team is to hear."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from msgspec import Struct, json
from sqlalchemy import insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.attacks import parts
from services.attacks.counting import Moves, moved
from services.attacks.matching import KnownAttack, match
from services.attacks.recognise import QUIET_S
from services.attacks.stake import at_stake
from services.attacks.tables import attack_alerts, attack_log, attack_numbers, attack_sources, attacks
from services.attacks.telling import WAYS, Way, reasons, written
from services.attacks.waves import Wave
from services.platform.database import insert_new

#: Who does what nobody did by hand.
BY_ITSELF = "payguard"
_SIZES = ("attempts", "accounts", "sources", "gave_way")


class Kept(Struct, frozen=True):
    """What came of keeping: attacks that are new, those that are over now, and how counters move."""

    new: tuple[str, ...]
    over: tuple[str, ...]
    moves: Moves


async def keep(
    connection: AsyncConnection,
    waves: Sequence[Wave],
    since: float,
    now: float,
    ways: Collection[Way] = WAYS,
) -> Kept:
    """Write what was recognised among all attempts from `since` on, inside the caller's transaction, in which it is alone.

    `ways` are those by which the security team can be told.
    """
    stored = await _stored(connection, since)
    sources = await _sources(connection, list(stored))
    known = [
        KnownAttack(name, row["kind"], row["state"], row["begun_at"], row["last_at"], sources[name])
        for name, row in stored.items()
    ]
    found = match(waves, known)
    new: list[str] = []
    over: list[str] = []
    moves = Moves()
    for wave, attack in zip(waves, found, strict=True):
        if attack is None:
            row = await _numbered(connection, wave, now)
            new.append(row["attack_id"])
        else:
            row = stored[attack.attack_id]
            # Of what is over, the beginning may be out of sight already.
            if row["state"] == "over" and wave.begun_at < since + QUIET_S:
                continue
        changed = await _write(connection, row, wave, now, ways)
        moves += changed
        if wave.over and row["state"] == "open":
            over.append(row["attack_id"])
    again = {attack.attack_id for attack in found if attack is not None}
    for attack_id, row in stored.items():
        if row["state"] == "open" and attack_id not in again:
            await _end(connection, row, now, ways)
            over.append(attack_id)
    return Kept(tuple(new), tuple(over), moves)


async def _stored(connection: AsyncConnection, since: float) -> dict[str, dict[str, Any]]:
    query = select(attacks).where(or_(attacks.c.state == "open", attacks.c.last_at >= since - QUIET_S))
    rows = (await connection.execute(query.order_by(attacks.c.attack_id))).mappings()
    return {row["attack_id"]: dict(row) for row in rows}


async def _sources(connection: AsyncConnection, names: list[str]) -> dict[str, frozenset[bytes]]:
    found: dict[str, set[bytes]] = {name: set() for name in names}
    query = select(attack_sources.c.attack_id, attack_sources.c.source_key).where(
        attack_sources.c.attack_id.in_(names)
    )
    for attack_id, source in await connection.execute(query):
        found[attack_id].add(source)
    return {name: frozenset(theirs) for name, theirs in found.items()}


async def _numbered(connection: AsyncConnection, wave: Wave, now: float) -> dict[str, Any]:
    """The row of a new attack, that has done nothing yet."""
    this = attack_numbers.c
    await connection.execute(insert_new(attack_numbers).values(name="attack", last=0))
    counted = update(attack_numbers).where(this.name == "attack").values(last=this.last + 1)
    number = await connection.scalar(counted.returning(this.last))
    row: dict[str, Any] = {
        "attack_id": f"W-{number}",
        "kind": wave.kind,
        "state": "open",
        "begun_at": wave.begun_at,
        "last_at": wave.last_at,
        "recognised_at": now,
        "ended_at": None,
        **dict.fromkeys(_SIZES, 0),
        "usual_per_minute": wave.usual_per_minute,
        "peak_per_minute": 0,
        "peak_at": wave.begun_at,
        "at_stake": None,
        "lead": None,
        "version": 0,
        "told_at": None,
        "told_size": 0,
    }
    await connection.execute(insert(attacks).values(row))
    await note(connection, row["attack_id"], now, "recognised", BY_ITSELF)
    return row


async def _write(
    connection: AsyncConnection, row: dict[str, Any], wave: Wave, now: float, ways: Collection[Way]
) -> Moves:
    """The attack as it is now, with its parts and what is to be told of it; how counters move."""
    attack_id = row["attack_id"]
    networks_before = await parts.networks(connection, attack_id)
    changed_parts = await parts.write(connection, attack_id, wave)
    stake = json.encode(await at_stake(connection, wave.accounts)).decode() if wave.gave_way else None
    same = {"state": _state(wave), "kind": wave.kind, "at_stake": stake}
    if not changed_parts and all(row[name] == value for name, value in same.items()):
        return Moves()
    sizes = {
        "attempts": wave.attempts,
        "accounts": len(wave.accounts),
        "sources": len(wave.sources),
        "gave_way": wave.gave_way,
    }
    if row["state"] == "over":  # what was erased meanwhile was touched all the same
        sizes = {name: max(count, row[name]) for name, count in sizes.items()}
    peak = wave.peak
    changed = (
        row
        | sizes
        | {
            "kind": wave.kind,
            "state": _state(wave),
            "begun_at": wave.begun_at,
            "last_at": wave.last_at,
            "ended_at": wave.last_at if wave.over else None,
            "usual_per_minute": wave.usual_per_minute,
            "peak_per_minute": peak.attempts,
            "peak_at": peak.minute * 60.0,
            "at_stake": stake,
            "version": row["version"] + 1,
        }
    )
    await _tell(connection, row, changed, now, ways)
    return moved(row, changed, networks_before, await parts.networks(connection, attack_id))


async def _end(connection: AsyncConnection, row: dict[str, Any], now: float, ways: Collection[Way]) -> None:
    """The attack that is no wave any more: nothing was tried for long, or its attempts were owners' after all."""
    changed = row | {"state": "over", "ended_at": row["last_at"], "version": row["version"] + 1}
    await _tell(connection, row, changed, now, ways)


async def _tell(
    connection: AsyncConnection,
    before: dict[str, Any],
    row: dict[str, Any],
    now: float,
    ways: Collection[Way],
) -> None:
    """Write the row, and what of its change is worth telling."""
    attack_id = row["attack_id"]
    why = reasons(before, row)
    if why:
        row |= {"told_at": now, "told_size": row["accounts"]}
    # Somebody may have taken the lead since the row was read.
    values = {name: value for name, value in row.items() if name != "lead"}
    await connection.execute(update(attacks).where(attacks.c.attack_id == attack_id).values(values))
    for each in why[1:] if why[:1] == ["recognised"] else why:
        await note(connection, attack_id, now, each, BY_ITSELF)
    if not why or not ways:
        return
    told = select(attack_alerts.c.number).where(attack_alerts.c.attack_id == attack_id)
    number = max((await connection.execute(told)).scalars(), default=0) + 1
    body = written(row, number, why, await parts.networks(connection, attack_id), now)
    rows = [
        {
            "attack_id": attack_id,
            "number": number,
            "way": way,
            "body": json.encode(body).decode(),
            "created_at": now,
            "state": "waiting",
            "next_at": now,
        }
        for way in sorted(ways)
    ]
    await connection.execute(insert(attack_alerts), rows)
    detail = {"number": number, "ways": sorted(ways)}
    await note(connection, attack_id, now, "told", BY_ITSELF, json.encode(detail).decode())


async def note(
    connection: AsyncConnection, attack_id: str, at: float, what: str, by: str, detail: str | None = None
) -> None:
    """Add to the log of an attack, inside the transaction of the deed; `detail` is JSON."""
    row = {"attack_id": attack_id, "at": at, "what": what, "by": by, "detail": detail}
    await connection.execute(insert(attack_log).values(row))


def _state(wave: Wave) -> str:
    return "over" if wave.over else "open"
