"""Honest surprises: what owners do that looks like an attack for a moment, and should cost them a code at most."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random

from services.lab.people.events import Expected, Hand, Recorder
from services.lab.people.personas import Handset, Person
from services.lab.people.places import city_named, mobile_line
from services.lab.simulate.attackers import at_home, on_the_move

_QUIET = Expected(at_most="notify")
_ONE_CODE = Expected(at_most="challenge")


def holiday(scenario: Recorder, people: Sequence[Person], rng: Random) -> None:
    """A real trip: a login abroad a flight later, the code typed, then ordinary days there."""
    who = people[0]
    city = city_named("Singapore" if who.city.name != "Singapore" else "London")
    there = on_the_move(who, mobile_line(city, rng.randrange(65_536)))
    scenario.login(who, -30 * 3600, at_home(who), expected=_QUIET)
    asked = scenario.login(who, -7200, there, expected=_ONE_CODE)
    scenario.confirm(who, -7180, asked)
    scenario.login(who, -3600, there, expected=_QUIET)
    scenario.pay(who, 0, there, math.exp(who.amount_mu), who.payees[0], "payment", expected=_QUIET)


def new_phone(scenario: Recorder, people: Sequence[Person], rng: Random) -> None:
    """The owner buys a phone and logs in at home; after the code it is an ordinary phone."""
    who = people[0]
    bought = Hand(who.home, Handset(f"np-{rng.getrandbits(32):08x}", who.next_phone.user_agent))
    asked = scenario.login(who, -1800, bought, expected=_ONE_CODE)
    scenario.confirm(who, -1780, asked)
    scenario.login(who, -600, bought, expected=_QUIET)
    scenario.pay(who, 0, bought, math.exp(who.amount_mu), who.payees[0], "payment", expected=_QUIET)


def mistyped_password(scenario: Recorder, people: Sequence[Person], rng: Random) -> None:
    """The owner mistypes twice at home, then gets it right."""
    who = people[0]
    for at in (-30, -15):
        scenario.login(who, at, at_home(who), ok=False)
    scenario.login(who, rng.uniform(0, 1), at_home(who), expected=_QUIET)
