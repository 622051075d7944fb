"""Replays events under two policies in step and compares their decisions, in memory that does not grow with the events.

Each policy has a core and a memory of its own: what it holds back, it does not learn. Each event is judged on its own: no freeze
stands, as a file does not say when support would have ended it. A recording answers the challenges of the
policy it was recorded under; one that nothing in the file answers is `passed` by its owner after ANSWERED_AFTER_S, unless the
event is labelled fraud, or left `silent`.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from contracts.actions import ACTIONS, STOPPING, Action
from contracts.decisions import Decision, IssueChallenge
from contracts.events import AnyEvent, ChallengeOutcome, Transaction, to_wire
from services.lab.backtest.side import Side, Weeks, is_judged
from services.lab.backtest.truth import Known, Marked
from services.platform.settings import Settings
from services.replay.lines import EventLine, OnBad, read_events, read_lines
from services.replay.offline import OfflineCore
from services.replay.replay import Line

Unanswered = Literal["passed", "silent"]
MOST_TOGETHER = 500
ANSWERED_AFTER_S = 20
EXAMPLES = 3
_DAY_S = 86_400
_KINDS = ("login", "transaction", "account_change")


class Example(Struct, frozen=True):
    """An event that the policies decide differently; `amount` in major units of `currency`."""

    decisions: tuple[Decision, Decision]
    marked: Marked
    amount: float | None = None
    currency: str | None = None


class Comparison:
    """Two policies over the same events. Pairs of actions are (A's, B's)."""

    def __init__(self, sides: tuple[Side, Side], unanswered: Unanswered) -> None:
        self.sides = sides
        self.unanswered = unanswered
        self.weeks = Weeks()
        self.pairs: Counter[tuple[Action, Action]] = Counter()
        self.by_type: Counter[tuple[str, Action, Action]] = Counter()
        self.changed_truth: Counter[tuple[Action, Action, str]] = Counter()
        self.first_at, self.last_at = float("inf"), 0.0
        self.refused_lines = 0
        self._examples: dict[tuple[Action, Action], list[tuple[float, int, Example]]] = {}
        self._numbers = count()

    @property
    def events(self) -> int:
        """Events that both policies judged."""
        return self.pairs.total()

    @property
    def changed(self) -> int:
        """Events that got different actions."""
        return sum(found for (first, second), found in self.pairs.items() if first != second)

    @property
    def labelled(self) -> int:
        """Labelled events that could be stopped."""
        return self.sides[0].stopped.total()

    def add(self, event: AnyEvent, decisions: tuple[Decision, Decision], marked: Marked) -> None:
        """Count one event with both decisions."""
        day = int(event.at // _DAY_S)
        first, second = decisions
        pair = (first.action, second.action)
        self.pairs[pair] += 1
        self.by_type[first.type, *pair] += 1
        self.first_at, self.last_at = min(self.first_at, event.at), max(self.last_at, event.at)
        for side, decision in zip(self.sides, decisions, strict=True):
            side.add(event, decision, marked, day)
        self.weeks.add(
            event.account_id,
            day,
            (_challenged(first), _challenged(second)),
            (first.action in STOPPING, second.action in STOPPING),
        )
        if first.action != second.action:
            self.changed_truth[*pair, marked.truth] += 1
            self._keep(pair, event, decisions, marked)

    def _keep(
        self,
        pair: tuple[Action, Action],
        event: AnyEvent,
        decisions: tuple[Decision, Decision],
        marked: Marked,
    ) -> None:
        amount = event.value if isinstance(event, Transaction) else None
        currency = event.currency if isinstance(event, Transaction) else None
        worth = (marked.truth == "fraud") + abs(decisions[0].risk - decisions[1].risk)
        kept = self._examples.setdefault(pair, [])
        entry = (worth, -next(self._numbers), Example(decisions, marked, amount, currency))
        if len(kept) < EXAMPLES:
            heapq.heappush(kept, entry)
        elif entry[:2] > kept[0][:2]:
            heapq.heapreplace(kept, entry)

    def examples(self) -> dict[tuple[Action, Action], list[Example]]:
        """For each pair of different actions its most telling events: frauds first, then the widest apart."""
        ranked = sorted(self._examples, key=lambda pair: (-self.pairs[pair], pair))
        return {
            pair: [example for _, _, example in sorted(self._examples[pair], reverse=True)] for pair in ranked
        }

    def figures(self) -> dict[str, Any]:
        """Everything counted, as one object with stable keys."""
        return {
            "events": self.events,
            "changed": self.changed,
            "labelled": self.labelled,
            "refused_lines": self.refused_lines,
            "unanswered": self.unanswered,
            "matrix": _matrix(self.pairs),
            "matrix_by_type": {
                kind: _matrix({(a, b): self.by_type[kind, a, b] for a in ACTIONS for b in ACTIONS})
                for kind in _KINDS
            },
            "sides": [
                {
                    **side.figures(),
                    "challenges_per_account_week": {
                        "mean": round(self.weeks.mean(index), 6),
                        "median": self.weeks.challenges(index, 0.5),
                        "p99": self.weeks.challenges(index, 0.99),
                    },
                    "never_bothered": round(self.weeks.never_bothered(index), 6),
                }
                for index, side in enumerate(self.sides)
            ],
        }


def _matrix(pairs: Any) -> dict[str, dict[str, int]]:
    return {a: {b: pairs[a, b] for b in ACTIONS} for a in ACTIONS}


def _challenged(decision: Decision) -> bool:
    return any(effect.__class__ is IssueChallenge for effect in decision.effects)


async def backtest(
    settings: tuple[Settings, Settings],
    names: tuple[str, str],
    file: Path,
    unanswered: Unanswered,
    on_bad: OnBad,
    step: Callable[[int], None],
) -> Comparison:
    """Compare the policies of two settings over a file, read twice: for what it says of its events, and to decide them.

    `step` hears the bytes read. Raises InvalidPolicy for a policy that is refused.
    """
    from services.bootstrap.pipelines import offline_core
    from services.policy.file import read_policy

    known = Known()
    known.gather(read_lines(file))
    versions = [read_policy(each.policy).version for each in settings]
    sides = (Side(names[0], versions[0]), Side(names[1], versions[1]))
    comparison = Comparison(sides, unanswered)
    cores = [offline_core(each, freezes_stand=False) for each in settings]
    players = [_Player(core, known, unanswered == "passed") for core in cores]

    def refuse(number: int, error: Any) -> None:
        comparison.refused_lines += 1
        on_bad(number, error)

    for lines in _runs(read_events(read_lines(file, step), refuse), apart=unanswered == "passed"):
        marks = [known.of(line.event.event_id, line.value) for line in lines]
        first, second = [await player.decide(lines, marks) for player in players]
        for line, marked in zip(lines, marks, strict=True):
            event_id = line.event.event_id
            if is_judged(line.event) and event_id in first and event_id in second:
                comparison.add(line.event, (first[event_id], second[event_id]), marked)
    comparison.weeks.close()
    return comparison


def _runs(lines: Iterator[EventLine], apart: bool) -> Iterator[list[EventLine]]:
    """The lines in runs; where `apart`, no account comes twice in one, so that an answer is there before its next event."""
    run: list[EventLine] = []
    accounts: set[str] = set()
    for line in lines:
        if len(run) >= MOST_TOGETHER or (apart and line.event.account_id in accounts):
            yield run
            run, accounts = [], set()
        run.append(line)
        accounts.add(line.event.account_id)
    if run:
        yield run


class _Player:
    """One policy's core, and the owners who answer its challenges."""

    def __init__(self, core: OfflineCore, known: Known, owners_answer: bool) -> None:
        self._core = core
        self._known = known
        self._owners_answer = owners_answer
        self._offset = 0
        self._answers: list[AnyEvent] = []

    async def decide(self, lines: Sequence[EventLine], marks: Sequence[Marked]) -> dict[str, Decision]:
        """Decisions by event id; a repeated event has none."""
        records = [self._record(answer, to_wire(answer)) for answer in self._answers]
        records += [self._record(line.event, line.value) for line in lines]
        self._answers = []
        answered = await self._core.decide(records)
        decisions = {decision.event_id: decision for decision in answered.decisions}
        if self._owners_answer:
            for line, marked in zip(lines, marks, strict=True):
                decision = decisions.get(line.event.event_id)
                if decision is not None and decision.effects and marked.truth != "fraud":
                    self._answer(line.event, decision)
        return decisions

    def _record(self, event: AnyEvent, value: bytes) -> Line:
        self._offset += 1
        return Line(event.account_id.encode(), value, event.event_id, self._offset, int(event.at * 1000))

    def _answer(self, event: AnyEvent, decision: Decision) -> None:
        for effect in decision.effects:
            if isinstance(effect, IssueChallenge) and not self._known.answered(event.event_id):
                self._answers.append(
                    ChallengeOutcome(
                        event_id=f"{effect.challenge_id}-owner",
                        account_id=event.account_id,
                        occurred_at=int((event.at + ANSWERED_AFTER_S) * 1000),
                        challenge_id=effect.challenge_id,
                        challenged_event_id=event.event_id,
                        purpose=effect.purpose,
                        outcome="passed",
                    )
                )
