"""The policy's limits on the scale of the score: from where it notifies, asks for a code, holds and refuses."""

from __future__ import annotations

from math import inf
from typing import Protocol

from msgspec import Struct

from contracts.actions import STEPS, Action
from contracts.decisions import Decision
from contracts.events import EVENT_TYPE_NAMES, EVENT_TYPES, Transaction
from services.policy.policy import Policy

#: Behind it a version names the exchange rates, which change no limit.
_RATES = "+rates."
_CLASSES = dict(zip(EVENT_TYPE_NAMES, EVENT_TYPES, strict=True))


class Limit(Struct, frozen=True):
    """From this score on the action is taken."""

    action: Action
    score: int


class Limiting(Protocol):
    """What knows the limits."""

    version: str

    def of(self, decision: Decision) -> list[Limit]:
        """The limits that hold for the decision's event, lowest first; none for what no policy limits."""
        ...


class NoLimits:
    """Where no policy is known."""

    version = ""

    def of(self, decision: Decision) -> list[Limit]:
        """None."""
        return []


class PolicyLimits:
    """The limits of the policy in use, whose `version` may be another than that of an older decision."""

    def __init__(self, policy: Policy) -> None:
        self.version = policy.version.partition(_RATES)[0]
        self._policy = policy

    def of(self, decision: Decision) -> list[Limit]:
        """See `Limiting.of`. A step that is never taken alone is left out."""
        kind = _CLASSES.get(decision.type)
        rules = None if kind is None else self._policy.rules.get(kind)
        if rules is None:
            return []
        thresholds = rules.thresholds
        amount, currency = _money_of(decision)
        if kind is Transaction and amount is not None:
            for least, banded in self._policy.bands.get(currency, ()):
                if amount < least:
                    break
                thresholds = banded
        score = self._policy.calibration.score
        found = [
            Limit(step.name, score(risk))
            for step, risk in zip(STEPS, thresholds, strict=True)
            if risk != inf and risk <= 1.0
        ]
        # Of steps that begin at one score the strongest is taken.
        return [each for index, each in enumerate(found) if each.score not in _scores(found[index + 1 :])]


def _scores(limits: list[Limit]) -> set[int]:
    return {each.score for each in limits}


def _money_of(decision: Decision) -> tuple[float | None, str]:
    shown = decision.shown
    if shown is None or shown.amount is None or shown.currency is None:
        return None, ""
    try:
        return float(shown.amount), shown.currency
    except ValueError:
        return None, ""
