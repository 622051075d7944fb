"""Attacks that begin with somebody else's login: guessed, stuffed, swapped, stolen or abused from inside."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random

from services.lab.people.events import Expected, Recorder
from services.lab.people.personas import Person
from services.lab.people.places import city_named, fixed_line, mobile_line, rented_server
from services.lab.simulate.attackers import AttackerName, at_home, attacker, strange

_TOOL_AGENT = "python-requests/2.32.3"
_STRANGE_PHONE = (
    "Mozilla/5.0 (Linux; Android 11; M2101K6G) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/96.0 Mobile Safari/537.36"
)
_OFFICE_BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Safari/537.36"
)


def credential_stuffing(scenario: Recorder, people: Sequence[Person], rng: Random) -> None:
    """One rented network tries leaked passwords on many accounts; the last one fits."""
    network = rented_server(city_named("Bangkok"), rng.randrange(254))
    for index, victim in enumerate(people):
        fits = index == len(people) - 1
        hand = strange(network, f"bot-{rng.getrandbits(32):08x}", _TOOL_AGENT)
        right = Expected("challenge", any_of=("credential_stuffing",)) if fits else None
        scenario.login(victim, -8 * (len(people) - 1 - index), hand, ok=fits, expected=right)


def brute_force(scenario: Recorder, people: Sequence[Person], rng: Random) -> None:
    """Fourteen wrong passwords on one account from one address, then the right one."""
    network = rented_server(city_named("Berlin"), rng.randrange(254))
    hand = strange(network, f"bf-{rng.getrandbits(32):08x}", _TOOL_AGENT)
    for attempt in range(14):
        scenario.login(people[0], -15 * (15 - attempt), hand, ok=False)
    right = Expected("challenge", any_of=("success_after_failures", "failed_login_burst"))
    scenario.login(people[0], 0, hand, expected=right)


def sim_swap(scenario: Recorder, people: Sequence[Person], rng: Random) -> None:
    """The phone number is stolen: password reset, new device, a small test transfer, then most of the money."""
    victim = people[0]
    elsewhere = city_named("Wuhan" if victim.city.name != "Wuhan" else "Chengdu")
    hand = strange(
        mobile_line(elsewhere, rng.randrange(65_536)), f"sw-{rng.getrandbits(32):08x}", _STRANGE_PHONE
    )
    mule = f"mule-{rng.getrandbits(32):08x}"
    scenario.change(victim, -1500, hand, "password_reset")
    scenario.login(victim, -900, hand)
    scenario.pay(victim, -600, hand, math.exp(victim.amount_mu), mule)
    right = Expected("challenge", any_of=("credential_change_then_money", "takeover_chain"))
    scenario.pay(victim, 0, hand, victim.rent * 8.0, mule, expected=right)


def impossible_travel(scenario: Recorder, people: Sequence[Person], rng: Random) -> None:
    """The owner logs in at home; forty minutes later somebody does on another continent."""
    victim = people[0]
    far = city_named("New York" if victim.city.country not in ("US", "GB", "DE") else "Singapore")
    scenario.login(victim, -2400, at_home(victim), fraud=False)
    network = fixed_line(far, rng.randrange(65_536), 1)
    right = Expected("challenge", any_of=("impossible_travel",))
    scenario.login(
        victim, 0, strange(network, f"it-{rng.getrandbits(32):08x}", _STRANGE_PHONE), expected=right
    )


def takeover_naive(scenario: Recorder, people: Sequence[Person], rng: Random) -> None:
    """A bought password, used from anywhere: a login, another e-mail address, then the money."""
    _takeover(scenario, people[0], rng, "naive", Expected("challenge"))


def takeover_vpn(scenario: Recorder, people: Sequence[Person], rng: Random) -> None:
    """The same over an address in the victim's country."""
    _takeover(scenario, people[0], rng, "vpn", Expected("challenge"))


def takeover_targeted(scenario: Recorder, people: Sequence[Person], rng: Random) -> None:
    """The same with the victim's network and device: the login looks like the owner's, the money does not."""
    _takeover(scenario, people[0], rng, "targeted", None)


def session_theft(scenario: Recorder, people: Sequence[Person], rng: Random) -> None:
    """Malware copies the owner's session: another device pays a stranger inside it twenty minutes later."""
    victim = people[0]
    session = f"st-{rng.getrandbits(32):08x}"
    owner = at_home(victim)
    scenario.login(victim, -1500, owner, session=session, fraud=False)
    scenario.pay(
        victim,
        -1400,
        owner,
        math.exp(victim.amount_mu),
        victim.payees[0],
        "payment",
        session=session,
        fraud=False,
    )
    thief = attacker("vpn", victim, rng)
    right = Expected("challenge", any_of=("session_switch", "new_device"))
    mule = f"mule-{rng.getrandbits(32):08x}"
    scenario.pay(victim, 0, thief, victim.rent * 3.0, mule, session=session, expected=right)


def insider(scenario: Recorder, people: Sequence[Person], rng: Random) -> None:
    """A clerk moves the account to his own phone number, raises its limit and empties it over his own phone."""
    victim = people[0]
    office = strange(fixed_line(victim.city, 77, 0), "desk-17", _OFFICE_BROWSER)
    own = strange(
        mobile_line(victim.city, rng.randrange(65_536)), f"in-{rng.getrandbits(32):08x}", _STRANGE_PHONE
    )
    scenario.change(victim, -9000, office, "phone_change")
    scenario.change(victim, -8940, office, "limit_raise")
    scenario.login(victim, -600, own)
    right = Expected("challenge", any_of=("credential_change_then_money", "takeover_chain"))
    mule = f"mule-{rng.getrandbits(32):08x}"
    scenario.pay(victim, 0, own, victim.rent * 6.0, mule, expected=right)


def _takeover(
    scenario: Recorder, victim: Person, rng: Random, name: AttackerName, at_login: Expected | None
) -> None:
    hand = attacker(name, victim, rng)
    scenario.login(victim, -900, hand, expected=at_login)
    scenario.change(victim, -600, hand, "email_change")
    mule = f"mule-{rng.getrandbits(32):08x}"
    amount = victim.rent * 5.0
    scenario.pay(victim, 0, hand, amount, mule, balance=amount * 1.05, expected=Expected("challenge"))
