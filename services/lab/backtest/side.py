"""What one policy would have done with the events of a backtest, counted as it goes."""

from __future__ import annotations

from collections import Counter
from typing import Any

from contracts.actions import ACTIONS, STOPPING
from contracts.decisions import Decision, IssueChallenge, OpenCase, RaiseAlert
from contracts.events import AccountChange, AnyEvent, Login, Transaction
from services.lab.backtest.truth import Marked

#: What is counted for each day, in this order.
DAILY = ("events", "alerts", "challenges", "holds", "denials", "cases")
EVENTS, ALERTS, CHALLENGES, HOLDS, DENIALS, CASES = range(6)
#: Upper edges of the bins of the reliability curve: half a decade each, finer where policies decide.
RISK_EDGES = (0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 0.9, 0.98, 1.01)


def is_judged(event: AnyEvent) -> bool:
    """Whether the event is one that a policy can act on: not an outcome, a report or a label."""
    return isinstance(event, Login | Transaction | AccountChange)


def could_be_stopped(event: AnyEvent) -> bool:
    """Whether there was anything left to stop: a failed login or payment has stopped itself."""
    if isinstance(event, Login):
        return event.outcome == "success"
    return not isinstance(event, Transaction) or event.status != "failed"


class Bin:
    """One bin of the reliability curve."""

    __slots__ = ("events", "frauds", "risk_sum")

    def __init__(self) -> None:
        self.events = self.frauds = 0
        self.risk_sum = 0.0


class Money:
    """Labelled fraud in one currency, in major units: what was asked for, and what was challenged, held or denied."""

    __slots__ = ("asked", "caught", "payments", "stopped")

    def __init__(self) -> None:
        self.asked = self.caught = 0.0
        self.payments = self.stopped = 0


class Side:
    """Memory grows with days, scenarios and currencies, not with events."""

    def __init__(self, name: str, version: str) -> None:
        self.name = name
        self.version = version
        self.actions: Counter[str] = Counter()
        self.days: dict[int, list[int]] = {}
        self.scores: dict[str, list[int]] = {name: [0] * 101 for name in ("fraud", "honest", "unknown")}
        self.bins = [Bin() for _ in RISK_EDGES]
        #: (labelled fraud, stopped) to events that could be stopped; and those that anybody was told of
        self.stopped: Counter[tuple[bool, bool]] = Counter()
        self.told: Counter[tuple[bool, bool]] = Counter()
        self.scenarios: dict[str, list[int]] = {}
        self.money: dict[str, Money] = {}

    def add(self, event: AnyEvent, decision: Decision, marked: Marked, day: int) -> None:
        """Count one decision about an event that a policy can act on."""
        self.actions[decision.action] += 1
        self._add_day(decision, day)
        self.scores[marked.truth][decision.score] += 1
        if marked.truth == "unknown" or not could_be_stopped(event):
            return
        fraud, stopped = marked.truth == "fraud", decision.action in STOPPING
        self.stopped[fraud, stopped] += 1
        self.told[fraud, decision.action != "allow"] += 1
        risk_bin = self.bins[next(index for index, edge in enumerate(RISK_EDGES) if decision.risk < edge)]
        risk_bin.events += 1
        risk_bin.frauds += fraud
        risk_bin.risk_sum += decision.risk
        if fraud:
            self._add_fraud(event, marked.scenario, stopped)

    def _add_day(self, decision: Decision, day: int) -> None:
        counts = self.days.setdefault(day, [0] * len(DAILY))
        counts[EVENTS] += 1
        counts[HOLDS] += decision.action == "hold"
        counts[DENIALS] += decision.action == "deny"
        for effect in decision.effects:
            kind = effect.__class__
            if kind is RaiseAlert:
                counts[ALERTS] += 1
            elif kind is IssueChallenge:
                counts[CHALLENGES] += 1
            elif kind is OpenCase:
                counts[CASES] += 1

    def _add_fraud(self, event: AnyEvent, scenario: str, stopped: bool) -> None:
        counts = self.scenarios.setdefault(scenario, [0, 0])
        counts[0] += 1
        counts[1] += stopped
        if isinstance(event, Transaction):
            money = self.money.setdefault(event.currency, Money())
            money.payments += 1
            money.asked += event.value
            if stopped:
                money.stopped += 1
                money.caught += event.value

    def precision(self) -> float | None:
        """Of the labelled events that were challenged, held or denied, the share that was fraud; None for none."""
        return _share(self.stopped[True, True], self.stopped[False, True])

    def recall(self) -> float | None:
        """Of the labelled frauds that could be stopped, the share that was; None for none."""
        return _share(self.stopped[True, True], self.stopped[True, False])

    def false_positive_rate(self) -> float | None:
        """Of the honest events that could be stopped, the share that was; None for none."""
        return _share(self.stopped[False, True], self.stopped[False, False])

    def a_day(self, column: int) -> float:
        """The mean count of a day that had events."""
        return sum(counts[column] for counts in self.days.values()) / max(1, len(self.days))

    def figures(self) -> dict[str, Any]:
        """Everything counted, as one object with stable keys."""
        return {
            "policy": self.name,
            "policy_version": self.version,
            "actions": {action: self.actions[action] for action in ACTIONS},
            "per_day": {name: round(self.a_day(index), 4) for index, name in enumerate(DAILY)},
            "precision": self.precision(),
            "recall": self.recall(),
            "false_positive_rate": self.false_positive_rate(),
            "told": {
                "precision": _share(self.told[True, True], self.told[False, True]),
                "recall": _share(self.told[True, True], self.told[True, False]),
            },
            "loss": {
                currency: {
                    "fraud_amount": round(money.asked, 4),
                    "caught_amount": round(money.caught, 4),
                    "fraud_payments": money.payments,
                    "caught_payments": money.stopped,
                }
                for currency, money in sorted(self.money.items())
            },
            "scenarios": {
                name: {"frauds": all_of, "stopped": stopped}
                for name, (all_of, stopped) in sorted(self.scenarios.items())
            },
            "scores": {name: counts for name, counts in self.scores.items() if any(counts)},
        }


