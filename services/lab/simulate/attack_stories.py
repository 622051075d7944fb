"""Attacks: somebody else's login, guessed, stuffed, swapped, stolen or abused from inside; and those that show in the money."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random

from msgspec import structs

from services.lab.people.events import Expected, Recorder
from services.lab.people.personas import Person
from services.lab.people.places import city_named, fixed_line, mobile_line, rented_server
from services.lab.simulate.attackers import AttackerName, at_home, attacker, on_the_move, strange

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


_HOUR_S = 3600.0
_FARM_PHONE = (
    "Mozilla/5.0 (Linux; Android 10; SM-A105F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/100.0 Mobile"
)
_BONUS, _STRAWS = 188.0, 20


def unusual_amount(scenario: Recorder, people: Sequence[Person], rng: Random) -> None:
    """The owner's phone and home, talked into paying a stranger three hundred times the usual."""
    victim = people[0]
    scenario.login(victim, -300, at_home(victim), fraud=False)
    right = Expected("challenge", any_of=("unusual_amount", "new_payee"))
    broker = f"broker-{rng.getrandbits(32):08x}"
    amount = math.exp(victim.amount_mu) * 300
    scenario.pay(victim, 0, at_home(victim), amount, broker, "payment", expected=right)


def card_testing(scenario: Recorder, people: Sequence[Person], rng: Random) -> None:
    """Thirty small payments to thirty shops in four minutes, half of them refused by the bank."""
    victim = people[0]
    hand = on_the_move(victim, victim.mobile)
    for count in range(30):
        last = count == 29
        any_of = ("velocity_count", "velocity_amount", "payment_failures")
        right = Expected("notify", any_of=any_of) if last else None
        shop = f"shop-{rng.randrange(20_000):05d}"
        failed = not last and rng.random() < 0.5
        status = "failed" if failed else "requested"
        amount = rng.uniform(1.0, 3.0)
        scenario.pay(victim, -8 * (29 - count), hand, amount, shop, "payment", expected=right, status=status)


def mule_payee(scenario: Recorder, people: Sequence[Person], rng: Random) -> None:
    """An offer that is too good: people who do not know each other pay one young payee; two complain, one more pays."""
    mule = f"mule-{rng.getrandbits(32):08x}"
    paid = []
    *earlier, last = people
    for index, victim in enumerate(earlier):
        at_s = -20 * _HOUR_S + index * 1.5 * _HOUR_S
        amount = math.exp(victim.amount_mu) * rng.uniform(3.0, 6.0)
        paid.append(scenario.pay(victim, at_s, at_home(victim), amount, mule))
    for index in (0, 1):
        scenario.label(earlier[index], -3 * _HOUR_S + index * 600, paid[index], mule)
    right = Expected("notify", any_of=("payee_fan_in", "payee_reputation"))
    scenario.pay(last, 0, at_home(last), math.exp(last.amount_mu) * 5.0, mule, expected=right)


def slow_drain(scenario: Recorder, people: Sequence[Person], rng: Random) -> None:
    """Who holds the owner's phone takes a fifth of what is left every few hours, for two days, always to one friend."""
    victim = people[0]
    hand = attacker("cloned", victim, rng)
    friend = f"friend-{rng.getrandbits(32):08x}"
    balance = victim.rent * 4.0
    for step in range(12):
        amount = balance * 0.22
        right = Expected("notify", any_of=("account_drain",)) if step == 11 else None
        at_s = -(11 - step) * 3.5 * _HOUR_S
        scenario.pay(victim, at_s, hand, amount, friend, balance=balance, expected=right)
        balance -= amount


def bonus_cash_out(scenario: Recorder, people: Sequence[Person], rng: Random) -> None:
    """Twenty accounts opened on one phone take the welcome bonus and cash it out to one payee."""
    farm = strange(
        rented_server(people[0].city, rng.randrange(254)), f"farm-{rng.getrandbits(32):08x}", _FARM_PHONE
    )
    collector = f"bank-{rng.getrandbits(32):08x}"
    for index in range(_STRAWS):
        straw = structs.replace(people[0], account_id=f"straw-{people[0].number:07d}-{index}")
        last = index == _STRAWS - 1
        at_s = -300.0 * (_STRAWS - 1 - index)
        by_phone = Expected("notify", any_of=("shared_device",)) if last else None
        by_payee = Expected("notify", any_of=("payee_fan_in",)) if last else None
        scenario.login(straw, at_s - 200, farm, expected=by_phone)
        scenario.pay(straw, at_s - 120, farm, _BONUS, None, "top_up", balance=0.0)
        scenario.pay(straw, at_s, farm, _BONUS, collector, "cash_out", balance=_BONUS, expected=by_payee)
