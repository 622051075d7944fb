"""A simulation as a command's flags ask for it, and its events as lines of a file."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import IO

from services.lab.people.played import Played
from services.lab.simulate.simulate import Simulation, plant, simulate
from services.lab.simulate.stories import stories_named

_DAY_S = 86_400
Step = Callable[[int], None]


def simulation_of(accounts: int, days: int, seed: int, stories: str, rounds: int, start: str) -> Simulation:
    """The simulation the flags ask for. Raises ValueError, saying what to change, for flags that do not fit."""
    chosen = stories_named(stories)
    simulation = Simulation(accounts, days, seed, start_of(start, days), chosen, f"e{seed}", rounds)
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
        return now - now % _DAY_S - days * _DAY_S
    try:
        return int(datetime.fromisoformat(text).replace(hour=0, minute=0, second=0, tzinfo=UTC).timestamp())
    except ValueError:
        raise ValueError(f"--start must be a date such as 2026-01-05, or now; got {text}") from None


def write_simulation(played: Iterator[Played], file: IO[bytes], step: Step) -> None:
    """Write each event as a line."""
    for each in played:
        file.write(each.wire() + b"\n")
        step(1)
