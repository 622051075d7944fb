"""Limits beside a factor's own lock: per network, over the whole fleet, and a way in for a device that is known.

Everything is in SQL, counted in the transaction that judges the code, so that processes share it, a pass or refusal and
its count become true together, and a Redis that lost its memory frees nobody. Rows are locked in the order challenge,
factor, network, device, fleet, audit: whoever counts keeps to it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from zlib import crc32

from msgspec import Struct
from sqlalchemy import Table, and_, case, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.errors import Overloaded
from services.challenges.limit_tables import code_minutes, code_networks, factor_devices
from services.challenges.records import Context
from services.database import insert_new
from services.memory.pseudonyms import Pseudonyms
from services.metrics import CODES_SLOWED

MINUTE_S = 60
DAY_S = 86_400.0
#: Minutes over which the fleet's refused codes are added up.
FLEET_MINUTES = 5
LANES = 16
#: How long a pass makes a network or a device known.
KNOWN_S = 90 * DAY_S
#: Refused codes that a known device may offer within DEVICE_PERIOD_S while others are kept out.
DEVICE_TRIES = 3
DEVICE_PERIOD_S = 1800.0
#: Devices kept of a factor: so many times DEVICE_TRIES is what stolen device ids can add to a lock's five.
DEVICES_KEPT = 4


class Rates(Struct, frozen=True, kw_only=True):
    """How many refused codes are borne: of a network at once and one more each `network_refill_s`, and of everybody
    within FLEET_MINUTES before networks without a pass are slowed down."""

    network_codes: int = 60
    network_refill_s: float = 30.0
    fleet_codes: int = 300


class SlowDown(Overloaded):
    """Too many refused codes from this network, or from everywhere. It is said before a code is compared."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("too many refused codes; repeat later")
        self.retry_after_s = max(1, math.ceil(retry_after_s))


@dataclass(frozen=True)
class Visitor:
    """Where a code comes from, as keyed hashes; None where the caller did not say."""

    network: str | None
    device: str | None
    lane: int


@dataclass(frozen=True)
class Admission:
    """`known_device`: it may offer a code although others may not now; `barred`: it is let in for that reason alone."""

    known_device: bool = False
    barred: bool = False


