"""Limits beside a factor's own lock: per network, over the whole fleet, and a way in for a device that is known.

Everything is in SQL, counted in the transaction that judges the code, so that processes share it, a pass or refusal and
its count become true together, and a Redis that lost its memory frees nobody. Rows are locked in the order challenge,
factor, network, device, fleet, audit: whoever counts keeps to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from sqlalchemy import Table, and_, case, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.mfa.limit_records import (
    UNPAID,
    Admission,
    ClientContext,
    Device,
    Network,
    RateLimitReservation,
    Rates,
    Seen,
    SlowDown,
)
from services.mfa.limit_tables import code_minutes, code_networks, factor_devices
from services.mfa.visitors import Visitors
from services.platform.database import insert_new
from services.platform.metrics import CODES_SLOWED
from services.platform.statement_pool import PooledConnection, Statement

MINUTE_S = 60
DAY_S = 86_400.0
#: Minutes over which the fleet's refused codes are added up.
FLEET_MINUTES = 5
#: How long a pass makes a network or a device known.
KNOWN_S = 90 * DAY_S
#: Refused codes that a known device may offer within DEVICE_PERIOD_S while others are kept out.
DEVICE_TRIES = 3
DEVICE_PERIOD_S = 1800.0
#: Refused codes since the last pass on it with which a known device is a stranger again.
DEVICE_FAILURES = 10
#: Devices kept of a factor: so many times DEVICE_TRIES is what stolen device ids can add to a lock's five.
DEVICES_KEPT = 4

#: `_is_sprayed` and `_charge` in one.
_BOOK = Statement("""
WITH fleet AS (SELECT coalesce(sum(refused), 0) AS refused FROM code_minutes WHERE minute > %(since)s)
INSERT INTO code_networks (network, spent_until)
SELECT %(network)s, CAST(%(at)s AS double precision) + %(refill_s)s FROM fleet WHERE %(passed)s OR refused < %(fleet_codes)s
ON CONFLICT (network) DO UPDATE
SET spent_until = greatest(code_networks.spent_until, %(at)s) + %(refill_s)s
WHERE code_networks.spent_until <= %(most)s
RETURNING network
""")


class Limits:
    """The limits. `key` (32 bytes) names networks and devices for ever. Every method works in the caller's transaction."""

    def __init__(self, key: bytes, rates: Rates | None = None) -> None:
        #: visitor(account_id, context): who stands behind the context
        self.visitor = Visitors(key).of
        self._key = key
        self._rates = rates or Rates()

    @property
    def refill_s(self) -> float:
        """Seconds after which one refused code of a network is forgiven."""
        return self._rates.network_refill_s

    def name(self, challenge_id: str, code: str) -> str:
        """Keyed hash of a code that passed a challenge. Not cached: no code outlives its request in memory."""
        text = f"{challenge_id}\x00{code}".encode()
        return blake2b(text, digest_size=8, key=self._key, person=b"accepted_code").hexdigest()

    async def look(self, connection: AsyncConnection, visitor: ClientContext, factor_id: str | None) -> Seen:
        """What is known of a visitor; of its device only with the factor that it would be known to."""
        network, device = None, None
        if visitor.network is not None:
            network = await _network(connection, visitor.network)
        if visitor.device is not None and factor_id is not None:
            table = factor_devices
            query = select(table.c.passed_at, table.c.tries, table.c.tries_since, table.c.failures)
            mine = query.where(table.c.factor_id == factor_id, table.c.device == visitor.device)
            row = (await connection.execute(mine)).first()
            device = None if row is None else Device(*row)
        return Seen(network, device)

    def is_clear(self, visitor: ClientContext, seen: Seen, at: float) -> bool:
        """Whether the network needs no booking: nobody said which, or codes pass from there and none was refused lately."""
        known = seen.network
        return visitor.network is None or (
            known is not None and known.spent_until <= at and _is_known(known.passed_at, at)
        )

    async def book(
        self, connection: AsyncConnection, visitor: ClientContext, at: float
    ) -> RateLimitReservation:
        """Charge the network a refused code in advance, so that no two processes let one too many in.

        It holds the network's row until the transaction ends: let that be soon.
        """
        if visitor.network is None:
            return UNPAID
        known = await _network(connection, visitor.network)
        passed = known is not None and _is_known(known.passed_at, at)
        if not passed and await self._is_sprayed(connection, at):
            return RateLimitReservation(limit="fleet", wait_s=float(MINUTE_S))
        if await self._charge(connection, visitor.network, at, at + self._most_s):
            return RateLimitReservation(charged=True)
        known = await _network(connection, visitor.network)
        owed_s = 0.0 if known is None else known.spent_until - at
        return RateLimitReservation(limit="network", wait_s=owed_s - self._most_s)

    async def book_at_once(
        self, connection: PooledConnection, visitor: ClientContext, seen: Seen, at: float
    ) -> RateLimitReservation | None:
        """As `book`, in one statement that is its own transaction; None when a limit is reached: ask `book` which."""
        values = {
            "network": visitor.network,
            "passed": seen.network is not None and _is_known(seen.network.passed_at, at),
            "since": int(at) // MINUTE_S - FLEET_MINUTES,
            "fleet_codes": self._rates.fleet_codes,
            "at": at,
            "refill_s": self.refill_s,
            "most": at + self._most_s,
        }
        return None if await connection.first(_BOOK, values) is None else RateLimitReservation(charged=True)

    def admit(self, seen: Seen, booking: RateLimitReservation, at: float) -> Admission:
        """Whether a code may be compared. Raises SlowDown, the same for every account and every code."""
        device = seen.device
        known = knows(seen, at)
        has_tries = device is not None and (
            device.tries < DEVICE_TRIES or device.tries_since + DEVICE_PERIOD_S <= at
        )
        if booking.limit is None:
            return Admission(known, known and has_tries)
        if known and has_tries:
            return Admission(known=True, known_device=True, barred=True)
        CODES_SLOWED.labels(booking.limit).inc()
        raise SlowDown(booking.wait_s)

    async def refused(
        self, connection: AsyncConnection, visitor: ClientContext, booking: RateLimitReservation, at: float
    ) -> None:
        """Count a refused code against its network, unless that paid before, and against the fleet.

        A network at its limit owes no more, and adds nothing to the fleet's: else those who are let in beside the limits, and
        whoever pretends to be, could make it last, or bring everybody's about.
        """
        network = None if booking.charged else visitor.network
        if network is not None and not await self._charge(connection, network, at, at + self._most_s):
            return
        key = {"minute": int(at) // MINUTE_S, "lane": visitor.lane}
        more = {"refused": code_minutes.c.refused + 1}
        await _bump(connection, code_minutes, key, more, {"refused": 1})

    async def give_back(
        self, connection: AsyncConnection, visitor: ClientContext, booking: RateLimitReservation
    ) -> None:
        """Undo what was booked for a code that was not refused."""
        if booking.charged:
            table = code_networks
            less = {"spent_until": table.c.spent_until - self._rates.network_refill_s}
            await connection.execute(update(table).where(table.c.network == visitor.network).values(less))

    async def passed(
        self, connection: AsyncConnection, visitor: ClientContext, seen: Seen, factor_id: str, at: float
    ) -> None:
        """Remember where a code passed; written once a day at most."""
        network, device = seen.network, seen.device
        if visitor.network is not None and not is_of_today(
            None if network is None else network.passed_at, at
        ):
            key, fresh = {"network": visitor.network}, {"spent_until": 0.0, "passed_at": at}
            await _bump(connection, code_networks, key, {"passed_at": at}, fresh)
        if visitor.device is not None and is_to_note(device, at):
            await _note_device(connection, factor_id, visitor.device, at)

    async def spend_try(
        self,
        connection: AsyncConnection,
        visitor: ClientContext,
        factor_id: str,
        at: float,
        let_in: bool,
        failed: bool,
    ) -> None:
        """Count a refused code against a known device: a try if it alone was `let_in`, and a failure if it `failed`."""
        table = factor_devices
        over = table.c.tries_since + DEVICE_PERIOD_S <= at
        tries = {
            "tries": case((over, 1), else_=table.c.tries + 1),
            "tries_since": case((over, at), else_=table.c.tries_since),
        }
        await connection.execute(
            update(table)
            .where(table.c.factor_id == factor_id, table.c.device == visitor.device)
            .values(failures=table.c.failures + int(failed), **(tries if let_in else {}))
        )

    async def forget(self, connection: AsyncConnection, at: float) -> None:
        """Drop what no limit reads any more."""
        known_since, networks = at - KNOWN_S, code_networks
        unknown = or_(networks.c.passed_at.is_(None), networks.c.passed_at < known_since)
        await connection.execute(delete(code_minutes).where(code_minutes.c.minute < int(at) // MINUTE_S - 60))
        await connection.execute(delete(networks).where(networks.c.spent_until < at, unknown))
        await connection.execute(delete(factor_devices).where(factor_devices.c.passed_at < known_since))

    @property
    def _most_s(self) -> float:
        """How far ahead of now a network may owe, for one more refused code to be borne."""
        return (self._rates.network_codes - 1) * self._rates.network_refill_s

    async def _charge(self, connection: AsyncConnection, network: str, at: float, most: float) -> bool:
        """Add a refused code to the network unless that is past the time `most` already; whether it was added."""
        table, refill_s = code_networks, self._rates.network_refill_s
        later = case((table.c.spent_until > at, table.c.spent_until + refill_s), else_=at + refill_s)
        mine = table.c.network == network
        statement = update(table).where(mine, table.c.spent_until <= most).values(spent_until=later)
        if (await connection.execute(statement)).rowcount:
            return True
        fresh = insert_new(table).values(network=network, spent_until=at + refill_s)
        if (await connection.execute(fresh.returning(table.c.network))).first() is not None:
            return True
        return bool((await connection.execute(statement)).rowcount)

    async def _is_sprayed(self, connection: AsyncConnection, at: float) -> bool:
        """Whether more codes were refused everywhere than a fleet of honest people comes to."""
        since = int(at) // MINUTE_S - FLEET_MINUTES
        total = select(func.coalesce(func.sum(code_minutes.c.refused), 0)).where(
            code_minutes.c.minute > since
        )
        return int(await connection.scalar(total) or 0) >= self._rates.fleet_codes


def _is_known(passed_at: float | None, at: float) -> bool:
    return passed_at is not None and passed_at > at - KNOWN_S


def knows(seen: Seen, at: float) -> bool:
    """Whether the factor's owner passed on the device, not long ago, and it has not failed too often since."""
    device = seen.device
    return device is not None and device.failures < DEVICE_FAILURES and _is_known(device.passed_at, at)


def is_to_note(device: Device | None, at: float) -> bool:
    """Whether a pass on the device at epoch seconds `at` must be written."""
    return device is None or device.failures > 0 or not is_of_today(device.passed_at, at)


def is_of_today(passed_at: float | None, at: float) -> bool:
    """Whether a pass at `passed_at` needs no new note at epoch seconds `at`: it is written once a day at most."""
    return passed_at is not None and passed_at > at - DAY_S


async def _network(connection: AsyncConnection, network: str) -> Network | None:
    table = code_networks
    query = select(table.c.spent_until, table.c.passed_at).where(table.c.network == network)
    row = (await connection.execute(query)).first()
    return None if row is None else Network(*row)


async def _note_device(connection: AsyncConnection, factor_id: str, device: str, at: float) -> None:
    table = factor_devices
    key = {"factor_id": factor_id, "device": device}
    fresh = {"passed_at": at, "tries": 0, "tries_since": 0.0, "failures": 0}
    await _bump(connection, table, key, {"passed_at": at, "failures": 0}, fresh)
    mine = table.c.factor_id == factor_id
    kept = select(table.c.device).where(mine).order_by(table.c.passed_at.desc(), table.c.device)
    surplus = and_(mine, table.c.device.not_in(kept.limit(DEVICES_KEPT)))
    await connection.execute(delete(table).where(surplus))


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
