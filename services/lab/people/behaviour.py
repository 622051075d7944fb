"""One ordinary day of one person, as events: sessions, payments, pay days, trips, typing mistakes, a new phone.

From where, on what and when a person comes is as noisy as people are.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import lru_cache
from random import Random
from zoneinfo import ZoneInfo

from msgspec import Struct

from services.lab.people.events import Hand, Played, Recorder
from services.lab.people.personas import Handset, Person, home_on, private_window
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


_ANSWERS_AFTER_S = 3.0
_GETS_USED_DAYS = 8
_AFTERNOON_H = 15.0
_SETTLED_PAYEES = 0.35
_ROOM_BELOW = 1.5
_DROWSY_H = 0.5
_PAYS_AFTER_S = (10.0, 60.0)


class World(Struct, frozen=True):
    """What a run is derived from: seed, first midnight (epoch seconds, UTC), and a prefix for event ids.

    Where `afternoon_h` is given (hour of the UTC day), it is three in the afternoon then for everybody, wherever they live:
    a demonstration at night shows people who are awake.
    """

    seed: int
    start_at: int
    prefix: str = "e"
    afternoon_h: float | None = None


class _Day(Recorder):
    """One person's day; times are epoch seconds."""

    def __init__(self, world: World, who: Person, day: int, rng: Random | None = None) -> None:
        super().__init__(f"{world.prefix}-{who.number}-{day}")
        self.rng = rng or Random(f"day {world.seed} {who.number} {day}")
        self.world = world
        self.who = who
        self.day = day
        self.midnight = world.start_at + day * DAY_S


def ordinary_day(world: World, who: Person, day: int) -> list[Played]:
    """What one person does on one UTC day (0 = the first), in time order; the same for the same arguments."""
    recorder = _Day(world, who, day)
    if day == 0:
        _join(recorder)
    sessions = _poisson(recorder.rng, who.logins_a_day)
    payments = _poisson(recorder.rng, who.payments_a_day)
    if payments and not sessions:
        sessions = 1
    starts = sorted(_time_of_day(recorder) for _ in range(sessions))
    for index, at in enumerate(starts):
        share = payments // sessions + (index < payments % sessions)
        _session(recorder, at, share, first=index == 0)
    recorder.played.sort(key=lambda played: played.event.at)
    return recorder.played


def expected_events(who: Person, days: int) -> float:
    """About how many events so many days of the person are."""
    return 4.0 + days * (who.logins_a_day * (1.0 + who.kind.mistypes) + who.payments_a_day + 0.1)


def hand_at(world: World, who: Person, at: float, rng: Random) -> Hand:
    """Over which line and on which device the person comes at `at` (epoch seconds)."""
    day, hour = int(at - world.start_at) // DAY_S, int(_clock_h(world, who, at))
    return Hand(access_on(who, day, hour, rng), device_on(who, day, rng))


