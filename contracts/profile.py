"""What we remember of one account, as every detector sees it: the account as it was before the event.

Only `services.memory.learning` writes it. Names of devices, networks and payees are keyed hashes (`Key`); ASN and country
are in clear. Times are epoch seconds. Arrays on the wire: fields are only ever added at the end, with a
default; anything else is a new schema version with an upgrade (`services.memory.codec`).
"""

from __future__ import annotations

from math import exp

from msgspec import Struct, field

from contracts.money import Amounts, AmountStatistics, Velocities, Velocity
from contracts.sightings import Countries, Fix, Fixes, Key, Seen, Sightings

__all__ = [
    "AmountStatistics",
    "Amounts",
    "Countries",
    "Facts",
    "Fix",
    "Fixes",
    "Key",
    "Pending",
    "Profile",
    "Seen",
    "Sightings",
    "Velocities",
    "Velocity",
    "decayed",
]

MAX_DEVICES = 12
MAX_NETWORKS = 16
MAX_COUNTRIES = 12
MAX_FIXES = 4
MAX_FAILURES = 12
MAX_PAYEES = 32
MAX_PENDING = 8
MAX_EVENT_IDS = 64
EVENT_ID_BYTES = 8
HOUR_S = 3600.0
DAY_S = 86400.0


class Facts(Struct, array_like=True, frozen=True, gc=False):
    """What one event would teach: kept pending while its challenge is open."""

    type: str
    at: float
    device: Key | None = None
    network: Key | None = None
    country: str | None = None
    fix: Fix | None = None
    payee: Key | None = None
    kind: str | None = None
    currency: str | None = None
    value: float = 0.0


class Pending(Struct, array_like=True, frozen=True, gc=False):
    """Facts of a held event, by the key of its event id, until `expires_at` (event time).

    `matures_at` (0: never) is when facts that nobody was challenged about count as the owner's, if nobody objected.
    """

    event_key: Key
    expires_at: float
    facts: Facts
    matures_at: float = 0.0


class Profile(Struct, array_like=True, gc=False):
    """Everything remembered of one account. Tables are packed rows; the properties are views of them."""

    first_at: float = 0.0
    last_at: float = 0.0
    events: int = 0
    #: successful logins learned, and login failures since the last learned success
    logins: int = 0
    failures_in_row: int = 0
    #: times of the most recent login failures, ascending, at most MAX_FAILURES
    failures: list[float] = []
    device_rows: bytearray = field(default_factory=bytearray)
    network_rows: bytearray = field(default_factory=bytearray)
    country_rows: bytearray = field(default_factory=bytearray)
    #: most recent places by event time, ascending, at most MAX_FIXES
    fix_rows: bytearray = field(default_factory=bytearray)
    #: money: learned transactions (not failed, not refunds), statistics by kind and currency, velocity by currency
    transactions: int = 0
    amount_rows: bytearray = field(default_factory=bytearray)
    velocity_rows: bytearray = field(default_factory=bytearray)
    #: most recent payees, and the decayed share of transactions that went to a new one
    payee_rows: bytearray = field(default_factory=bytearray)
    new_payee_rate: float = 0.0
    #: second factor
    has_factor: bool = False
    failed_challenges: list[float] = []
    passed_challenge_at: float = 0.0
    pending: list[Pending] = []
    #: keyed hashes of the last MAX_EVENT_IDS event ids, EVENT_ID_BYTES each, oldest first
    event_ids: bytearray = field(default_factory=bytearray)
    #: detectors' own memories by detector name: (version, packed)
    slots: dict[str, tuple[int, bytes]] = {}
    #: reports and labels against the account: time of the last "not me" or fraud verdict
    reported_at: float = 0.0

    @property
    def devices(self) -> Sightings:
        """Devices by key, at most MAX_DEVICES."""
        return Sightings(self.device_rows)

    @property
    def networks(self) -> Sightings:
        """Networks by key, at most MAX_NETWORKS."""
        return Sightings(self.network_rows)

    @property
    def countries(self) -> Countries:
        """Countries by code, at most MAX_COUNTRIES."""
        return Countries(self.country_rows)

    @property
    def fixes(self) -> Fixes:
        """The most recent places."""
        return Fixes(self.fix_rows)

    @property
    def amounts(self) -> Amounts:
        """Amounts by kind and currency."""
        return Amounts(self.amount_rows)

    @property
    def velocity(self) -> Velocities:
        """Velocity by currency."""
        return Velocities(self.velocity_rows)

    @property
    def payees(self) -> Sightings:
        """Payees by key, at most MAX_PAYEES."""
        return Sightings(self.payee_rows)


def decayed(amount: float, since_s: float, time_constant_s: float) -> float:
    """`amount * exp(-since/tau)`; a negative interval (a late event) decays nothing."""
    if since_s <= 0.0 or amount == 0.0:
        return amount
    return amount * exp(-since_s / time_constant_s)
