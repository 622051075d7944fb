"""Attacks and honest surprises told as events, each with the answers that would be right.

A story is played on people with history, ends at a given time and touches each of its victims once. `STORIES` names them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from random import Random

from msgspec import Struct

from services.lab.personas import Person
from services.lab.places import city_named, fixed_line, mobile_line, rented_server
from services.lab.played import Expected, Played
from services.lab.scene import Scene

_TOOL_AGENT = "python-requests/2.32.3"
_STRANGE_PHONE = (
    "Mozilla/5.0 (Linux; Android 11; M2101K6G) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/96.0 Mobile Safari/537.36"
)
_QUIET = Expected(at_most="notify")


class Story(Struct, frozen=True):
    """How a story is played: `people` is how many persons it needs; `tell` writes its events into a scene."""

    name: str
    title: str
    fraud: bool
    people: int
    tell: Callable[[Scene, Sequence[Person], Random], None]


def credential_stuffing(scene: Scene, people: Sequence[Person], rng: Random) -> None:
    """One rented network tries leaked passwords on many accounts; the last one fits."""
    network = rented_server(city_named("Bangkok"), rng.randrange(254))
    for index, victim in enumerate(people):
        fits = index == len(people) - 1
        scene.login(
            victim,
            -8 * (len(people) - 1 - index),
            network,
            f"bot-{rng.getrandbits(32):08x}",
            _TOOL_AGENT,
            ok=fits,
            expected=Expected("challenge", any_of=("credential_stuffing",)) if fits else None,
        )


def brute_force(scene: Scene, people: Sequence[Person], rng: Random) -> None:
    """Fourteen wrong passwords on one account from one address, then the right one."""
    network = rented_server(city_named("Berlin"), rng.randrange(254))
    for attempt in range(14):
        scene.login(people[0], -15 * (15 - attempt), network, "bf-1", _TOOL_AGENT, ok=False)
    right = Expected("challenge", any_of=("success_after_failures", "failed_login_burst"))
    scene.login(people[0], 0, network, "bf-1", _TOOL_AGENT, ok=True, expected=right)


def sim_swap(scene: Scene, people: Sequence[Person], rng: Random) -> None:
    """The phone number is stolen: password reset, new device, a small test transfer, then most of the money."""
    victim = people[0]
    elsewhere = city_named("Wuhan" if victim.city.name != "Wuhan" else "Chengdu")
    network = mobile_line(elsewhere, rng.randrange(65_536))
    device = f"sw-{rng.getrandbits(32):08x}"
    mule = f"mule-{rng.getrandbits(32):08x}"
    scene.change(victim, -1500, network, device, _STRANGE_PHONE, "password_reset")
    scene.login(victim, -900, network, device, _STRANGE_PHONE, ok=True)
    scene.pay(victim, -600, network, device, _STRANGE_PHONE, _usual_amount(victim), mule)
    right = Expected("challenge", any_of=("credential_change_then_money",))
    scene.pay(victim, 0, network, device, _STRANGE_PHONE, victim.rent * 8.0, mule, expected=right)


def impossible_travel(scene: Scene, people: Sequence[Person], rng: Random) -> None:
    """The owner logs in at home; forty minutes later somebody does on another continent."""
    victim = people[0]
    far = city_named("New York" if victim.city.country not in ("US", "GB", "DE") else "Singapore")
    scene.login(
        victim, -2400, victim.home, victim.phone.device_id, victim.phone.user_agent, ok=True, fraud=False
    )
    network = fixed_line(far, rng.randrange(65_536), 1)
    right = Expected("challenge", any_of=("impossible_travel",))
    scene.login(victim, 0, network, f"it-{rng.getrandbits(32):08x}", _STRANGE_PHONE, ok=True, expected=right)


def unusual_amount(scene: Scene, people: Sequence[Person], rng: Random) -> None:
    """The owner's phone and home, talked into paying a stranger three hundred times the usual."""
    victim = people[0]
    phone = victim.phone
    scene.login(victim, -300, victim.home, phone.device_id, phone.user_agent, ok=True, fraud=False)
    right = Expected("challenge", any_of=("unusual_amount", "new_payee"))
    amount = _usual_amount(victim) * 300
    payee = f"broker-{rng.getrandbits(32):08x}"
    scene.pay(
        victim,
        0,
        victim.home,
        phone.device_id,
        phone.user_agent,
        amount,
        payee,
        kind="payment",
        expected=right,
    )


