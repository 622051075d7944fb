"""Snoozes: findings that do not act for a while, of an account, of a detector, or of a detector for an account."""

from __future__ import annotations

from collections.abc import Sequence, Set
from math import inf
from typing import NamedTuple

from services.policy.keys import SnoozeKeys


class Snooze(NamedTuple):
    """Holds for events from `starts` to before `until`, event times in epoch seconds; None is every detector.

    `holds` says whether it also lowers a hold or a denial.
    """

    detector: str | None
    starts: float
    until: float
    holds: bool


class Asleep(NamedTuple):
    """Detectors of an event whose findings are snoozed, and those of them whose snooze also lowers a hold or a denial."""

    all: frozenset[str]
    even_holds: frozenset[str]


class Snoozes(dict[str | None, list[Snooze]]):
    """The snoozes of a policy, by account; those of all accounts stand under None."""

    def detectors(self) -> list[str]:
        """The detectors that are named."""
        named = (snooze.detector for held in self.values() for snooze in held)
        return sorted({name for name in named if name is not None})

    def asleep(self, account_id: str, at: float, names: Set[str]) -> Asleep | None:
        """Which of these detectors sleep for an event of the account at event time `at`; None when none does."""
        held = [
            snooze
            for whose in (account_id, None)
            for snooze in self.get(whose, ())
            if snooze.starts <= at < snooze.until
        ]
        if not held:
            return None
        every = _named(held, names)
        return Asleep(every, _named([snooze for snooze in held if snooze.holds], names)) if every else None


def _named(held: Sequence[Snooze], names: Set[str]) -> frozenset[str]:
    asleep = {snooze.detector for snooze in held}
    return frozenset(names if None in asleep else names & asleep)


def snoozes_of(rows: Sequence[SnoozeKeys], faults: list[str]) -> Snoozes:
    """The snoozes of a policy's `snoozes` section."""
    snoozes = Snoozes()
    for index, row in enumerate(rows):
        path = f"snoozes[{index}]"
        if row.account is None and row.detector is None:
            faults.append(f"{path}: expected an account, a detector or both")
        starts = -inf if row.starts is None else row.starts.timestamp()
        until = row.until.timestamp()
        if row.starts is not None and not starts < until:
            faults.append(
                f"{path}.until: expected a time after from ({row.starts.isoformat()}), got {row.until.isoformat()}"
            )
        snoozes.setdefault(row.account, []).append(Snooze(row.detector, starts, until, row.holds))
    return snoozes
