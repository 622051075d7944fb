"""Simulated people with habits and devices, each derived from (seed, number) alone, so the same person comes back in every run.

Ten kinds of people. Three neighbours in a row may be a family: one city, one line at home, one tablet for all.
"""

from __future__ import annotations

from random import Random
from typing import Literal

from msgspec import Struct, structs

from services.lab.people.places import Access, City, choose_city, fixed_line, mobile_line

_PHONES = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 "
    "Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Mobile "
    "Safari/537.36",
    "Mozilla/5.0 (Linux; Android 13; V2227A) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Mobile "
    "Safari/537.36",
)
_PHONE_WEIGHTS = (40, 20, 25, 15)
_COMPUTERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36 "
    "Edg/133.0.0.0",
)
_COMPUTER_WEIGHTS = (60, 20, 20)
_TABLETS = (
    "Mozilla/5.0 (iPad; CPU OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Mobile/15E148 "
    "Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; SM-X210) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36",
)
_CHROME, _CHROME_EVERY_DAYS = 133, 28
_IOS, _IOS_EVERY_DAYS = 3, 60
#: Of all people, unless another share is asked for.
ENROLLED_SHARE = 0.95


class Handset(Struct, frozen=True):
    """A device of a person: its id and what it says of itself."""

    device_id: str
    user_agent: str

    def on(self, day: int) -> Handset:
        """The device on a day of the simulation: browsers update each four weeks, phones each two months."""
        # The first update comes between days 16 and 28, so that two weeks are one version.
        phase = sum(self.device_id.encode()) % 13
        chrome, ios = (day + phase) // _CHROME_EVERY_DAYS, (day + phase) // _IOS_EVERY_DAYS
        if not chrome:
            return self
        agent = self.user_agent.replace(f"/{_CHROME}.", f"/{_CHROME + chrome}.")
        agent = agent.replace(f"18_{_IOS}", f"18_{_IOS + ios}").replace(f"/18.{_IOS}", f"/18.{_IOS + ios}")
        return Handset(self.device_id, agent)


def phone(rng: Random) -> Handset:
    """A phone."""
    return Handset(f"ph-{rng.getrandbits(48):012x}", rng.choices(_PHONES, _PHONE_WEIGHTS)[0])


def computer(rng: Random) -> Handset:
    """A computer's browser."""
    return Handset(f"pc-{rng.getrandbits(48):012x}", rng.choices(_COMPUTERS, _COMPUTER_WEIGHTS)[0])


def tablet(rng: Random) -> Handset:
    """A tablet."""
    return Handset(f"tb-{rng.getrandbits(48):012x}", rng.choice(_TABLETS))


def private_window(of: Handset, rng: Random) -> Handset:
    """The same browser without its cookies: another device id."""
    return Handset(f"pw-{rng.getrandbits(48):012x}", of.user_agent)


PersonaName = Literal[
    "worker", "student", "shift_worker", "traveller", "family", "shop_owner", "vpn_user", "mobile_user",
    "rare_user", "elder",
]  # fmt: skip
Span = tuple[float, float]
_FAMILY = 3
_FAMILY_SHARE = 0.12
_LEASE_DAYS = (1, 3, 7, 30, 90, 400)
_LEASE_WEIGHTS = (10, 8, 12, 25, 25, 20)
_LEASE_BLOCK = 4096


class Persona(Struct, frozen=True):
    """What people of one kind share; spans are drawn from evenly, shares are of sessions or people, rates are a day.

    `amount_mu` is the middle of people's own means of the natural logarithm of an amount.
    """

    weight: float
    logins: Span = (0.8, 2.2)
    payments: Span = (0.6, 2.4)
    first_hours: tuple[int, ...] = (6, 7, 7, 8, 8, 9)
    amount_mu: float = 4.0
    payees: tuple[int, int] = (6, 18)
    works: float = 0.6
    computer: float = 0.5
    home: float = 0.75
    vpn: float = 0.0
    cafe: float = 0.02
    trips: tuple[int, int] = (60, 400)
    mistypes: float = 0.03
    new_payees: float = 0.02