class Limits:
    """The limits. `key` (32 bytes) names networks and devices for ever. Every method works in the caller's transaction."""

    def __init__(self, key: bytes, rates: Rates | None = None) -> None:
        self._names = Pseudonyms(key)
        self._key = key
        self._rates = rates or Rates()

    def visitor(self, account_id: str | None, context: Context) -> Visitor:
        """Who stands behind the context. A device is known to its account only."""
        prefix = None if context.ip is None else self._names.prefix_key(context.ip)
        device = None
        if context.device_id is not None and account_id is not None:
            device = self._names.key_of("factor_device", f"{account_id}\x00{context.device_id}").hex()
        lane = crc32((account_id or "").encode()) % LANES
        return Visitor(None if prefix is None else prefix.hex(), device, lane)

    def name(self, challenge_id: str, code: str) -> str:
        """Keyed hash of a code that passed a challenge. Not cached: no code outlives its request in memory."""
        text = f"{challenge_id}\x00{code}".encode()
        return blake2b(text, digest_size=8, key=self._key, person=b"accepted_code").hexdigest()

    async def admit(
        self, connection: AsyncConnection, visitor: Visitor, factor_id: str | None, at: float
    ) -> Admission:
        """Whether a code may be offered now. Raises SlowDown, the same for every account and every code."""
        device = await _known_device(connection, visitor, factor_id, at)
        limit, wait_s = await self._reached(connection, visitor.network, at)
        if limit is None:
            return Admission(known_device=device)
        if device:
            return Admission(known_device=True, barred=True)
        CODES_SLOWED.labels(limit).inc()
        raise SlowDown(wait_s)

    async def refused(
        self, connection: AsyncConnection, visitor: Visitor, at: float, fleet: bool = True
    ) -> None:
        """Count a refused code against its network and, unless it was malformed, against the fleet."""
        if visitor.network is not None:
            forgiven = self._rates.network_refill_s
            later = case(
                (code_networks.c.spent_until > at, code_networks.c.spent_until + forgiven),
                else_=at + forgiven,
            )
            await _bump(
                connection,
                code_networks,
                {"network": visitor.network},
                {"spent_until": later},
                {"spent_until": at + forgiven},
            )
        if fleet:
            key = {"minute": int(at) // MINUTE_S, "lane": visitor.lane}
            more = {"refused": code_minutes.c.refused + 1}
            await _bump(connection, code_minutes, key, more, {"refused": 1})

    async def passed(self, connection: AsyncConnection, visitor: Visitor, factor_id: str, at: float) -> None:
        """Remember where a code passed; written once a day at most."""
        if visitor.network is not None:
            await _note_network(connection, visitor.network, at)
        if visitor.device is not None:
            await _note_device(connection, factor_id, visitor.device, at)

    async def spend_try(
        self, connection: AsyncConnection, visitor: Visitor, factor_id: str, at: float
    ) -> None:
        """Count a refused code against the known device that alone was let in."""
        table = factor_devices
        over = table.c.tries_since + DEVICE_PERIOD_S <= at
        await connection.execute(
            update(table)
            .where(table.c.factor_id == factor_id, table.c.device == visitor.device)
            .values(
                tries=case((over, 1), else_=table.c.tries + 1),
                tries_since=case((over, at), else_=table.c.tries_since),
            )
        )

    async def forget(self, connection: AsyncConnection, at: float) -> None:
        """Drop what no limit reads any more."""
        known_since, networks = at - KNOWN_S, code_networks
        unknown = or_(networks.c.passed_at.is_(None), networks.c.passed_at < known_since)
        await connection.execute(delete(code_minutes).where(code_minutes.c.minute < int(at) // MINUTE_S - 60))
        await connection.execute(delete(networks).where(networks.c.spent_until < at, unknown))
        await connection.execute(delete(factor_devices).where(factor_devices.c.passed_at < known_since))

    async def _reached(
        self, connection: AsyncConnection, network: str | None, at: float
    ) -> tuple[str | None, float]:
        """The limit that is reached, if any, and in how many seconds to come back."""
        if network is None:
            return None, 0.0
        most_s = (self._rates.network_codes - 1) * self._rates.network_refill_s
        row = await _network(connection, network, lock=False)
        if row is not None and row.spent_until - at > most_s / 2:
            # Near the limit its codes wait for each other; before, a count would only cost the honest time.
            row = await _network(connection, network, lock=True)
        if row is not None and row.spent_until - at > most_s:
            return "network", row.spent_until - at - most_s
        if row is not None and row.passed_at is not None and row.passed_at > at - KNOWN_S:
            return None, 0.0
        since = int(at) // MINUTE_S - FLEET_MINUTES
        refused = await connection.scalar(
            select(func.coalesce(func.sum(code_minutes.c.refused), 0)).where(code_minutes.c.minute > since)
        )
        return ("fleet", float(MINUTE_S)) if (refused or 0) >= self._rates.fleet_codes else (None, 0.0)


async def _network(connection: AsyncConnection, network: str, lock: bool) -> Any:
    query = select(code_networks.c.spent_until, code_networks.c.passed_at).where(
        code_networks.c.network == network
    )
    return (await connection.execute(query.with_for_update() if lock else query)).first()


async def _known_device(
    connection: AsyncConnection, visitor: Visitor, factor_id: str | None, at: float
) -> bool:
    """Whether the device is known and has a try left."""
    if visitor.device is None or factor_id is None:
        return False
    table = factor_devices
    found = await connection.scalar(
        select(table.c.device).where(
            table.c.factor_id == factor_id,
            table.c.device == visitor.device,
            table.c.passed_at > at - KNOWN_S,
            or_(table.c.tries < DEVICE_TRIES, table.c.tries_since + DEVICE_PERIOD_S <= at),
        )
    )
    return found is not None


async def _note_network(connection: AsyncConnection, network: str, at: float) -> None:
    table = code_networks
    row = await _network(connection, network, lock=False)
    if row is not None and row.passed_at is not None and row.passed_at > at - DAY_S:
        return
    await _bump(
        connection, table, {"network": network}, {"passed_at": at}, {"spent_until": 0.0, "passed_at": at}
    )


async def _note_device(connection: AsyncConnection, factor_id: str, device: str, at: float) -> None:
    table = factor_devices
    mine = and_(table.c.factor_id == factor_id, table.c.device == device)
    known = await connection.scalar(select(table.c.passed_at).where(mine))
    if known is not None and known > at - DAY_S:
        return
    key = {"factor_id": factor_id, "device": device}
    await _bump(connection, table, key, {"passed_at": at}, {"passed_at": at, "tries": 0, "tries_since": 0.0})
    kept = (
        select(table.c.device)
        .where(table.c.factor_id == factor_id)
        .order_by(table.c.passed_at.desc(), table.c.device)
        .limit(DEVICES_KEPT)
    )
    await connection.execute(delete(table).where(table.c.factor_id == factor_id, table.c.device.not_in(kept)))


async def _bump(
    connection: AsyncConnection,
    table: Table,
    key: dict[str, Any],
    changed: dict[str, Any],
    fresh: dict[str, Any],
) -> None:
    """Change the row of this key, or add it; two that add at once end as one row changed twice."""
    conditions: Sequence[Any] = [table.c[name] == value for name, value in key.items()]
    statement = update(table).where(*conditions).values(changed)
    if (await connection.execute(statement)).rowcount:
        return
    added = await connection.execute(
        insert_new(table).values(**key, **fresh).returning(table.c[next(iter(key))])
    )
    if added.first() is None:
        await connection.execute(statement)
