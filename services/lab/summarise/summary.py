"""What a run of decisions comes to: by action, by detector, by account, by label and by story."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import Any

from msgspec import DecodeError, Struct, json
from rich.console import Console
from rich.table import Table

from contracts.actions import ACTIONS
from contracts.decisions import Decision, Freeze, IssueChallenge, Notify, RaiseAlert
from services.lab.people.events import Expected, told_of
from services.platform.plain_console import right, titled

_TOP = 10
#: What honest people are troubled with, and the security team with them, in this order.
_TROUBLES = ("alerts", "letters", "challenges", "held", "denied")
#: Of so many payments of honest people it is said how many were held for support.
_OF_PAYMENTS = 5000
_ALL = "all honest"


class StoryStep(Struct, frozen=True):
    """One step of a story that had an expected answer, and the answer."""

    story: str
    event_id: str
    expected: str
    action: str
    score: int
    met: bool


_expected = json.Decoder(Expected).decode


def step_of(story: str, event_id: str, expected: Expected, decision: Decision | None) -> StoryStep:
    """The step of a story with its answer; None for none that came in time."""
    if decision is None:
        return StoryStep(story, event_id, expected.words(), "no decision", 0, False)
    met = expected.met_by(decision)
    return StoryStep(story, event_id, expected.words(), decision.action, decision.score, met)


class Troubles:
    """What the events of honest people led to; `a_thousand` gives it for each of `_TROUBLES` per 1,000 of their events.

    Of a challenge there is no letter: an honest person passes it before that is due (`challenge.letter_after_s`).
    `for_support` of the `payments` were held and are a case; `freezes` are events that froze an account.
    """

    def __init__(self) -> None:
        self.events = self.payments = self.for_support = self.freezes = 0
        self._counts: Counter[str] = Counter()

    def add(self, decision: Decision) -> None:
        """Count one event with its decision."""
        self.events += 1
        counts = self._counts
        for effect in decision.effects:
            counts["alerts"] += isinstance(effect, RaiseAlert)
            counts["letters"] += isinstance(effect, Notify)
            counts["challenges"] += isinstance(effect, IssueChallenge)
            self.freezes += isinstance(effect, Freeze)
        if decision.type == "transaction":
            self.payments += 1
            self.for_support += decision.action == "hold" and decision.waits_for == "support"
        counts["held"] += decision.action == "hold"
        counts["denied"] += decision.action == "deny"

    def of_payments(self) -> dict[str, float]:
        """Payments held for support, per 5,000 payments, and freezes."""
        share = self.for_support / max(self.payments, 1)
        return {"held_for_support_per_5000_payments": round(_OF_PAYMENTS * share, 2), "freezes": self.freezes}

    def a_thousand(self) -> dict[str, float]:
        """Each trouble per 1,000 events."""
        return {name: round(1000.0 * self._counts[name] / max(self.events, 1), 2) for name in _TROUBLES}


class Summary:
    """Counts decisions as they come; memory grows with accounts that were not simply allowed, not with events."""

    def __init__(self) -> None:
        self.events = 0
        self.actions: Counter[str] = Counter()
        self.detectors: Counter[tuple[str, str]] = Counter()
        self.states: Counter[str] = Counter()
        self.accounts: Counter[str] = Counter()
        self.labels: Counter[tuple[bool, str]] = Counter()
        #: by kind of person or honest story
        self.troubles: dict[str, Troubles] = {}
        self.steps: list[StoryStep] = []

    def add(self, line: bytes, decision: Decision) -> None:
        """Count one event with its decision."""
        self.events += 1
        self.actions[decision.action] += 1
        self.states.update(decision.states)
        for finding in decision.findings:
            self.detectors[(finding.detector, finding.mode)] += 1
        if decision.action != "allow":
            self.accounts[decision.account_id] += decision.score
        told = told_of(line)
        if told.fraud is not None:
            self.labels[(told.fraud, decision.action)] += 1
            if not told.fraud:
                for name in (_ALL, str(told.scenario or "unnamed")):
                    self.troubles.setdefault(name, Troubles()).add(decision)
        if told.expected:
            with suppress(DecodeError):
                self.steps.append(
                    step_of(str(told.scenario), decision.event_id, _expected(told.expected), decision)
                )

    def figures(self) -> dict[str, Any]:
        """Everything counted, as one object with stable keys."""
        return {
            "events": self.events,
            "actions": {action: self.actions[action] for action in ACTIONS},
            "detectors": {name: count for (name, _mode), count in sorted(self.detectors.items())},
            "states": dict(sorted(self.states.items())),
            "accounts": [
                {"account_id": name, "score_sum": score} for name, score in self.accounts.most_common(_TOP)
            ],
            "labels": {
                name: {action: self.labels[(fraud, action)] for action in ACTIONS}
                for fraud, name in ((True, "fraud"), (False, "honest"))
                if any(is_fraud == fraud for is_fraud, _action in self.labels)
            },
            "honest_per_1000": {
                name: {"events": found.events, **found.a_thousand()} for name, found in self._troubled()
            },
            "honest_payments": {name: found.of_payments() for name, found in self._troubled()},
            "stories": self.steps,
        }

    def show(self, console: Console) -> None:
        """Print the tables; those that would be empty are left out."""
        console.print(
            titled("Actions", ["action", *right("events")], [(a, f"{self.actions[a]:,}") for a in ACTIONS])
        )
        found = [(name, mode, f"{count:,}") for (name, mode), count in self.detectors.most_common()]
        console.print(titled("Findings", ["detector", "mode", *right("events")], found))
        if self.accounts:
            top = [(name, f"{score:,}") for name, score in self.accounts.most_common(_TOP)]
            console.print(titled("Accounts not simply allowed", ("account", "sum of scores"), top))
        if self.labels:
            rows = [
                (name, *(f"{self.labels[(fraud, action)]:,}" for action in ACTIONS))
                for fraud, name in ((True, "fraud"), (False, "honest"))
            ]
            console.print(titled("By label", ["label", *right(*ACTIONS)], rows))
            console.print(
                titled(
                    "Per 1,000 events of honest people",
                    ["who", *right("events", *_TROUBLES)],
                    [
                        (name, f"{found.events:,}", *(f"{each:.2f}" for each in found.a_thousand().values()))
                        for name, found in self._troubled()
                    ],
                )
            )
            console.print(
                titled(
                    f"Payments of honest people held for support, of {_OF_PAYMENTS:,}, and freezes",
                    ["who", *right("payments", "held for support", "freezes")],
                    [
                        (name, f"{found.payments:,}", *map(str, found.of_payments().values()))
                        for name, found in self._troubled()
                    ],
                )
            )
        if self.steps:
            console.print(story_table(self.steps))

    def _troubled(self) -> list[tuple[str, Troubles]]:
        """All honest people first, then each kind by name."""
        return sorted(self.troubles.items(), key=lambda item: (item[0] != _ALL, item[0]))


def story_table(steps: list[StoryStep]) -> Table:
    """Story by story: what was expected and what was decided."""
    rows = [
        (
            step.story.replace("_", " "),
            step.expected,
            f"{step.action} ({step.score})",
            "as expected" if step.met else "OTHER",
        )
        for step in steps
    ]
    return titled("Stories: expected and decided", ("story", "expected", "decided (score)", ""), rows)
