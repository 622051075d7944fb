"""What we remember of one account, as every detector sees it: the account as it was before the event.

Only `services.memory.learning` and, of freezes, `services.memory.freezes` write it.
Names of devices, networks and payees are keyed hashes (`Key`); ASN and country
are in clear. Times are epoch seconds. Arrays on the wire: fields are only ever added at the end, with a
default; anything else is a new schema version with an upgrade (`services.memory.codec`).
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp
from struct import Struct as Layout
from typing import Any

from msgspec import Struct, field

from contracts.frozen import Frozen
from contracts.money import (
    Amounts,
    AmountStatistics,
    Nine,
    Velocities,
    Velocity,
)
from contracts.sightings import (
    SEEN_BYTES,
    Countries,
    Fix,
    Fixes,
    Key,
    Seen,
    Sightings,
    row_of,
    see_known_again,
    stay,
)
from contracts.traits import Traits, see_latest_again
from contracts.waiting import Waiting

__all__ = [
    "AmountStatistics",
    "Amounts",
    "Countries",
    "Facts",
    "Fix",
    "Fixes",
    "Frozen",
    "Key",
    "Profile",
    "Quarantined",
    "Seen",
    "Sightings",
    "Traits",
    "Velocities",
    "Velocity",
    "Waiting",
    "decayed",
]

MAX_DEVICES = 12
MAX_NETWORKS = 16
MAX_COUNTRIES = 12
MAX_FIXES = 4
MAX_FAILURES = 12
MAX_PAYEES = 32
MAX_QUARANTINED = 8
MAX_CHALLENGES = 12
MAX_EVENT_IDS = 48
#: Of the content of the event beside each id (`contracts.decisions`); zeros for one noted before contents were.
DIGEST_BYTES = 4
NO_DIGEST = bytes(DIGEST_BYTES)
#: So many of these keys know a stranger by mistake once in 6 * 10^12 events.
EVENT_ID_BYTES = 6
#: Layout of the visit: device, address, digest of the coordinates (0: none), country, network, user agent among the traits.
VISIT = Layout("<8s8sI2s8s4s")
NO_KEY, NO_COUNTRY = bytes(8), bytes(2)
_Visit = tuple[Any, ...]
_Write = Callable[["Profile", bytearray, _Visit], None]
HOUR_S = 3600.0
DAY_S = 86400.0
#: A table of hours of the day (UTC) holds a byte an hour; when one reaches MOST_IN_AN_HOUR all are halved, so old counts fade.
HOURS = 24
MOST_IN_AN_HOUR = 64


class Facts(Struct, array_like=True, frozen=True, gc=False):
    """What one event would teach: quarantined while its challenge is open."""

    type: str
    at: float
    device: Key | None = None
    network: Key | None = None
    country: str | None = None
    #: latitude, longitude, accuracy in km and the address, where there are coordinates
    fix: tuple[float, float, float, Key] | None = None
    payee: Key | None = None
    kind: str | None = None
    currency: str | None = None
    value: float = 0.0
    traits: bytes = b""


class Quarantined(Struct, array_like=True, frozen=True, gc=False):
    """Facts of a held event, by the key of its event id.

    `auto_release` is for facts that nobody was challenged about: after a while they count as the owner's, if nobody objected.
    `asks_owner`: there was no code to ask for, and the owner's word is waited for.
    """

    event_key: Key
    facts: Facts
    auto_release: bool = False
    asks_owner: bool = False


class Profile(Struct, array_like=True, gc=False):
    """Everything remembered of one account. Tables are packed rows; the properties are views of them.

    Read devices, networks, countries, places and traits through their views: those count the visit too.
    """

    #: event times of the first and the last event, in whole seconds
    first_at: int = 0
    last_at: int = 0
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
    passed_challenge_at: int = 0
    quarantined: list[Quarantined] = []
    #: keyed hashes of the last MAX_EVENT_IDS event ids, EVENT_ID_BYTES each, oldest first
    event_ids: bytearray = field(default_factory=bytearray)
    #: detectors' own memories by detector name: (version, packed)
    slots: dict[str, tuple[int, bytes]] = {}
    #: reports and labels against the account: time of the last "not me" or fraud verdict
    reported_at: int = 0
    #: the till (`services.memory.till`): kind and currency moved last, with what is not in the rows of them
    till_kind: str = ""
    till_currency: str = ""
    till_amount: tuple[int, float, float] = (0, 0.0, 0.0)
    till_velocity: Nine | None = None
    #: the visit (`services.memory.glance`): where the latest events come from, and how many are not yet in the rows
    visit: bytes = b""
    visit_at: float = 0.0
    visit_count: int = 0
    #: decayed counts of what events had in common (`contracts.traits`); logins and money by hour of the day (`see_hour`)
    trait_rows: bytearray = field(default_factory=bytearray)
    login_hours: bytearray = field(default_factory=bytearray)
    money_hours: bytearray = field(default_factory=bytearray)
    #: event times of the last challenges asked for, ascending, at most MAX_CHALLENGES
    challenge_times: list[float] = []
    #: the second factor was disabled, as wrong codes left no way to pass it
    factor_disabled: bool = False
    #: digests of the contents of the events in `event_ids`, DIGEST_BYTES each, oldest first
    event_digests: bytearray = field(default_factory=bytearray)
    #: payments that were stopped and have not ended, at most MAX_WAITING, oldest first
    waiting: list[Waiting] = []
    #: event times of the last event that was challenged or held, and of an authenticator enrolled because of that
    asked_at: int = 0
    enrolled_as_asked_at: float = 0.0
    #: outgoing money is stopped (`services.memory.freezes`)
    frozen: Frozen | None = None

    def settle(self) -> None:
        """Write to the rows what the visit has counted; it goes on. What is remembered stays the same.

        Only learning does so: what is stored must not depend on who read.
        """
        if self.visit_count:
            visit = VISIT.unpack(self.visit)
            _devices_again(self, self.device_rows, visit)
            _networks_again(self, self.network_rows, visit)
            _countries_again(self, self.country_rows, visit)
            _stay_on(self, self.fix_rows, visit)
            _traits_again(self, self.trait_rows, visit)
            self.visit_count = 0

    def _with_visit(self, rows: bytearray, write: _Write) -> bytearray:
        if not self.visit_count:
            return rows
        rows = rows.copy()
        write(self, rows, VISIT.unpack(self.visit))
        return rows

    @property
    def devices(self) -> Sightings:
        """Devices by key, at most MAX_DEVICES."""
        return Sightings(self._with_visit(self.device_rows, _devices_again))

    def knows_device(self, key: Key | None) -> bool:
        """Whether the device is known: `key in devices` for those who ask often, as it copies nothing."""
        return key is not None and row_of(self.device_rows, key, SEEN_BYTES) >= 0

    @property
    def networks(self) -> Sightings:
        """Networks by key, at most MAX_NETWORKS."""
        return Sightings(self._with_visit(self.network_rows, _networks_again))

    @property
    def countries(self) -> Countries:
        """Countries by code, at most MAX_COUNTRIES."""
        return Countries(self._with_visit(self.country_rows, _countries_again))

    @property
    def fixes(self) -> Fixes:
        """The most recent places."""
        return Fixes(self._with_visit(self.fix_rows, _stay_on))

    @property
    def traits(self) -> Traits:
        """Decayed counts of addresses, agents and their kin."""
        return Traits(self._with_visit(self.trait_rows, _traits_again))

    @property
    def amounts(self) -> Amounts:
        """Amounts by kind and currency."""
        return Amounts(self.amount_rows, (self.till_kind, self.till_currency), self.till_amount)

    @property
    def velocity(self) -> Velocities:
        """Velocity by currency."""
        return Velocities(self.velocity_rows, self.till_currency, self.till_velocity)

    @property
    def payees(self) -> Sightings:
        """Payees by key, at most MAX_PAYEES."""
        return Sightings(self.payee_rows)


def _devices_again(profile: Profile, rows: bytearray, visit: _Visit) -> None:
    device, _, _, _, _, _ = visit
    see_known_again(rows, device, profile.visit_at, profile.visit_count)


def _networks_again(profile: Profile, rows: bytearray, visit: _Visit) -> None:
    _, _, _, _, network, _ = visit
    if network != NO_KEY:
        see_known_again(rows, network, profile.visit_at, profile.visit_count)


def _countries_again(profile: Profile, rows: bytearray, visit: _Visit) -> None:
    _, _, _, country, _, _ = visit
    if country != NO_COUNTRY:
        see_known_again(rows, country, profile.visit_at, profile.visit_count)


def _stay_on(profile: Profile, rows: bytearray, visit: _Visit) -> None:
    _, ip_key, place, _, _, _ = visit
    if place:
        stay(rows, profile.visit_at, ip_key)


def _traits_again(profile: Profile, rows: bytearray, visit: _Visit) -> None:
    see_latest_again(rows, profile.visit_at, profile.visit_count)


def decayed(amount: float, since_s: float, time_constant_s: float) -> float:
    """`amount * exp(-since/tau)`; a negative interval (a late event) decays nothing."""
    if since_s <= 0.0 or amount == 0.0:
        return amount
    return amount * exp(-since_s / time_constant_s)


def hour_of(at: float) -> int:
    """The hour of the day, 0..23 UTC, of epoch seconds."""
    return int(at / HOUR_S) % HOURS


def see_hour(hours: bytearray, at: float) -> None:
    """Count an event at `at` in a table of hours; an empty one is made whole first."""
    if not hours:
        hours += bytes(HOURS)
    hour = int(at / HOUR_S) % HOURS
    count = hours[hour] = hours[hour] + 1
    if count >= MOST_IN_AN_HOUR:
        hours[:] = bytes([count >> 1 for count in hours])
