"""Simulated people with habits, each derived from (seed, number) alone, so the same person comes back in every run."""

from __future__ import annotations

from random import Random

from msgspec import Struct

from services.lab.places import Access, City, choose_city, fixed_line, mobile_line

_PHONES = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 "
    "Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Mobile "
    "Safari/537.36",
)
_COMPUTERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Safari/605.1.15",
)


class Handset(Struct, frozen=True):
    """A device of a person: its id and what it says of itself."""

    device_id: str
    user_agent: str


class Person(Struct, frozen=True):
    """One account holder.

    Rates are events a day, hours are local, amounts are lognormal in the city's currency (`amount_mu`, `amount_sigma` of
    the natural logarithm). `new_phone_day` is the day, counted from the start, from which the second phone is used.
    """

    number: int
    account_id: str
    city: City
    home: Access
    mobile: Access
    work: Access | None
    phone: Handset
    next_phone: Handset
    computer: Handset | None
    payees: tuple[str, ...]
    landlord: str
    amount_mu: float
    amount_sigma: float
    logins_a_day: float
    payments_a_day: float
    first_hour: int
    last_hour: int
    pay_day: int
    rent: int
    new_phone_day: int
    trip_every_days: int
    has_factor: bool


def person(seed: int, number: int) -> Person:
    """The person of that number (from 0) in the world of that seed."""
    rng = Random(f"person {seed} {number}")
    city = choose_city(rng)
    first_hour = rng.choice((6, 7, 7, 8, 8, 9))
    amount_mu = rng.gauss(4.0, 0.6)
    return Person(
        number=number,
        account_id=f"u-{number:07d}",
        city=city,
        home=fixed_line(city, rng.randrange(1 << 17), rng.randrange(3)),
        mobile=mobile_line(city, rng.randrange(1 << 16)),
        work=fixed_line(city, rng.randrange(1 << 17), rng.randrange(3)) if rng.random() < 0.6 else None,
        phone=Handset(f"ph-{rng.getrandbits(48):012x}", rng.choice(_PHONES)),
        next_phone=Handset(f"ph-{rng.getrandbits(48):012x}", rng.choice(_PHONES)),
        computer=Handset(f"pc-{rng.getrandbits(48):012x}", rng.choice(_COMPUTERS))
        if rng.random() < 0.5
        else None,
        payees=tuple(f"shop-{rng.randrange(20_000):05d}" for _ in range(rng.randint(6, 18))),
        landlord=f"landlord-{rng.randrange(5_000):04d}",
        amount_mu=amount_mu,
        amount_sigma=rng.uniform(0.4, 0.8),
        logins_a_day=rng.uniform(0.8, 2.2),
        payments_a_day=rng.uniform(0.6, 2.4),
        first_hour=first_hour,
        last_hour=first_hour + rng.randint(13, 15),
        pay_day=rng.choice((1, 5, 10, 15, 25)),
        rent=rng.randint(15, 60) * 100,
        new_phone_day=rng.randint(25, 720),
        trip_every_days=rng.randint(60, 400),
        has_factor=rng.random() < 0.95,
    )
