"""Where a story writes its events: times are seconds before or after the story's end."""

from __future__ import annotations

from typing import Any

from contracts.events import AccountChange, Label
from services.lab.people.devices import Handset
from services.lab.people.events import activity, confirmation_of, happening, login_of, payment_of
from services.lab.people.personas import Person
from services.lab.people.places import Access
from services.lab.people.played import Expected, Played
from services.lab.simulate.attackers import Hand


class Scenario:
    """Collects the events of one story; `played` holds them in the order they were told."""

    def __init__(self, story: str, fraud: bool, attacker: str, ends_at: float, prefix: str) -> None:
        self.played: list[Played] = []
        self._story = story
        self._fraud = fraud
        self._attacker = attacker
        self._ends_at = ends_at
        self._prefix = prefix

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
        """A login attempt; returns its event id."""
        return self._keep(login_of(self._activity(who, at_s, hand), ok, session), fraud, expected)

    def change(
        self, who: Person, at_s: float, hand: Hand, change: str, expected: Expected | None = None
    ) -> str:
        """A change to the account; returns its event id."""
        event = AccountChange(change=change, **self._activity(who, at_s, hand))  # type: ignore[arg-type]
        return self._keep(event, None, expected)

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
        """Money asked to move, in major units of the person's currency; returns its event id."""
        event = payment_of(
            self._activity(who, at_s, hand),
            who,
            amount,
            balance,
            kind=kind,
            status=status,
            payee_id=payee,
            session_id=session,
        )
        return self._keep(event, fraud, expected)

    def confirm(self, who: Person, at_s: float, about: str) -> str:
        """The owner types the code for the event `about`; left out where a real wallet answers by itself."""
        return self._keep(confirmation_of(self._happening(who, at_s), about), False, None)

    def label(self, who: Person, at_s: float, about: str, payee: str) -> str:
        """Support says that the payment `about` was fraud."""
        event = Label(about_event_id=about, verdict="fraud", payee_id=payee, **self._happening(who, at_s))
        return self._keep(event, False, None)

    def _happening(self, who: Person, at_s: float) -> dict[str, Any]:
        return happening(self._next_id(), who, self._ends_at + at_s)

    def _activity(self, who: Person, at_s: float, hand: Hand) -> dict[str, Any]:
        return activity(self._next_id(), who, self._ends_at + at_s, hand.access, hand.device)

    def _next_id(self) -> str:
        return f"{self._prefix}-{self._story}-{len(self.played)}"

    def _keep(self, event: Any, fraud: bool | None, expected: Expected | None) -> str:
        by_attacker = self._fraud if fraud is None else fraud
        self.played.append(
            Played(event, self._story, by_attacker, expected, attacker=self._attacker if by_attacker else "")
        )
        return str(event.event_id)


def at_home(who: Person) -> Hand:
    """The person at home with the phone."""
    return Hand(who.home, who.phone)


def on_the_move(who: Person, access: Access) -> Hand:
    """The person's phone over another line."""
    return Hand(access, who.phone)


def strange(access: Access, device_id: str, user_agent: str) -> Hand:
    """A device nobody knows."""
    return Hand(access, Handset(device_id, user_agent))
