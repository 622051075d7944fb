"""Attacks and honest surprises told as events, each with the answers that would be right.

A story is played on people with history, ends at a given time and touches each of its victims once. `STORIES` names them.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Protocol

from msgspec import Struct

from services.lab.people.events import Played, Recorder
from services.lab.people.personas import Person, person
from services.lab.simulate import attack_stories, honest_stories


class Tell(Protocol):
    """Writes a story of these people into a recorder; its name is the story's."""

    __name__: str

    def __call__(self, scenario: Recorder, people: Sequence[Person], rng: Random, /) -> None: ...


class Story(Struct, frozen=True):
    """How a story is played: `tell` writes its events into a recorder, `people` is how many persons it needs.

    `attacker` says how much the attacker knows of the victim, and is empty for an honest surprise; `live` is whether it happens
    within minutes, so that a demonstration can show it.
    """

    tell: Tell
    title: str
    attacker: str = ""
    people: int = 1
    live: bool = True

    @property
    def name(self) -> str:
        """As flags and labels name it."""
        return self.tell.__name__

    @property
    def fraud(self) -> bool:
        """Whether it is an attack."""
        return bool(self.attacker)


STORIES: dict[str, Story] = {
    story.name: story
    for story in (
        Story(attack_stories.credential_stuffing, "credential stuffing", "naive", people=16),
        Story(attack_stories.brute_force, "brute force", "naive"),
        Story(attack_stories.sim_swap, "SIM swap, then money", "vpn"),
        Story(attack_stories.impossible_travel, "impossible travel", "naive"),
        Story(attack_stories.takeover_naive, "takeover from anywhere", "naive"),
        Story(attack_stories.takeover_vpn, "takeover by VPN", "vpn"),
        Story(attack_stories.takeover_targeted, "targeted takeover", "targeted"),
        Story(attack_stories.session_theft, "stolen session", "vpn"),
        Story(attack_stories.insider, "insider changes, then money", "targeted"),
        Story(attack_stories.unusual_amount, "huge amount to a stranger", "cloned"),
        Story(attack_stories.card_testing, "burst of small payments", "cloned"),
        Story(attack_stories.mule_payee, "many pay a mule", "cloned", people=8, live=False),
        Story(attack_stories.slow_drain, "slow drain", "cloned", live=False),
        Story(attack_stories.bonus_cash_out, "bonus cash-out", "naive", live=False),
        Story(honest_stories.holiday, "honest: holiday"),
        Story(honest_stories.new_phone, "honest: new phone"),
        Story(honest_stories.mistyped_password, "honest: mistyped password"),
    )
}
LIVE: dict[str, Story] = {name: story for name, story in STORIES.items() if story.live}


def cast(seed: int, number: int) -> Person:
    """The person of that number, as one who can meet a story: an account in daily use, with a history to be known by."""
    return person(seed, number, "worker")


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
