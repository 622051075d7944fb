"""Small builders of events and profiles for detector tests, and `ask`, which puts one question to one detector."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from types import ModuleType
from typing import Any, Literal, TypeVar

from msgspec import Struct, msgpack, structs

from contracts.events import AccountChange, AnyEvent, Device, Login, Network, Place, Transaction
from contracts.findings import Finding
from contracts.profile import (
    DAY_S,
    HOUR_S,
    Amounts,
    AmountStatistics,
    Countries,
    Fix,
    Fixes,
    Profile,
    Seen,
    Sightings,
    Velocities,
    Velocity,
)
from contracts.traits import ALL, LEVELS, TRAIT_BYTES, WITH, nothing

NOW = 1_760_000_000.0
ACCOUNT = "account-0001"
SHANGHAI = Place("CN", "Shanghai", 31.23, 121.47, 20.0)
SUZHOU = Place("CN", "Suzhou", 31.30, 120.62, 20.0)
BEIJING = Place("CN", "Beijing", 39.90, 116.40, 20.0)
NEW_YORK = Place("US", "New York", 40.71, -74.01, 20.0)
Kind = Literal["unknown", "residential", "mobile", "hosting", "vpn", "tor", "relay", "satellite"]
#: A user agent: browser, version, system and kind of device.
AGENT = "Chrome 133 Android phone"
T = TypeVar("T", bound=Struct | None)


def key(name: str) -> bytes:
    """The 8 bytes that stand for a device, network, address or payee of this name."""
    return name.encode().ljust(8, b".")[:8]


def traits(
    device: str | None, ip: str | None, network: str | None, place: Place | None, agent: str | None
) -> bytes:
    """Traits by level; of "home-ip~2" the prefix is "home-ip"."""
    words = [None] * 4 if agent is None else agent.split()
    named = {
        "address": ip, "prefix": None if ip is None else ip.partition("~")[0], "network": network,
        "country": None if place is None else place.country, "agent": agent, "browser": words[0],
        "system": words[2], "kind": words[3], "device": device,
    }  # fmt: skip
    return b"".join(ALL if level == "all" else _trait(level, named[level]) for level in LEVELS)


def _trait(level: str, name: str | None) -> bytes:
    if name is None:
        return nothing(level)
    return blake2b(f"{level} {name}".encode(), digest_size=TRAIT_BYTES).digest()


def origin(
    device: str | None,
    ip: str | None,
    network: str | None,
    place: Place | None,
    kind: Kind,
    agent: str | None = AGENT,
) -> dict[str, Any]:
    """What an activity tells of where it came from; None leaves it untold."""
    keys = traits(device, ip, network, place, agent)
    return {
        "traits": keys,
        "address_traits": keys[: 2 * TRAIT_BYTES],
        "agent_traits": keys[WITH][: 4 * TRAIT_BYTES],
        "device_id": None if device is None else f"device-id-{device}",
        "device_key": None if device is None else key(device),
        "ip": None if ip is None else "198.51.100.7",
        "ip_key": None if ip is None else key(ip),
        "network": None if network is None else Network(64500, "Example Net", kind),
        "network_key": None if network is None else key(network),
        "place": place,
        "device": Device("phone", "Android", "Chrome"),
        "session_id": "session-0001",
        "user_agent": "agent-text-0001",
    }


def login(
    at: float = NOW,
    *,
    outcome: Literal["success", "failure"] = "success",
    device: str | None = "phone",
    ip: str | None = "home-ip",
    network: str | None = "home",
    place: Place | None = SHANGHAI,
    kind: Kind = "residential",
    agent: str | None = AGENT,
) -> Login:
    """A login of the owner at home, unless told otherwise."""
    where = origin(device, ip, network, place, kind, agent)
    return Login(
        event_id="event-0001", account_id=ACCOUNT, occurred_at=round(at * 1000), outcome=outcome, **where
    )


def transaction(
    amount: float = 50.0,
    at: float = NOW,
    *,
    payee: str | None = "grocer",
    currency: str = "CNY",
    movement: str = "payment",
    status: str = "requested",
    device: str | None = "phone",
    ip: str | None = "home-ip",
    place: Place | None = SHANGHAI,
) -> Transaction:
    """A payment of the owner to the usual shop, unless told otherwise; `movement` is the transaction's kind."""
    money: dict[str, Any] = {"kind": movement, "status": status, "amount": f"{amount:.2f}"}
    return Transaction(
        event_id="event-0002",
        account_id=ACCOUNT,
        occurred_at=round(at * 1000),
        currency=currency,
        payee_id=None if payee is None else f"payee-id-{payee}",
        payee_key=None if payee is None else key(payee),
        **money,
        **origin(device, ip, "home", place, "residential"),
    )


def change(what: str = "password_reset", at: float = NOW, *, device: str | None = "phone") -> AccountChange:
    """A change to the account from the owner's device, unless told otherwise."""
    fields: dict[str, Any] = {"change": what}
    where = origin(device, "home-ip", "home", SHANGHAI, "residential")
    return AccountChange(
        event_id="event-0003", account_id=ACCOUNT, occurred_at=round(at * 1000), **fields, **where
    )


def seen(names: Sequence[str], count: int, at: float = NOW, age_s: float = 90 * DAY_S) -> dict[bytes, Seen]:
    """Things seen `count` times each, first `age_s` seconds ago."""
    return {key(name): Seen(int(at - age_s), int(at - 3600), count) for name in names}


