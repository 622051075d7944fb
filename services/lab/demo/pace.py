"""How a story that took hours is played within a demonstration's minutes, each step at a time that it can have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct

from services.lab.people.events import Played

#: What lies further back than this has happened before the demonstration shows it.
_HAPPENS_NOW_S = 3 * 3600
#: A program tries one thing after another within so long.
_PROGRAM_S = 15.0


class Pace(Struct, frozen=True):
    """The longest pauses of owners and of attackers between two steps, and the one of an attacker's program; seconds."""

    owner_s: float
    attacker_s: float
    program_s: float = 0.12


#: While somebody watches for as long as they like; and where all has to happen within half a minute.
LEISURELY, HURRIED = Pace(20.0, 6.0), Pace(2.5, 0.4)


class Step(Struct, frozen=True):
    """A step of a story: `after_s` the one before it; None for one that keeps its time, which is over when the story begins."""

    played: Played
    after_s: float | None

    def at(self, now: float) -> Played:
        """The step as it happens at `now` (epoch seconds), where it happens now at all."""
        if self.after_s is None:
            return self.played
        event = msgspec.structs.replace(self.played.event, occurred_at=int(now * 1000))
        return msgspec.structs.replace(self.played, event=event)


def steps(told: Sequence[Played], pace: Pace) -> Iterator[Step]:
    """The steps of a story that is told in time order and ends when it is played.

    What an owner did before the attacker came keeps its time, and so does what was hours ago. All else happens now, in pauses
    that the pace allows; the codes that owners type are left to the wallet.
    """
    ends_at = told[-1].event.at
    began = next((played.event.at for played in told if played.fraud), None)
    before: float | None = None
    for played in told:
        at = played.event.at
        if played.event.__struct_config__.tag == "challenge_outcome":
            continue
        if at <= ends_at - _HAPPENS_NOW_S or (began is not None and at < began):
            yield Step(played, None)
            continue
        yield Step(played, 0.0 if before is None else _pause_s(at - before, played.fraud, pace))
        before = at


def _pause_s(gap_s: float, fraud: bool, pace: Pace) -> float:
    if not fraud:
        return min(gap_s, pace.owner_s)
    return pace.program_s if gap_s <= _PROGRAM_S else min(gap_s, pace.attacker_s)
