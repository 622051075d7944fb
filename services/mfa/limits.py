"""Limits beside a factor's own lock: per network, over the whole fleet, and a way in for a device that is known.

Everything is in SQL, counted in the transaction that judges the code, so that processes share it, a pass or refusal and
its count become true together, and a Redis that lost its memory frees nobody. Rows are locked in the order challenge,
factor, device, network, fleet, audit: whoever counts keeps to it.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

from sqlalchemy import delete, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.mfa.limit_records import (
    UNPAID,
    Admission,
    ClientContext,
    Device,
    RateLimitReservation,
    Rates,
    Seen,
    SlowDown,
)
from services.mfa.limit_tables import code_minutes, code_networks, factor_devices
from services.mfa.visitors import Visitors
from services.platform.metrics import CODES_SLOWED
from services.platform.statements import Statement, Statements

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

#: Adds a refused code to a network that owes no more than it may.
CHARGE = """
INSERT INTO code_networks (network, spent_until)
SELECT CAST(%(network)s AS text), CAST(%(at)s AS double precision) + %(refill_s)s FROM {after} WHERE {condition}
ON CONFLICT (network) DO UPDATE
SET spent_until = %(refill_s)s + CASE
  WHEN code_networks.spent_until > %(at)s THEN code_networks.spent_until ELSE CAST(%(at)s AS double precision)
END
WHERE code_networks.spent_until <= %(most)s RETURNING 1 AS done
"""
_REFUSED = "(SELECT coalesce(sum(refused), 0) FROM code_minutes WHERE minute > %(since)s)"
_PASSED = "SELECT 1 FROM code_networks WHERE network = %(network)s AND passed_at > %(known_since)s"
_BOOK = Statement(
    CHARGE.format(
        after="(SELECT 1) AS asked",
        condition=_REFUSED + " < %(fleet_codes)s OR EXISTS (" + _PASSED + ")",
    )
)
_REACHED = """
SELECT spent_until, passed_at, {refused} AS refused
FROM (SELECT 1) AS asked LEFT JOIN code_networks ON network = %(network)s
"""
_LIMITS = Statement(_REACHED.format(refused=_REFUSED))


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

    def is_clear(self, visitor: ClientContext, seen: Seen, at: float) -> bool:
        """Whether the network needs no booking: nobody said which, or codes pass from there and none was refused lately."""
        known = seen.network
        return visitor.network is None or (
            known is not None and known.spent_until <= at and _is_known(known.passed_at, at)
        )

    async def book(self, asked: Statements, visitor: ClientContext, at: float) -> RateLimitReservation:
        """Charge the network a refused code in advance, so that no two processes let one too many in.

        It holds the network's row until the transaction ends: let that be soon.
        """
        if visitor.network is None:
            return UNPAID
        values = {
            **self.charge(visitor, at),
            "known_since": at - KNOWN_S,
            "since": int(at) // MINUTE_S - FLEET_MINUTES,
            "fleet_codes": self._rates.fleet_codes,
        }
        if await asked.first(_BOOK, values) is not None:
            return RateLimitReservation(charged=True)
        reached = await asked.first(_LIMITS, values)
        assert reached is not None
        if reached["refused"] >= self._rates.fleet_codes and not _is_known(reached["passed_at"], at):
            return RateLimitReservation(limit="fleet", wait_s=float(MINUTE_S))
        return RateLimitReservation(
            limit="network", wait_s=(reached["spent_until"] or at) - at - self._most_s
        )

    def charge(self, visitor: ClientContext, at: float) -> dict[str, Any]:
        """What `CHARGE` is run with."""
        return {"network": visitor.network, "at": at, "refill_s": self.refill_s, "most": at + self._most_s}

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
