"""What the laboratory's commands do once their flags are parsed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO

from msgspec import DecodeError, Struct, json

from contracts.decisions import Decision
from services.lab.played import Played
from services.lab.simulate import Simulation, plant, simulate
from services.lab.stories import stories_named
from services.lab.summary import Summary
from services.lab.words import words_in
from services.platform.settings import Settings
from services.replay.lines import OnBad, read_events, read_lines
from services.replay.replay import Line, replay

_DAY_S = 86_400
Step = Callable[[int], None]


class ReplayOptions(Struct, frozen=True):
    """`explain` is a language or None; `actions` keeps only those (empty: all); `summarise` counts as well."""

    explain: str | None
    actions: frozenset[str]
    summarise: bool


class _Head(Struct, frozen=True):
    account_id: str = ""


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


def keyed_anyway(lines: Iterator[tuple[int, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    """Each line with its account_id as key where it has one, whether or not it is an event."""
    decoder = json.Decoder(_Head)
    for _number, line in lines:
        try:
            key = decoder.decode(line).account_id.encode()
        except (DecodeError, UnicodeDecodeError):
            key = b""
        yield key, line


async def replay_file(
    settings: Settings,
    file: Path,
    target: IO[bytes] | None,
    options: ReplayOptions,
    on_bad: OnBad,
    step: Step,
) -> Summary:
    """Replay a file through the offline core, writing decisions to `target` and counting as asked."""
    from services.bootstrap.pipelines import offline_core

    core = offline_core(settings)
    kept = _Kept(target, options)
    events = read_events(read_lines(file, step), on_bad)
    await replay(events, core, kept.keep)
    return kept.summary


class _Kept:
    """Writes and counts the decisions of a replay."""

    def __init__(self, target: IO[bytes] | None, options: ReplayOptions) -> None:
        self.summary = Summary()
        self._target = target
        self._options = options
        self._words = words_in(options.explain) if options.explain else None

    def keep(self, lines: Sequence[Line], decisions: Sequence[Decision], encoded: Sequence[bytes]) -> None:
        """One batch with its decisions; a repeated event has none."""
        if self._options.summarise:
            unpaired = iter(lines)
            for decision in decisions:
                line = next(line for line in unpaired if line.event_id == decision.event_id)
                self.summary.add(line.value, decision)
        if self._target is None:
            return
        for decision, value in zip(decisions, encoded, strict=True):
            if self._options.actions and decision.action not in self._options.actions:
                continue
            if self._words is not None:
                value = value[:-1] + b',"words":' + json.encode(self._words(decision)) + b"}"
            self._target.write(value + b"\n")
