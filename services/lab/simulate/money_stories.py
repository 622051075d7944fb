"""Attacks that show in the money: one huge payment, many small ones, a mule, a drain, a bonus taken many times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random

from msgspec import structs

from services.lab.people.events import Expected, Recorder
from services.lab.people.personas import Person
from services.lab.people.places import rented_server
from services.lab.simulate.attackers import at_home, attacker, on_the_move, strange

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