def settled(
    logins: int = 40,
    *,
    devices: Sequence[str] = ("phone",),
    networks: Sequence[str] = ("home",),
    countries: Sequence[str] = ("CN",),
    **fields: Any,
) -> Profile:
    """An account with habits: `logins` logins, spread evenly over its devices, networks and countries."""
    known: dict[str, Any] = {
        "first_at": NOW - 90 * DAY_S,
        "last_at": NOW - 3600,
        "events": 2 * logins,
        "logins": logins,
        "devices": seen(devices, logins // max(len(devices), 1)),
        "networks": seen(networks, logins // max(len(networks), 1)),
        "countries": {
            name: Seen(int(NOW - 90 * DAY_S), int(NOW - 3600), logins // len(countries)) for name in countries
        },
    }
    return profile_of(**{**known, **fields})


_WHOLE_SECONDS = ("first_at", "last_at", "passed_challenge_at", "reported_at")


def profile_of(**fields: Any) -> Profile:
    """A profile from its fields; tables may be told as mappings or sequences under their views' names."""
    tables: dict[str, tuple[str, Any]] = {
        "devices": ("device_rows", Sightings.of),
        "networks": ("network_rows", Sightings.of),
        "countries": ("country_rows", Countries.of),
        "fixes": ("fix_rows", Fixes.of),
        "amounts": ("amount_rows", Amounts.table),
        "velocity": ("velocity_rows", Velocities.table),
        "payees": ("payee_rows", Sightings.of),
    }
    told = {name: fields.pop(name) for name in tables if name in fields}
    rows = {tables[name][0]: tables[name][1](table).rows for name, table in told.items()}
    seconds: dict[str, Any] = {name: int(fields.pop(name)) for name in _WHOLE_SECONDS if name in fields}
    return Profile(**rows, **seconds, **fields)


def payer(
    transactions: int = 40, *, payees: Sequence[str] = ("grocer", "landlord"), **fields: Any
) -> Profile:
    """A settled account that pays about 50 CNY once a day, to the same payees."""
    once_a_day = Velocity(NOW - DAY_S, 1.0, 1.6, 7.5, 20.0, 50.0, 80.0, 375.0, 1000.0)
    known: dict[str, Any] = {
        "transactions": transactions,
        "amounts": {("payment", "CNY"): AmountStatistics(transactions, 3.93, 0.2)},
        "velocity": {"CNY": once_a_day},
        "payees": seen(payees, transactions // max(len(payees), 1)),
        "new_payee_rate": 0.05,
    }
    return settled(**{**known, **fields})


def fix(place: Place, at: float, ip: str = "other-ip") -> Fix:
    """The account was at this place at this time, over this address."""
    assert place.latitude is not None
    assert place.longitude is not None
    return Fix(at, place.latitude, place.longitude, place.accuracy_km, key(ip), place.country)


@dataclass(frozen=True)
class Case:
    """One question to a detector, and what it answered."""

    event: AnyEvent
    profile: Profile
    tallies: Mapping[str, int]
    memory: Any
    answer: Finding | None = None


_recorders: list[list[Case]] = []


@contextmanager
def recording() -> Iterator[list[Case]]:
    """Collects every question that `ask` puts while it is open."""
    cases: list[Case] = []
    _recorders.append(cases)
    try:
        yield cases
    finally:
        _recorders.remove(cases)


def ask(
    module: ModuleType,
    event: AnyEvent,
    profile: Profile,
    tallies: Mapping[str, int] | None = None,
    memory: Any = None,
    **params: Any,
) -> Finding | None:
    """The detector's answer with its own parameters, some of them changed by keyword."""
    counts = {} if tallies is None else tallies
    if memory is None and hasattr(module, "Memory"):
        memory = module.Memory()
    asked = structs.replace(module.PARAMS, **params) if params else module.PARAMS
    answer: Finding | None = module.observe(event, profile, counts, memory, asked)
    for cases in _recorders:
        cases.append(Case(event, copied(profile), dict(counts), copied(memory), answer))
    return answer


def found(module: ModuleType, event: AnyEvent, profile: Profile, **rest: Any) -> Finding:
    """What `ask` answers where the detector must fire."""
    finding = ask(module, event, profile, **rest)
    assert finding is not None, "the detector is quiet"
    return finding


def changes_to(module: ModuleType, usual: str) -> Callable[..., Any]:
    """A builder of the detector's memory after changes `hours_ago`, the usual one unless others are named."""

    def changed(*what: str, hours_ago: float = 2.0) -> Any:
        memory = module.Memory()
        for name in what or (usual,):
            memory = module.learn(change(name, NOW - hours_ago * HOUR_S), memory, module.PARAMS)
        return memory

    return changed


def weigh(module: ModuleType, event: AnyEvent, profile: Profile, **rest: Any) -> float:
    """The weight of the answer in nats; 0 when the detector is quiet."""
    finding = ask(module, event, profile, **rest)
    return 0.0 if finding is None else finding.weight


def copied(struct: T) -> T:
    """The struct, or None, as it is after being stored and loaded."""
    if not isinstance(struct, Struct):
        return struct
    return msgpack.decode(msgpack.encode(struct), type=type(struct))
