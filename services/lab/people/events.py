"""Events of simulated people, from who it is, when, where and on what."""

from __future__ import annotations

from typing import Any

from contracts.currencies import shown_places
from contracts.events import ChallengeOutcome, Login, Transaction
from services.lab.people.devices import Handset
from services.lab.people.personas import Person
from services.lab.people.places import Access
from services.scoring.effects import challenge_id


def happening(event_id: str, who: Person, at: float) -> dict[str, Any]:
    """The fields that every event has; `at` is epoch seconds."""
    return {"event_id": event_id, "account_id": who.account_id, "occurred_at": int(at * 1000)}


def activity(event_id: str, who: Person, at: float, access: Access, device: Handset) -> dict[str, Any]:
    """The fields of an event that somebody causes over a line, on a device."""
    return {
        **happening(event_id, who, at),
        "ip": access.ip,
        "user_agent": device.user_agent,
        "device_id": device.device_id,
        "place": access.place,
        "network": access.network,
    }


def login_of(fields: dict[str, Any], ok: bool, session: str | None) -> Login:
    """An attempt to log in; one that fails has a wrong password."""
    outcome, reason = ("success", None) if ok else ("failure", "bad_password")
    return Login(**fields, outcome=outcome, reason=reason, session_id=session)  # type: ignore[arg-type]


def payment_of(
    fields: dict[str, Any], who: Person, amount: float, balance: float | None, **more: Any
) -> Transaction:
    """Money asked to move, at least one major unit of the person's currency; `more` are fields as they stand."""
    currency = who.city.currency
    places = shown_places(currency)
    return Transaction(
        **fields,
        amount=f"{max(amount, 1.0):.{places}f}",
        currency=currency,
        balance=None if balance is None else f"{balance:.{places}f}",
        **more,
    )


def confirmation_of(fields: dict[str, Any], about: str) -> ChallengeOutcome:
    """The owner typed the code that was asked for the event `about`."""
    return ChallengeOutcome(
        **fields,
        challenge_id=challenge_id(fields["account_id"], about),
        challenged_event_id=about,
        purpose="login",
        outcome="passed",
    )