PERSONAS: dict[PersonaName, Persona] = {
    "worker": Persona(weight=30),
    "student": Persona(
        weight=14,
        payments=(1.2, 3.6),
        first_hours=(9, 10, 11),
        amount_mu=3.0,
        works=0.0,
        home=0.5,
        cafe=0.08,
        new_payees=0.04,
    ),
    "shift_worker": Persona(weight=8, first_hours=(5,), works=0.8),
    "traveller": Persona(weight=5, amount_mu=4.6, trips=(9, 20), cafe=0.06, new_payees=0.05),
    "family": Persona(weight=0, computer=1.0, works=0.4),
    "shop_owner": Persona(
        weight=7, logins=(2.0, 5.0), payments=(2.0, 5.0), amount_mu=5.5, payees=(12, 30), works=1.0
    ),
    "vpn_user": Persona(weight=7, vpn=0.7, computer=0.8, cafe=0.04),
    "mobile_user": Persona(weight=12, home=0.0, works=0.0, computer=0.1),
    "rare_user": Persona(weight=9, logins=(0.03, 0.12), payments=(0.02, 0.1)),
    "elder": Persona(
        weight=8,
        logins=(0.2, 0.8),
        payments=(0.1, 0.6),
        first_hours=(5, 6, 6, 7),
        payees=(3, 7),
        works=0.0,
        computer=0.15,
        home=0.92,
        cafe=0.0,
        trips=(150, 400),
        mistypes=0.12,
    ),
}


class Person(Struct, frozen=True):
    """One account holder.

    Rates are events a day, hours are local, amounts are lognormal in the city's currency (`amount_mu`, `amount_sigma` of
    the natural logarithm). `new_phone_day` is the day, counted from the start, from which the second phone is used.
    The provider gives the home another address every `lease_days`, mostly from one block.
    """

    number: int
    account_id: str
    persona: PersonaName
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
    lease_days: int
    home_block: int
    operator: int
    has_factor: bool

    @property
    def kind(self) -> Persona:
        """What the person shares with others."""
        return PERSONAS[self.persona]


def person(
    seed: int, number: int, persona: PersonaName | None = None, enrolled: float = ENROLLED_SHARE
) -> Person:
    """The person of that number (from 0) in the world of that seed, of the given kind or of the one that chance gives.

    `enrolled` is the share of people with a second factor.
    """
    rng = Random(f"person {seed} {number}")
    household = Random(f"household {seed} {number // _FAMILY}")
    family = household.random() < _FAMILY_SHARE
    name = persona or ("family" if family else _chosen(rng))
    kind = PERSONAS[name]
    shared = household if name == "family" else rng
    city, operator, block = choose_city(shared), shared.randrange(3), shared.randrange(32) * _LEASE_BLOCK
    lease_days = shared.choices(_LEASE_DAYS, _LEASE_WEIGHTS)[0]
    second = tablet(shared) if name == "family" else computer(rng)
    first_hour = rng.choice(kind.first_hours)
    return Person(
        number=number,
        account_id=f"u-{number:07d}",
        persona=name,
        city=city,
        home=fixed_line(city, block + shared.randrange(_LEASE_BLOCK), operator),
        mobile=mobile_line(city, rng.randrange(1 << 16)),
        work=fixed_line(city, rng.randrange(1 << 17), rng.randrange(3))
        if rng.random() < kind.works
        else None,
        phone=phone(rng),
        next_phone=phone(rng),
        computer=second if rng.random() < kind.computer else None,
        payees=tuple(f"shop-{rng.randrange(20_000):05d}" for _ in range(rng.randint(*kind.payees))),
        landlord=f"landlord-{rng.randrange(5_000):04d}",
        amount_mu=rng.gauss(kind.amount_mu, 0.6),
        amount_sigma=rng.uniform(0.4, 0.8),
        logins_a_day=rng.uniform(*kind.logins),
        payments_a_day=rng.uniform(*kind.payments),
        first_hour=first_hour,
        last_hour=first_hour + rng.randint(13, 15),
        pay_day=rng.choice((1, 5, 10, 15, 25)),
        rent=rng.randint(15, 60) * 100,
        new_phone_day=rng.randint(25, 720),
        trip_every_days=rng.randint(*kind.trips),
        lease_days=lease_days,
        home_block=block,
        operator=operator,
        has_factor=rng.random() < enrolled,
    )


def as_of(who: Person, day: int) -> Person:
    """The person as found on a day of the simulation: the phone and address then in use, browsers updated."""
    phone_then = who.next_phone if day >= who.new_phone_day else who.phone
    return structs.replace(
        who,
        home=home_on(who, day),
        phone=phone_then.on(day),
        next_phone=who.next_phone.on(day),
        computer=None if who.computer is None else who.computer.on(day),
    )


def home_on(who: Person, day: int) -> Access:
    """The line at home on a day; four new leases in five are from the same block."""
    lease = (day + who.home_block // _LEASE_BLOCK) // who.lease_days
    if not lease:
        return who.home
    # A family shares the line, so the lease depends on the line and not on the person.
    rng = Random(f"lease {who.home.ip} {lease}")
    number = who.home_block + rng.randrange(_LEASE_BLOCK) if rng.random() < 0.8 else rng.randrange(1 << 17)
    return fixed_line(who.city, number, who.operator)


def _chosen(rng: Random) -> PersonaName:
    names = tuple(PERSONAS)
    return rng.choices(names, [PERSONAS[name].weight for name in names])[0]
