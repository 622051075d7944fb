"""Attacks and honest surprises told as events, each with the answers that would be right.

A story is played on people with history, ends at a given time and touches each of its victims once. `STORIES` names them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from msgspec import Struct

from services.lab.people.events import Played, Recorder
from services.lab.people.personas import Person, PersonaName, person
from services.lab.simulate import honest_stories, money_stories, takeover_stories

Tell = Callable[[Recorder, Sequence[Person], Random], None]


class Story(Struct, frozen=True):
    """How a story is played: `people` is how many persons it needs; `tell` writes its events into a recorder.

    `attacker` says how much the attacker knows of the victim; `live` is whether it happens within minutes, so that a
    demonstration can show it.
    """

    name: str
    title: str
    fraud: bool
    people: int
    tell: Tell
    attacker: str = ""
    live: bool = True


_TAKEOVERS = takeover_stories
_MONEY = money_stories
_HONEST = honest_stories

STORIES: dict[str, Story] = {
    story.name: story
    for story in (
        Story(
            "credential_stuffing", "credential stuffing", True, 16, _TAKEOVERS.credential_stuffing, "naive"
        ),
        Story("brute_force", "brute force", True, 1, _TAKEOVERS.brute_force, "naive"),
        Story("sim_swap", "SIM swap, then money", True, 1, _TAKEOVERS.sim_swap, "vpn"),
        Story("impossible_travel", "impossible travel", True, 1, _TAKEOVERS.impossible_travel, "naive"),
        Story("takeover_naive", "takeover from anywhere", True, 1, _TAKEOVERS.takeover_naive, "naive"),
        Story("takeover_vpn", "takeover by VPN", True, 1, _TAKEOVERS.takeover_vpn, "vpn"),
        Story("takeover_targeted", "targeted takeover", True, 1, _TAKEOVERS.takeover_targeted, "targeted"),
        Story("session_theft", "stolen session", True, 1, _TAKEOVERS.session_theft, "vpn"),
        Story("insider", "insider changes, then money", True, 1, _TAKEOVERS.insider, "targeted"),
        Story("unusual_amount", "huge amount to a stranger", True, 1, _MONEY.unusual_amount, "cloned"),
        Story("card_testing", "burst of small payments", True, 1, _MONEY.card_testing, "cloned"),
        Story("mule_payee", "many pay a mule", True, 8, _MONEY.mule_payee, "cloned", live=False),
        Story("slow_drain", "slow drain", True, 1, _MONEY.slow_drain, "cloned", live=False),
        Story("bonus_cash_out", "bonus cash-out", True, 1, _MONEY.bonus_cash_out, "naive", live=False),
        Story("holiday", "honest: holiday", False, 1, _HONEST.holiday),
        Story("new_phone", "honest: new phone", False, 1, _HONEST.new_phone),
        Story("mistyped_password", "honest: mistyped password", False, 1, _HONEST.mistyped_password),
    )
}
LIVE: dict[str, Story] = {name: story for name, story in STORIES.items() if story.live}
#: Who meets a story: an account in daily use.
_CAST: tuple[PersonaName, ...] = ("worker",)


def cast(seed: int, number: int) -> Person:
    """The person of that number, as one who can meet a story: with enough history to be known by."""
    return person(seed, number, _CAST[number % len(_CAST)])


def stories_named(names: str) -> tuple[Story, ...]:
    """The stories of a comma-separated list, `all`, `attacks`, `honest` or `none`; ValueError names an unknown one."""
    groups: dict[str, tuple[Story, ...]] = {
        "none": (),
        "all": tuple(STORIES.values()),
        "attacks": tuple(story for story in STORIES.values() if story.fraud),
        "honest": tuple(story for story in STORIES.values() if not story.fraud),
    }
    if names in groups:
        return groups[names]
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in STORIES]
    if unknown:
        known = ", ".join((*groups, *STORIES))
        raise ValueError(f"unknown story {', '.join(unknown)}; known: {known}")
    return tuple(STORIES[name] for name in wanted)


def tell(story: Story, people: Sequence[Person], ends_at: float, seed: int, prefix: str) -> list[Played]:
    """The story's events in time order, the last one at `ends_at` (epoch seconds).

    The people are as found on the day (`personas.as_of`).
    """
    scenario = Recorder(f"{prefix}-{story.name}", ends_at, story.name, story.fraud, story.attacker)
    story.tell(scenario, people, Random(f"story {seed} {story.name} {people[0].number}"))
    return sorted(scenario.played, key=lambda played: played.event.at)
