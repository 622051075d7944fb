"""Puts people and stories together into one stream in time order."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import IO

from msgspec import Struct

from services.lab.people.behaviour import DAY_S, World, expected_events, ordinary_day
from services.lab.people.events import Played
from services.lab.people.personas import ENROLLED_SHARE, Person, as_of, person
from services.lab.simulate.stories import Story, cast, stories_named, tell

#: Stories start after this share of the days, so that their people have a history.
_HISTORY_SHARE = 0.7
_STORY_LEAD_DAYS = 2
_STORY_ENDS_S = 20 * 3600
_SAMPLE = 200


class Simulation(Struct, frozen=True):
    """What to simulate; the same simulation yields the same bytes. Each story is told `rounds` times, to other people.

    `enrolled` is the share of people with a second factor, but for those of stories.
    """

    accounts: int
    days: int
    seed: int
    start_at: int
    stories: tuple[Story, ...] = ()
    prefix: str = "e"
    rounds: int = 1
    enrolled: float = ENROLLED_SHARE


class Planted(Struct, frozen=True):
    """A story with its people, the day it is played on, and which telling of it this is."""

    story: Story
    people: tuple[Person, ...]
    day: int
    round: int


def people_needed(stories: Sequence[Story], rounds: int = 1) -> int:
    """How many accounts the stories use up between them: nobody meets two."""
    return rounds * sum(story.people for story in stories)


def events_expected(simulation: Simulation) -> int:
    """About how many events the simulation has, from a sample of its people."""
    sample = [person(simulation.seed, number) for number in range(min(simulation.accounts, _SAMPLE))]
    each = sum(expected_events(who, simulation.days) for who in sample) / len(sample)
    return round(each * simulation.accounts)


def plant(simulation: Simulation) -> list[Planted]:
    """Which story meets which people on which day; people are taken from the end of the list.

    Raises ValueError when there are too few accounts.
    """
    needed = people_needed(simulation.stories, simulation.rounds)
    if needed > simulation.accounts:
        raise ValueError(f"these stories need {needed} accounts, got {simulation.accounts}: raise --accounts")
    first_day = int(simulation.days * _HISTORY_SHARE)
    span = max(simulation.days - first_day, 1)
    planted, number = [], simulation.accounts
    for index in range(simulation.rounds * len(simulation.stories)):
        turn, which = divmod(index, len(simulation.stories))
        story = simulation.stories[which]
        number -= story.people
        people = tuple(cast(simulation.seed, number + offset) for offset in range(story.people))
        planted.append(Planted(story, people, min(first_day + index % span, simulation.days - 1), turn))
    return planted


def simulate(simulation: Simulation) -> Iterator[Played]:
    """Every event of the simulation in time order; memory holds the people and one day of events."""
    world = World(simulation.seed, simulation.start_at, simulation.prefix)
    planted = plant(simulation)
    met = {who.number: who for plan in planted for who in plan.people}
    everyone = [
        met.get(number) or person(simulation.seed, number, enrolled=simulation.enrolled)
        for number in range(simulation.accounts)
    ]
    busy = {
        (who.number, day)
        for plan in planted
        for who in plan.people
        for day in range(plan.day - 1, plan.day + 2)
    }
    due: dict[int, list[Planted]] = {}
    for plan in planted:
        due.setdefault(max(plan.day - _STORY_LEAD_DAYS, 0), []).append(plan)
    held: list[Played] = []
    for day in range(simulation.days):
        for who in everyone:
            if (who.number, day) not in busy:
                held.extend(ordinary_day(world, who, day))
        for plan in due.get(day, ()):
            held.extend(_told(plan, simulation))
        held.sort(key=lambda played: (played.event.at, played.event.event_id))
        ready = bisect_left(
            held, float(simulation.start_at + (day + 1) * DAY_S), key=lambda played: played.event.at
        )
        yield from held[:ready]
        del held[:ready]
    yield from held


def _told(plan: Planted, simulation: Simulation) -> list[Played]:
    people = [as_of(who, plan.day) for who in plan.people]
    ends_at = simulation.start_at + plan.day * DAY_S + _STORY_ENDS_S
    prefix = f"{simulation.prefix}r{plan.round}" if plan.round else simulation.prefix
    return tell(plan.story, people, ends_at, simulation.seed, prefix)


def simulation_of(
    accounts: int, days: int, seed: int, stories: str, rounds: int, start: str, enrolled: float
) -> Simulation:
    """The simulation the flags ask for. Raises ValueError, saying what to change, for flags that do not fit."""
    chosen = stories_named(stories)
    simulation = Simulation(accounts, days, seed, start_of(start, days), chosen, f"e{seed}", rounds, enrolled)
    plant(simulation)
    return simulation


def played_events(simulation: Simulation, events: int) -> Iterator[Played]:
    """The simulation's events, at most so many of them; 0 is all."""
    stream = simulate(simulation)
    return islice(stream, events) if events else stream


def start_of(text: str, days: int) -> int:
    """Epoch seconds of the first midnight (UTC): of a date, or `days` days before the last midnight for `now`."""
    if text == "now":
        now = int(time.time())
        return now - now % DAY_S - days * DAY_S
    try:
        return int(datetime.fromisoformat(text).replace(hour=0, minute=0, second=0, tzinfo=UTC).timestamp())
    except ValueError:
        raise ValueError(f"--start must be a date such as 2026-01-05, or now; got {text}") from None


def write_simulation(played: Iterator[Played], file: IO[bytes], step: Callable[[int], None]) -> None:
    """Write each event as a line."""
    for each in played:
        file.write(each.wire() + b"\n")
        step(1)
