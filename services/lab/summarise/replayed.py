"""A file of events replayed: decisions written, counted, and put into words as asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from msgspec import Struct, json

from contracts.decisions import Decision
from services.lab.people.support import Freezes, replay_with_support
from services.lab.summarise.summary import Summary
from services.platform.settings import Settings
from services.replay.lines import OnBad, read_events, read_lines
from services.replay.replay import Line, paired, replay


def words_in(locale: str) -> Callable[[Decision], list[str]]:
    """A function that puts a decision into sentences, headline first."""
    from detectors import discover
    from services.scoring.explain import headline, reasons_of, sentences

    reasons = reasons_of(found.spec for found in discover())
    return lambda decision: [headline(decision, locale), *sentences(decision, locale, reasons)]


Step = Callable[[int], None]


class ReplayOptions(Struct, frozen=True):
    """`explain` is a language or None; `actions` keeps only those (empty: all); `summarise` counts as well.

    `freezes` is what of them holds, see `services.lab.people.support`.
    """

    explain: str | None
    actions: frozenset[str]
    summarise: bool
    freezes: Freezes = "stand"


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

    core = offline_core(settings, freezes_stand=options.freezes != "ignored")
    kept = _Kept(target, options)
    events = read_events(read_lines(file, step), on_bad)
    if options.freezes == "settled":
        await replay_with_support(events, core, kept.keep)
    else:
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
            for line, decision in paired(lines, decisions):
                self.summary.add(line.value, decision)
        if self._target is None:
            return
        for decision, value in zip(decisions, encoded, strict=True):
            if self._options.actions and decision.action not in self._options.actions:
                continue
            if self._words is not None:
                value = value[:-1] + b',"words":' + json.encode(self._words(decision)) + b"}"
            self._target.write(value + b"\n")