def is_about(world: World, who: Person, at: float) -> bool:
    """Whether the person is up and about at `at` (epoch seconds), and not just got up or about to go to bed."""
    first, last = hours_on(who, int(at - world.start_at) // DAY_S)
    return first + _DROWSY_H <= _clock_h(world, who, at) <= last - _DROWSY_H


def session_at(world: World, who: Person, at: float, number: int, rng: Random, hand: Hand) -> list[Played]:
    """An ordinary session that begins at `at` (epoch seconds): a login, and up to two payments within the next minutes.

    `number` tells sessions of one run apart. Who mistypes the password types it again.
    """
    day = int(at - world.start_at) // DAY_S
    prefix = f"{world.prefix}-live{number}"
    recorder = _Day(World(world.seed, world.start_at, prefix, world.afternoon_h), who, day, rng)
    session = f"s-{who.number}-{number}"
    when = at
    if rng.random() < who.kind.mistypes:
        recorder.login(who, at, hand, ok=False)
        when += rng.uniform(5, 15)
    recorder.login(who, when, hand, session=session)
    for _ in range(rng.choice((0, 1, 1, 2))):
        when += rng.uniform(*_PAYS_AFTER_S)
        _pay(recorder, when, hand, session, _usual_payee(who, rng))
    return recorder.played


def _session(recorder: _Day, at: float, payments: int, first: bool) -> None:
    rng, who, day = recorder.rng, recorder.who, recorder.day
    access, device = access_on(who, day, _local_hour(recorder, at), rng), device_on(who, day, rng)
    fresh_phone = 0 <= day - who.new_phone_day < _GETS_USED_DAYS
    if fresh_phone and first:
        device = who.next_phone.on(day)
    session = f"s-{who.number}-{day}-{int(at) % DAY_S}"
    if rng.random() < who.kind.mistypes:
        recorder.login(who, at - rng.uniform(4, 20), Hand(access, device), ok=False)
    hand = Hand(access, device)
    login = recorder.login(who, at, hand, session=session)
    strange = device.device_id.startswith("pw-") or (first and (fresh_phone or on_trip(who, day)))
    if strange and who.has_factor:
        recorder.confirm(who, at + _ANSWERS_AFTER_S + rng.uniform(5, 25), login)
    when = at + 30
    for _ in range(payments):
        when += rng.uniform(20, 300)
        new = rng.random() < who.kind.new_payees
        payee = f"shop-{rng.randrange(20_000):05d}" if new else _usual_payee(who, rng)
        _pay(recorder, when, hand, session, payee)
    if first and datetime.fromtimestamp(at, UTC).day == who.pay_day:
        balance = _balance(recorder, when)
        pay = who.rent * 2.5
        recorder.pay(who, when + 40, hand, pay, None, "top_up", balance=balance, session=session)
        recorder.pay(who, when + 90, hand, who.rent, who.landlord, balance=balance + pay, session=session)


def _pay(recorder: _Day, at: float, hand: Hand, session: str, payee: str) -> None:
    who = recorder.who
    amount = math.exp(recorder.rng.gauss(who.amount_mu, who.amount_sigma))
    balance = max(_balance(recorder, at), _ROOM_BELOW * amount)
    recorder.pay(who, at, hand, amount, payee, "payment", balance=balance, session=session)


def _join(recorder: _Day) -> None:
    """The first day: a login on each device and each line, and the second factor."""
    who = recorder.who
    at = recorder.midnight + 60
    first = [Hand(who.home, who.phone)]
    if who.computer is not None:
        first.append(Hand(who.home, who.computer))
    lines = (carrier(who, recorder.rng), who.work)
    first += [Hand(line, who.phone) for line in lines if line is not None]
    for index, hand in enumerate(first):
        recorder.login(who, at + 120 + index * 60, hand)
    if who.has_factor:
        recorder.change(who, at, first[0], "totp_enrolled")


def _balance(recorder: _Day, at: float) -> float:
    """What is left of the pay: the wallet falls evenly from pay day to pay day."""
    who = recorder.who
    since_pay = (datetime.fromtimestamp(at, UTC).day - who.pay_day) % 31
    return who.rent * (1.6 - 1.2 * since_pay / 31)


def _usual_payee(who: Person, rng: Random) -> str:
    return who.payees[min(int(rng.expovariate(_SETTLED_PAYEES)), len(who.payees) - 1)]


def _ahead_h(world: World, who: Person, at: float) -> float:
    """What the person's clock is ahead of UTC on the day of `at`, in hours."""
    if world.afternoon_h is not None:
        return _AFTERNOON_H - world.afternoon_h
    return offset_hours(who.city.zone, int(at) - int(at - world.start_at) % DAY_S)


def _time_of_day(recorder: _Day) -> float:
    rng = recorder.rng
    first, last = hours_on(recorder.who, recorder.day)
    middle = rng.choice((first + 1.5, first + 5.0, last - 2.0))
    utc = (
        min(max(rng.gauss(middle, 1.2), first), last)
        - _ahead_h(recorder.world, recorder.who, recorder.midnight)
    ) % 24
    return recorder.midnight + min(utc * 3600, DAY_S - 1800) + rng.uniform(30, 90)


def _local_hour(recorder: _Day, at: float) -> int:
    return int(at % DAY_S / 3600 + _ahead_h(recorder.world, recorder.who, recorder.midnight)) % 24


def _clock_h(world: World, who: Person, at: float) -> float:
    """The hour on the person's clock, 0 to 24."""
    return (at % DAY_S / 3600 + _ahead_h(world, who, at)) % 24


def _poisson(rng: Random, mean: float) -> int:
    """A Poisson draw by Knuth's product method (The Art of Computer Programming, 3.4.1)."""
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count