def _share(part: int, rest: int) -> float | None:
    return part / (part + rest) if part + rest else None


WEEK_DAYS = 7


class Weeks:
    """Two policies side by side. Weeks older than the last one are closed, so memory grows with accounts alone.

    An event that is late by more than a week counts as a further week of its account.
    """

    def __init__(self) -> None:
        self._open: dict[int, dict[int, list[int]]] = {}
        self._closed: tuple[Counter[int], Counter[int]] = (Counter(), Counter())
        self._accounts: set[int] = set()
        self._bothered: tuple[set[int], set[int]] = (set(), set())

    def add(
        self, account_id: str, day: int, challenged: tuple[bool, bool], bothered: tuple[bool, bool]
    ) -> None:
        """Count one event of an account, as each of the policies treats it."""
        account, week = hash(account_id), day // WEEK_DAYS
        self._accounts.add(account)
        counts = self._open.setdefault(week, {}).setdefault(account, [0, 0])
        for side in (0, 1):
            counts[side] += challenged[side]
            if bothered[side]:
                self._bothered[side].add(account)
        if len(self._open) > 2:
            self._close(min(self._open))

    def close(self) -> None:
        """Count the weeks that are still open; nothing is added afterwards."""
        for week in list(self._open):
            self._close(week)

    def _close(self, week: int) -> None:
        for counts in self._open.pop(week).values():
            for side in (0, 1):
                self._closed[side][counts[side]] += 1

    def challenges(self, side: int, share: float) -> int:
        """Challenges in a week that `share` of all account weeks stay at or below."""
        counts = self._closed[side]
        left = share * sum(counts.values())
        for challenges in sorted(counts):
            left -= counts[challenges]
            if left <= 0:
                return challenges
        return 0

    def mean(self, side: int) -> float:
        """Challenges per account and week."""
        counts = self._closed[side]
        return sum(n * weeks for n, weeks in counts.items()) / max(1, sum(counts.values()))

    def never_bothered(self, side: int) -> float:
        """The share of accounts never challenged, held or denied."""
        return 1.0 - len(self._bothered[side]) / max(1, len(self._accounts))

    @property
    def accounts(self) -> int:
        """Accounts with an event."""
        return len(self._accounts)
