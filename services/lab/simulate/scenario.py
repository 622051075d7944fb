"""Where a story writes its events: times are seconds before or after the story's end."""

from __future__ import annotations

from typing import Any

from contracts.currencies import shown_places
from contracts.events import AccountChange, ChallengeOutcome, Label, Login, Transaction
from services.lab.people.devices import Handset
from services.lab.people.personas import Person
from services.lab.people.places import Access
from services.lab.people.played import Expected, Played
from services.lab.simulate.attackers import Hand
from services.scoring.effects import challenge_id


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
        event = Login(
            outcome="success" if ok else "failure",
            reason=None if ok else "bad_password",
            session_id=session,
            **self._activity(who, at_s, hand),
        )
        return self._keep(event, fraud, expected)

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
        currency = who.city.currency
        places = shown_places(currency)
        event = Transaction(
            amount=f"{max(amount, 1.0):.{places}f}",
            currency=currency,
            kind=kind,  # type: ignore[arg-type]
            status=status,  # type: ignore[arg-type]
            payee_id=payee,
            balance=None if balance is None else f"{balance:.{places}f}",
            session_id=session,
            **self._activity(who, at_s, hand),
        )
        return self._keep(event, fraud, expected)

    def confirm(self, who: Person, at_s: float, about: str) -> str:
        """The owner types the code for the event `about`; left out where a real wallet answers by itself."""
        event = ChallengeOutcome(
            challenge_id=challenge_id(who.account_id, about),
            challenged_event_id=about,
            purpose="login",
            outcome="passed",
            **self._happening(who, at_s),
        )
        return self._keep(event, False, None)

    def label(self, who: Person, at_s: float, about: str, payee: str) -> str:
        """Support says that the payment `about` was fraud."""
        event = Label(about_event_id=about, verdict="fraud", payee_id=payee, **self._happening(who, at_s))
        return self._keep(event, False, None)

    def _happening(self, who: Person, at_s: float) -> dict[str, Any]:
        return {
            "event_id": f"{self._prefix}-{self._story}-{len(self.played)}",
            "account_id": who.account_id,
            "occurred_at": int((self._ends_at + at_s) * 1000),
        }

    def _activity(self, who: Person, at_s: float, hand: Hand) -> dict[str, Any]:
        return {
            **self._happening(who, at_s),
            "ip": hand.access.ip,
            "user_agent": hand.device.user_agent,
            "device_id": hand.device.device_id,
            "place": hand.access.place,
            "network": hand.access.network,
        }

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
