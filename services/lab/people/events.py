"""Events of simulated people, each with what it is part of and what PayGuard is expected to answer."""

from __future__ import annotations

from typing import Any

from msgspec import DecodeError, Raw, Struct, json

from contracts.actions import ACTIONS, Action
from contracts.currencies import shown_places
from contracts.decisions import Decision
from contracts.events import AccountChange, AnyEvent, ChallengeOutcome, Label, Login, Transaction, to_wire
from services.lab.people.personas import Handset, Person
from services.lab.people.places import Access
from services.scoring.effects import challenge_id
from services.scoring.frozen import NAME as ACCOUNT_FROZEN


class Hand(Struct, frozen=True):
    """Over which line and on which device somebody comes."""

    access: Access
    device: Handset


class Expected(Struct, frozen=True, omit_defaults=True):
    """The answers that would be right: between `at_least` and `at_most`, and, if named, for one of these detectors.

    Whom an earlier step has frozen needs no other reason.
    """

    at_least: Action = "allow"
    at_most: Action = "deny"
    any_of: tuple[str, ...] = ()

    def met_by(self, decision: Decision) -> bool:
        """Whether a decision is one of the right answers."""
        rank = ACTIONS.index(decision.action)
        if not ACTIONS.index(self.at_least) <= rank <= ACTIONS.index(self.at_most):
            return False
        right = (*self.any_of, ACCOUNT_FROZEN)
        return not self.any_of or any(finding.detector in right for finding in decision.findings)

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


class Told(Struct, frozen=True):
    """What the `label` of a line says of its event; `expected` is left for who asks."""

    fraud: bool | None = None
    scenario: str | int | None = None
    story: Any = None
    expected: Raw = Raw()


class _Labelled(Struct, frozen=True):
    label: Told | None = None


_NOTHING_TOLD = Told()
_LABELLED = json.Decoder(_Labelled)


def told_of(line: bytes) -> Told:
    """The label of a simulated or converted line; one that says nothing when there is none, or none that can be read."""
    if b'"label"' not in line:
        return _NOTHING_TOLD
    try:
        return _LABELLED.decode(line).label or _NOTHING_TOLD
    except DecodeError:
        return _NOTHING_TOLD


class Recorder:
    """Writes down what people do; `played` holds it in the order in which it was told.

    Times are seconds after `begins_at` (epoch seconds). Events are of everyday life, or of the `story`, and then of an attacker's
    hand where `fraud` says so and nothing else is said of the single event.
    """

    def __init__(
        self, prefix: str, begins_at: float = 0.0, story: str = "", fraud: bool = False, attacker: str = ""
    ) -> None:
        self.played: list[Played] = []
        self._prefix = prefix
        self._begins_at = begins_at
        self._story = story
        self._fraud = fraud
        self._attacker = attacker

    def login(
        self,
        who: Person,
        at_s: float,
        hand: Hand,
        ok: bool = True,
        fraud: bool | None = None,
        expected: Expected | None = None,
        session: str | None = None,
    ) -> str:
        """An attempt to log in, which fails for a wrong password; returns its event id."""
        outcome, reason = ("success", None) if ok else ("failure", "bad_password")
        fields = self._activity(who, at_s, hand)
        event = Login(**fields, outcome=outcome, reason=reason, session_id=session)  # type: ignore[arg-type]
        return self._keep(who, event, fraud, expected)

    def change(
        self, who: Person, at_s: float, hand: Hand, change: str, expected: Expected | None = None
    ) -> str:
        """A change to the account; returns its event id."""
        event = AccountChange(change=change, **self._activity(who, at_s, hand))  # type: ignore[arg-type]
        return self._keep(who, event, None, expected)

    def pay(
        self,
        who: Person,
        at_s: float,
        hand: Hand,
        amount: float,
        payee: str | None,
        kind: str = "transfer",
        expected: Expected | None = None,
        status: str = "requested",
        balance: float | None = None,
        session: str | None = None,
        fraud: bool | None = None,
    ) -> str:
        """Money asked to move, at least one major unit of the person's currency; returns its event id."""
        currency = who.city.currency
        places = shown_places(currency)
        event = Transaction(
            **self._activity(who, at_s, hand),
            amount=f"{max(amount, 1.0):.{places}f}",
            currency=currency,
            balance=None if balance is None else f"{balance:.{places}f}",
            kind=kind,  # type: ignore[arg-type]
            status=status,  # type: ignore[arg-type]
            payee_id=payee,
            session_id=session,
        )
        return self._keep(who, event, fraud, expected)

    def confirm(self, who: Person, at_s: float, about: str) -> str:
        """The owner types the code for the event `about`; harmless where nothing was asked."""
        event = confirmation_of(self._next_id(), who.account_id, self._moment_ms(at_s), about)
        return self._keep(who, event, False, None)

    def label(self, who: Person, at_s: float, about: str, payee: str) -> str:
        """Support says that the payment `about` was fraud."""
        event = Label(
            event_id=self._next_id(),
            account_id=who.account_id,
            occurred_at=self._moment_ms(at_s),
            about_event_id=about,
            verdict="fraud",
            payee_id=payee,
        )
        return self._keep(who, event, False, None)

    def _activity(self, who: Person, at_s: float, hand: Hand) -> dict[str, Any]:
        return {
            "event_id": self._next_id(),
            "account_id": who.account_id,
            "occurred_at": self._moment_ms(at_s),
            "ip": hand.access.ip,
            "user_agent": hand.device.user_agent,
            "device_id": hand.device.device_id,
            "place": hand.access.place,
            "network": hand.access.network,
        }

    def _moment_ms(self, at_s: float) -> int:
        return int((self._begins_at + at_s) * 1000)

    def _next_id(self) -> str:
        return f"{self._prefix}-{len(self.played)}"

    def _keep(self, who: Person, event: AnyEvent, fraud: bool | None, expected: Expected | None) -> str:
        by_attacker = self._fraud if fraud is None else fraud
        attacker = self._attacker if by_attacker else ""
        self.played.append(Played(event, self._story, by_attacker, expected, who.persona, attacker))
        return event.event_id


def confirmation_of(event_id: str, account_id: str, occurred_at: int, about: str) -> ChallengeOutcome:
    """The owner typed the code that was asked for the event `about`; `occurred_at` in epoch milliseconds."""
    return ChallengeOutcome(
        event_id=event_id,
        account_id=account_id,
        occurred_at=occurred_at,
        challenge_id=challenge_id(account_id, about),
        challenged_event_id=about,
        purpose="login",
        outcome="passed",
    )
