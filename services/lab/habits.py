"""One ordinary day of one person, as events: sessions, payments, pay days, trips, typing mistakes, a new phone."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from functools import lru_cache
from random import Random
from zoneinfo import ZoneInfo

from msgspec import Struct

from contracts.events import AccountChange, ChallengeOutcome, Login, Transaction, minor_exponent
from services.lab.personas import Handset, Person
from services.lab.places import ABROAD, Access, city_named, mobile_line
from services.lab.played import Played
from services.scoring.effects import challenge_id

DAY_S = 86_400
TRIP_DAYS = 4
_MISTYPED_SHARE = 0.03
_NEW_PAYEE_SHARE = 0.02
_ANSWERS_AFTER_S = 3.0
_GETS_USED_DAYS = 8


class World(Struct, frozen=True):
    """What a run is derived from: seed, first midnight (epoch seconds, UTC), and a prefix for event ids."""

    seed: int
    start_at: int
    prefix: str = "e"


class _Diary:
    """Collects one person's day with running event ids."""

    def __init__(self, world: World, who: Person, day: int) -> None:
        self.rng = Random(f"day {world.seed} {who.number} {day}")
        self.world = world
        self.who = who
        self.day = day
        self.midnight = world.start_at + day * DAY_S
        self.played: list[Played] = []

    def next_id(self) -> str:
        return f"{self.world.prefix}-{self.who.number}-{self.day}-{len(self.played)}"

    def login(self, at: float, access: Access, device: Handset, ok: bool, session: str | None) -> str:
        event_id = self.next_id()
        self.played.append(
            Played(
                Login(
                    event_id=event_id,
                    account_id=self.who.account_id,
                    occurred_at=int(at * 1000),
                    ip=access.ip,
                    user_agent=device.user_agent,
                    device_id=device.device_id,
                    session_id=session,
                    place=access.place,
                    network=access.network,
                    outcome="success" if ok else "failure",
                    reason=None if ok else "bad_password",
                )
            )
        )
        return event_id

    def pay(
        self,
        at: float,
        access: Access,
        device: Handset,
        session: str,
        kind: str,
        amount: float,
        payee: str | None,
    ) -> None:
        currency = self.who.city.currency
        self.played.append(
            Played(
                Transaction(
                    event_id=self.next_id(),
                    account_id=self.who.account_id,
                    occurred_at=int(at * 1000),
                    ip=access.ip,
                    user_agent=device.user_agent,
                    device_id=device.device_id,
                    session_id=session,
                    place=access.place,
                    network=access.network,
                    amount=f"{max(amount, 1.0):.{minor_exponent(currency)}f}",
                    currency=currency,
                    kind=kind,  # type: ignore[arg-type]
                    payee_id=payee,
                )
            )
        )

    def confirm(self, event_id: str, at: float) -> None:
        """The code a person types when asked; harmless where nothing was asked."""
        self.played.append(
            Played(
                ChallengeOutcome(
                    event_id=self.next_id(),
                    account_id=self.who.account_id,
                    occurred_at=int(at * 1000),
                    challenge_id=challenge_id(event_id),
                    challenged_event_id=event_id,
                    purpose="login",
                    outcome="passed",
                )
            )
        )


def ordinary_day(world: World, who: Person, day: int) -> list[Played]:
    """What one person does on one UTC day (0 = the first), in time order; the same for the same arguments."""
    diary = _Diary(world, who, day)
    if day == 0:
        _join(diary)
    sessions = _poisson(diary.rng, who.logins_a_day)
    payments = _poisson(diary.rng, who.payments_a_day)
    if payments and not sessions:
        sessions = 1
    starts = sorted(_time_of_day(diary) for _ in range(sessions))
    for index, at in enumerate(starts):
        share = payments // sessions + (index < payments % sessions)
        _session(diary, at, share, first=index == 0)
    diary.played.sort(key=lambda played: played.event.at)
    return diary.played


