"""Simulated support: it ends the freezes and held payments that a replay comes to, as somebody would have.

A file seldom says when a freeze ended. A replay lets freezes `stand` until it does, as a worker; has them `settled` here; or has
them `ignored`, so that each event is judged on its own.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from itertools import count
from typing import Literal

from contracts.decisions import Decision, Freeze, HoldPayment, derived_id
from contracts.events import Settlement, to_wire
from services.lab.people.events import told_of
from services.replay.lines import EventLine
from services.replay.offline import OfflineCore
from services.replay.replay import BATCH, Keep, Line, paired, replay

Freezes = Literal["stand", "settled", "ignored"]
#: Support calls the payer back so soon, has an honest owner let in again after so long, and one who was robbed after his story.
PAYMENT_AFTER_S = 2 * 3600.0
HONEST_AFTER_S = 4 * 3600.0
ROBBED_AFTER_S = 24 * 3600.0
#: A run of events is shorter than the soonest end, so that each end is known before its time.
_RUN_S = PAYMENT_AFTER_S


class Support:
    """Hears decisions, and knows from the events' labels whose hand it was; one without a label is the owner's."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Settlement]] = []
        self._numbers = count()

    def hears(self, decision: Decision, fraud: bool) -> None:
        """Take a decision up: what it stops will have an end."""
        for effect in decision.effects:
            if isinstance(effect, Freeze):
                after_s = ROBBED_AFTER_S if fraud or decision.type == "user_report" else HONEST_AFTER_S
                self._end(decision, effect.effect_id, "account", "released", after_s)
            elif isinstance(effect, HoldPayment):
                outcome: Literal["released", "cancelled"] = "cancelled" if fraud else "released"
                self._end(decision, effect.effect_id, "payment", outcome, PAYMENT_AFTER_S)

    def done(self, until: float) -> Iterator[Settlement]:
        """What has ended up to then (epoch seconds), each once, in order."""
        while self._due and self._due[0][0] <= until:
            yield heapq.heappop(self._due)[2]

    def _end(
        self,
        decision: Decision,
        effect_id: str,
        settles: Literal["account", "payment"],
        outcome: Literal["released", "cancelled"],
        after_s: float,
    ) -> None:
        at = decision.at + after_s
        end = Settlement(
            event_id=derived_id(effect_id, "settlement"),
            account_id=decision.account_id,
            occurred_at=int(at * 1000),
            settles=settles,
            outcome=outcome,
            about_event_id=decision.event_id,
        )
        heapq.heappush(self._due, (at, next(self._numbers), end))


async def replay_with_support(events: Iterator[EventLine], core: OfflineCore, keep: Keep) -> int:
    """As `replay`, with the ends that support comes to in their places; returns how many events were decided on."""
    support, offset = Support(), 0

    def heard(lines: Sequence[Line], decisions: Sequence[Decision], encoded: Sequence[bytes]) -> None:
        for line, decision in paired(lines, decisions):
            if decision.effects:
                support.hears(decision, bool(told_of(line.value).fraud))
        keep(lines, decisions, encoded)

    for run in _runs(events):
        offset += await replay(_with_ends(run, support), core, heard, offset)
    return offset


def _with_ends(run: Sequence[EventLine], support: Support) -> Iterator[EventLine]:
    for line in run:
        for end in support.done(line.event.at):
            yield EventLine(0, to_wire(end), end)
        yield line


def _runs(events: Iterator[EventLine]) -> Iterator[list[EventLine]]:
    """The events in runs of less than `_RUN_S` and no more than a batch."""
    run: list[EventLine] = []
    for line in events:
        if run and (len(run) >= BATCH or line.event.at >= run[0].event.at + _RUN_S):
            yield run
            run = []
        run.append(line)
    if run:
        yield run
