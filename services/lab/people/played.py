"""A simulated event together with what it is part of and what PayGuard is expected to answer."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, json

from contracts.decisions import ACTIONS, Action, Decision
from contracts.events import AnyEvent, to_wire


class Expected(Struct, frozen=True, omit_defaults=True):
    """The answers that would be right: between `at_least` and `at_most`, and, if named, for one of these detectors."""

    at_least: Action = "allow"
    at_most: Action = "deny"
    any_of: tuple[str, ...] = ()

    def met_by(self, decision: Decision) -> bool:
        """Whether a decision is one of the right answers."""
        rank = ACTIONS.index(decision.action)
        if not ACTIONS.index(self.at_least) <= rank <= ACTIONS.index(self.at_most):
            return False
        return not self.any_of or any(finding.detector in self.any_of for finding in decision.findings)

    def words(self) -> str:
        """For people: "challenge or stricter", "at most notify"."""
        if self.at_least == self.at_most:
            return str(self.at_least)
        if self.at_most == "deny":
            return f"{self.at_least} or stricter" if self.at_least != "allow" else "any"
        return f"at most {self.at_most}" if self.at_least == "allow" else f"{self.at_least} to {self.at_most}"


class Played(Struct, frozen=True):
    """One event of a simulation; `story` is empty for everyday life, `fraud` says whose hand it was.

    `persona` is the kind of person that lives the everyday life, `attacker` the kind of attacker.
    """

    event: AnyEvent
    story: str = ""
    fraud: bool = False
    expected: Expected | None = None
    persona: str = "everyday"
    attacker: str = ""

    def wire(self) -> bytes:
        """The event as JSON with the extra field `label`, which PayGuard does not read.

        `fraud` says whether it is an attacker's event, `scenario` names the story or, in everyday life, the kind of person;
        `attacker` and `expected` are there where a story has them.
        """
        label: dict[str, Any] = {"fraud": self.fraud, "scenario": self.story or self.persona}
        if self.attacker and self.fraud:
            label["attacker"] = self.attacker
        if self.expected is not None:
            label["expected"] = self.expected
        return to_wire(self.event)[:-1] + b',"label":' + json.encode(label) + b"}"