def access_on(who: Person, day: int, hour: int, rng: Random) -> Access:
    """How the person reaches the network: abroad on a trip, at work in office hours, else home or on the move."""
    if on_trip(who, day):
        return mobile_line(
            city_named(ABROAD[(who.number + day // who.trip_every_days) % len(ABROAD)]), who.number
        )
    draw = rng.random()
    if who.work is not None and 9 <= hour < 18 and day % 7 < 5 and draw < 0.6:
        return who.work
    return who.home if draw < 0.75 else who.mobile


def on_trip(who: Person, day: int) -> bool:
    """Whether the day lies in one of the person's trips; nobody travels in the first 20 days."""
    return day >= 20 and (day + who.number) % who.trip_every_days < TRIP_DAYS


def device_on(who: Person, day: int, rng: Random) -> Handset:
    """The phone in use that day, or the computer a third of the time."""
    phone = who.next_phone if day >= who.new_phone_day else who.phone
    if who.computer is not None and not on_trip(who, day) and rng.random() < 0.3:
        return who.computer
    return phone


def _session(diary: _Diary, at: float, payments: int, first: bool) -> None:
    rng, who, day = diary.rng, diary.who, diary.day
    hour = _local_hour(who, at)
    access, device = access_on(who, day, hour, rng), device_on(who, day, rng)
    fresh_phone = 0 <= day - who.new_phone_day < _GETS_USED_DAYS
    if fresh_phone and first:
        device = who.next_phone
    session = f"s-{who.number}-{day}-{int(at) % DAY_S}"
    if rng.random() < _MISTYPED_SHARE:
        diary.login(at - rng.uniform(4, 20), access, device, ok=False, session=None)
    login = diary.login(at, access, device, ok=True, session=session)
    if first and who.has_factor and (fresh_phone or on_trip(who, day)):
        diary.confirm(login, at + _ANSWERS_AFTER_S + rng.uniform(5, 25))
    when = at + 30
    for _ in range(payments):
        when += rng.uniform(20, 300)
        payee = (
            f"shop-{rng.randrange(20_000):05d}" if rng.random() < _NEW_PAYEE_SHARE else _usual_payee(who, rng)
        )
        diary.pay(
            when,
            access,
            device,
            session,
            "payment",
            math.exp(rng.gauss(who.amount_mu, who.amount_sigma)),
            payee,
        )
    date = datetime.fromtimestamp(at, UTC)
    if first and date.day == who.pay_day:
        diary.pay(when + 40, access, device, session, "top_up", who.rent * 2.5, None)
        diary.pay(when + 90, access, device, session, "transfer", float(who.rent), who.landlord)


def _join(diary: _Diary) -> None:
    """The first day: a login on each device and each line, and the second factor."""
    who = diary.who
    at = diary.midnight + 60
    first = [(who.home, who.phone)]
    if who.computer is not None:
        first.append((who.home, who.computer))
    first += [(line, who.phone) for line in (who.mobile, who.work) if line is not None]
    for index, (line, device) in enumerate(first):
        diary.login(at + 120 + index * 60, line, device, ok=True, session=None)
    if not who.has_factor:
        return
    diary.played.append(
        Played(
            AccountChange(
                event_id=diary.next_id(),
                account_id=who.account_id,
                occurred_at=int(at * 1000),
                ip=who.home.ip,
                user_agent=who.phone.user_agent,
                device_id=who.phone.device_id,
                place=who.home.place,
                network=who.home.network,
                change="totp_enrolled",
            )
        )
    )


def _usual_payee(who: Person, rng: Random) -> str:
    return who.payees[min(int(rng.expovariate(0.35)), len(who.payees) - 1)]


def _time_of_day(diary: _Diary) -> float:
    who, rng = diary.who, diary.rng
    middle = rng.choice((who.first_hour + 1.5, who.first_hour + 5.0, who.last_hour - 2.0))
    local = min(max(rng.gauss(middle, 1.2), who.first_hour), who.last_hour) % 24
    utc = (local - _offset_hours(who.city.zone, diary.midnight)) % 24
    return diary.midnight + min(utc * 3600, DAY_S - 1800) + rng.uniform(30, 90)


def _local_hour(who: Person, at: float) -> int:
    midnight = int(at) - int(at) % DAY_S
    return int(at % DAY_S / 3600 + _offset_hours(who.city.zone, midnight)) % 24


@lru_cache(maxsize=4096)
def _offset_hours(zone: str, midnight: int) -> float:
    offset = datetime.fromtimestamp(midnight + 43_200, ZoneInfo(zone)).utcoffset()
    return offset.total_seconds() / 3600 if offset is not None else 0.0


def _poisson(rng: Random, mean: float) -> int:
    """A Poisson draw by Knuth's product method (The Art of Computer Programming, 3.4.1)."""
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count


def session_at(world: World, who: Person, at: float, number: int, rng: Random) -> list[Played]:
    """An ordinary session that begins at `at` (epoch seconds): a login, and soon after it up to two payments.

    `number` tells sessions of one run apart.
    """
    day = int(at - world.start_at) // DAY_S
    diary = _Diary(World(world.seed, world.start_at, f"{world.prefix}-live{number}"), who, day)
    diary.rng = rng
    access, device = access_on(who, 1, _local_hour(who, at), rng), device_on(who, 1, rng)
    session = f"s-{who.number}-{number}"
    diary.login(at, access, device, ok=rng.random() >= _MISTYPED_SHARE, session=session)
    when = at
    for _ in range(rng.choice((0, 1, 1, 2))):
        when += rng.uniform(0.5, 4.0)
        amount = math.exp(rng.gauss(who.amount_mu, who.amount_sigma))
        diary.pay(when, access, device, session, "payment", amount, _usual_payee(who, rng))
    return diary.played
