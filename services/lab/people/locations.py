"""From where, on what, and when a simulated person comes on a given day: noisy as people are."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from random import Random
from zoneinfo import ZoneInfo

from services.lab.people.devices import Handset, private_window
from services.lab.people.personas import Person, home_on
from services.lab.people.places import (
    ABROAD,
    CITIES,
    Access,
    City,
    city_named,
    fixed_line,
    mobile_line,
    vpn_exit,
)

DAY_S = 86_400
TRIP_DAYS = 4
_FIRST_TRIP_DAY = 20
_GATEWAYS = 12
_OTHER_GATEWAY_SHARE = 0.1
_VPN_CITIES = 2
_VPN_SERVERS = 40
_SECOND_DEVICE_SHARE = 0.3
_PRIVATE_WINDOW_SHARE = 0.02
_HOTEL_SHARE = 0.4


def access_on(who: Person, day: int, hour: int, rng: Random) -> Access:
    """How the person reaches the network: abroad on a trip, through a VPN, at work in office hours, else home or mobile."""
    kind = who.kind
    if on_trip(who, day):
        return _abroad(who, day, rng)
    if kind.vpn and rng.random() < kind.vpn:
        return _through_vpn(who, rng)
    draw = rng.random()
    if draw < kind.cafe:
        return fixed_line(who.city, rng.randrange(1 << 17), rng.randrange(3))
    if who.work is not None and 9 <= hour < 18 and day % 7 < 5 and rng.random() < 0.6:
        return who.work
    return home_on(who, day) if rng.random() < kind.home else carrier(who, rng)


def carrier(who: Person, rng: Random) -> Access:
    """The person's mobile carrier: an address of a dozen gateways, now and then of any."""
    if rng.random() < _OTHER_GATEWAY_SHARE:
        return mobile_line(who.city, rng.randrange(1 << 16))
    gateway = Random(f"gateways {who.mobile.ip} {rng.randrange(_GATEWAYS)}").randrange(256)
    return mobile_line(who.city, gateway * 256 + rng.randrange(256))


def on_trip(who: Person, day: int) -> bool:
    """Whether the day lies in one of the person's trips; nobody travels in the first 20 days."""
    return day >= _FIRST_TRIP_DAY and (day + who.number) % who.trip_every_days < TRIP_DAYS


def device_on(who: Person, day: int, rng: Random) -> Handset:
    """The phone in use that day, or the computer or family tablet a third of the time."""
    phone = who.next_phone if day >= who.new_phone_day else who.phone
    if who.computer is None or on_trip(who, day) or rng.random() >= _SECOND_DEVICE_SHARE:
        return phone.on(day)
    if who.persona != "family" and rng.random() < _PRIVATE_WINDOW_SHARE:
        return private_window(who.computer.on(day), rng)
    return who.computer.on(day)


def hours_on(who: Person, day: int) -> tuple[float, float]:
    """First and last local hour on that day; a shift worker's day begins eight hours later each week."""
    turn = 8 * ((day // 7 + who.number) % 3) if who.persona == "shift_worker" else 0
    return float(who.first_hour + turn), float(who.last_hour + turn)


@lru_cache(maxsize=4096)
def offset_hours(zone: str, midnight: int) -> float:
    """What the zone's clocks are ahead of UTC at noon of the UTC day that begins at `midnight`."""
    offset = datetime.fromtimestamp(midnight + DAY_S // 2, UTC).astimezone(ZoneInfo(zone)).utcoffset()
    return offset.total_seconds() / 3600 if offset is not None else 0.0


def _abroad(who: Person, day: int, rng: Random) -> Access:
    trip = (day + who.number) // who.trip_every_days
    there = city_named(ABROAD[(who.number + trip % 3) % len(ABROAD)])
    if rng.random() < _HOTEL_SHARE:
        return fixed_line(there, (who.number * 37 + trip) % (1 << 17), trip % 3)
    return mobile_line(there, who.number + rng.randrange(2048))


def _through_vpn(who: Person, rng: Random) -> Access:
    usual = Random(f"vpn {who.home.ip} {who.number}")
    cities: list[City] = [usual.choice(CITIES) for _ in range(_VPN_CITIES)]
    provider, first = usual.randrange(3), usual.randrange(2048)
    return vpn_exit(rng.choice(cities), provider, first + rng.randrange(_VPN_SERVERS))
