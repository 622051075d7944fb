"""Puts people and stories together into one stream in time order."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from msgspec import Struct

from services.lab.habits import DAY_S, World, ordinary_day
from services.lab.personas import Person, person
from services.lab.played import Played
from services.lab.stories import Story, tell

#: Stories start after this share of the days, so that their people have a history.
_HISTORY_SHARE = 0.7
_STORY_LEAD_DAYS = 2
_STORY_ENDS_S = 20 * 3600


class Simulation(Struct, frozen=True):
    """What to simulate; the same simulation yields the same bytes."""

    accounts: int
    days: int
    seed: int
    start_at: int
    stories: tuple[Story, ...] = ()
    prefix: str = "e"


class Planted(Struct, frozen=True):
    """A story with its people and the day it is played on."""

    story: Story
    people: tuple[Person, ...]
    day: int


def people_needed(stories: Sequence[Story]) -> int:
    """How many accounts the stories use up between them: nobody meets two."""
    return sum(story.people for story in stories)


def plant(simulation: Simulation) -> list[Planted]:
    """Which story meets which people on which day; people are taken from the end of the list.

    Raises ValueError when there are too few accounts.
    """
    needed = people_needed(simulation.stories)
    if needed > simulation.accounts:
        raise ValueError(f"these stories need {needed} accounts, got {simulation.accounts}: raise --accounts")
    first_day = int(simulation.days * _HISTORY_SHARE)
    span = max(simulation.days - first_day, 1)
    planted, number = [], simulation.accounts
    for index, story in enumerate(simulation.stories):
        number -= story.people
        people = tuple(person(simulation.seed, number + offset) for offset in range(story.people))
        planted.append(Planted(story, people, min(first_day + index % span, simulation.days - 1)))
    return planted


def simulate(simulation: Simulation) -> Iterator[Played]:
    """Every event of the simulation in time order; memory holds one day at a time."""
    world = World(simulation.seed, simulation.start_at, simulation.prefix)
    everyone = [person(simulation.seed, number) for number in range(simulation.accounts)]
    planted = plant(simulation)
    busy = {
        (who.number, day)
        for plan in planted
        for who in plan.people
        for day in range(plan.day - 1, plan.day + 2)
    }
    held: list[Played] = []
    for day in range(simulation.days):
        for who in everyone:
            if (who.number, day) not in busy:
                held.extend(ordinary_day(world, who, day))
        for plan in planted:
            if max(plan.day - _STORY_LEAD_DAYS, 0) == day:
                ends_at = simulation.start_at + plan.day * DAY_S + _STORY_ENDS_S
                held.extend(tell(plan.story, plan.people, ends_at, simulation.seed, simulation.prefix))
        held.sort(key=lambda played: (played.event.at, played.event.event_id))
        ready = bisect_left(
            held, float(simulation.start_at + (day + 1) * DAY_S), key=lambda played: played.event.at
        )
        yield from held[:ready]
        del held[:ready]
    yield from held
