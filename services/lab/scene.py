"""Where a story writes its events: times are seconds before or after the story's end."""

from __future__ import annotations

from typing import Any

from contracts.events import AccountChange, ChallengeOutcome, Login, Transaction, minor_exponent
from services.lab.personas import Person
from services.lab.places import Access
from services.lab.played import Expected, Played
from services.scoring.effects import challenge_id


class Scene:
    """Collects the events of one story; `played` holds them in the order they were told."""

    def __init__(self, story: str, fraud: bool, ends_at: float, prefix: str) -> None:
        self.played: list[Played] = []
        self._story = story
        self._fraud = fraud
        self._ends_at = ends_at
        self._prefix = prefix

    def login(
        self,
        who: Person,
        at_s: float,
        access: Access,
        device_id: str,
        user_agent: str,
        ok: bool,
        fraud: bool | None = None,
        expected: Expected | None = None,
    ) -> str:
        """A login attempt; returns its event id."""
        event = Login(
            outcome="success" if ok else "failure",
            reason=None if ok else "bad_password",
            **self._activity(who, at_s, access, device_id, user_agent),
        )
        return self._keep(event, fraud, expected)

    def change(
        self, who: Person, at_s: float, access: Access, device_id: str, user_agent: str, change: str
    ) -> str:
        """A change to the account; returns its event id."""
        activity = self._activity(who, at_s, access, device_id, user_agent)
        return self._keep(AccountChange(change=change, **activity), None, None)  # type: ignore[arg-type]

    def pay(
        self,
        who: Person,
        at_s: float,
        access: Access,
        device_id: str,
        user_agent: str,
        amount: float,
        payee: str,
        kind: str = "transfer",
        expected: Expected | None = None,
    ) -> str:
        """Money asked to move, in major units of the person's currency; returns its event id."""
        currency = who.city.currency
        event = Transaction(
            amount=f"{max(amount, 1.0):.{minor_exponent(currency)}f}",
            currency=currency,
            kind=kind,  # type: ignore[arg-type]
            payee_id=payee,
            **self._activity(who, at_s, access, device_id, user_agent),
        )
        return self._keep(event, None, expected)

    def confirm(self, who: Person, at_s: float, about: str) -> str:
        """The owner types the code for the event `about`; left out where a real wallet answers by itself."""
        event = ChallengeOutcome(
            event_id=self._next_id(),
            account_id=who.account_id,
            occurred_at=self._occurred_at(at_s),
            challenge_id=challenge_id(about),
            challenged_event_id=about,
            purpose="login",
            outcome="passed",
        )
        return self._keep(event, None, None)

    def _activity(
        self, who: Person, at_s: float, access: Access, device_id: str, user_agent: str
    ) -> dict[str, Any]:
        return {
            "event_id": self._next_id(),
            "account_id": who.account_id,
            "occurred_at": self._occurred_at(at_s),
            "ip": access.ip,
            "user_agent": user_agent,
            "device_id": device_id,
            "place": access.place,
            "network": access.network,
        }

    def _keep(self, event: Any, fraud: bool | None, expected: Expected | None) -> str:
        self.played.append(Played(event, self._story, self._fraud if fraud is None else fraud, expected))
        return str(event.event_id)

    def _next_id(self) -> str:
        return f"{self._prefix}-{self._story}-{len(self.played)}"

    def _occurred_at(self, at_s: float) -> int:
        return int((self._ends_at + at_s) * 1000)