def card_testing(scene: Scene, people: Sequence[Person], rng: Random) -> None:
    """Thirty small payments to thirty shops in four minutes."""
    victim = people[0]
    phone = victim.phone
    for count in range(30):
        right = Expected("notify", any_of=("velocity_count", "velocity_amount")) if count == 29 else None
        shop = f"shop-{rng.randrange(20_000):05d}"
        amount = rng.uniform(1.0, 3.0)
        at = -8 * (29 - count)
        scene.pay(
            victim,
            at,
            victim.mobile,
            phone.device_id,
            phone.user_agent,
            amount,
            shop,
            kind="payment",
            expected=right,
        )


def holiday(scene: Scene, people: Sequence[Person], rng: Random) -> None:
    """A real trip: a login abroad a flight later, the code typed, then ordinary days there."""
    who = people[0]
    there = mobile_line(
        city_named("Singapore" if who.city.name != "Singapore" else "London"), rng.randrange(65_536)
    )
    phone = who.phone
    scene.login(who, -30 * 3600, who.home, phone.device_id, phone.user_agent, ok=True, expected=_QUIET)
    asked = scene.login(
        who, -7200, there, phone.device_id, phone.user_agent, ok=True, expected=Expected(at_most="challenge")
    )
    scene.confirm(who, -7180, asked)
    scene.login(who, -3600, there, phone.device_id, phone.user_agent, ok=True, expected=_QUIET)
    scene.pay(
        who,
        0,
        there,
        phone.device_id,
        phone.user_agent,
        _usual_amount(who),
        who.payees[0],
        kind="payment",
        expected=_QUIET,
    )


def new_phone(scene: Scene, people: Sequence[Person], rng: Random) -> None:
    """The owner buys a phone and logs in at home; after the code it is an ordinary phone."""
    who = people[0]
    device, agent = f"np-{rng.getrandbits(32):08x}", who.next_phone.user_agent
    asked = scene.login(who, -1800, who.home, device, agent, ok=True, expected=Expected(at_most="challenge"))
    scene.confirm(who, -1780, asked)
    scene.login(who, -600, who.home, device, agent, ok=True, expected=_QUIET)
    scene.pay(
        who, 0, who.home, device, agent, _usual_amount(who), who.payees[0], kind="payment", expected=_QUIET
    )


def mistyped_password(scene: Scene, people: Sequence[Person], rng: Random) -> None:
    """The owner mistypes twice at home, then gets it right."""
    who = people[0]
    phone = who.phone
    for at in (-30, -15):
        scene.login(who, at, who.home, phone.device_id, phone.user_agent, ok=False)
    scene.login(who, rng.uniform(0, 1), who.home, phone.device_id, phone.user_agent, ok=True, expected=_QUIET)


STORIES: dict[str, Story] = {
    story.name: story
    for story in (
        Story("credential_stuffing", "credential stuffing", True, 26, credential_stuffing),
        Story("brute_force", "brute force", True, 1, brute_force),
        Story("sim_swap", "SIM swap, then money", True, 1, sim_swap),
        Story("impossible_travel", "impossible travel", True, 1, impossible_travel),
        Story("unusual_amount", "huge amount to a stranger", True, 1, unusual_amount),
        Story("card_testing", "burst of small payments", True, 1, card_testing),
        Story("holiday", "honest: holiday", False, 1, holiday),
        Story("new_phone", "honest: new phone", False, 1, new_phone),
        Story("mistyped_password", "honest: mistyped password", False, 1, mistyped_password),
    )
}


def stories_named(names: str) -> tuple[Story, ...]:
    """The stories of a comma-separated list, `all` or `none`; ValueError names an unknown one."""
    if names == "none":
        return ()
    if names == "all":
        return tuple(STORIES.values())
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in STORIES]
    if unknown:
        raise ValueError(f"unknown story {', '.join(unknown)}; known: all, none, {', '.join(STORIES)}")
    return tuple(STORIES[name] for name in wanted)


def tell(story: Story, people: Sequence[Person], ends_at: float, seed: int, prefix: str) -> list[Played]:
    """The story's events in time order, the last one at `ends_at` (epoch seconds)."""
    scene = Scene(story.name, story.fraud, ends_at, prefix)
    story.tell(scene, people, Random(f"story {seed} {story.name} {people[0].number}"))
    return sorted(scene.played, key=lambda played: played.event.at)


def _usual_amount(who: Person) -> float:
    return math.exp(who.amount_mu)
