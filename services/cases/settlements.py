"""The event by which the stream, and any replay of it, learns that a freeze or a held payment ended."""

from __future__ import annotations

from typing import Literal

from contracts.decisions import derived_id
from contracts.events import Settlement, to_wire
from services.cases import outbox

Outcome = Literal["released", "cancelled", "expired"]


def settlement(
    hold_id: str,
    settles: Literal["account", "payment"],
    outcome: Outcome,
    account_id: str,
    event_id: str,
    now: float,
) -> outbox.Outgoing:
    """What the stream is told of the end of the hold `hold_id`, which the event led to."""
    event = Settlement(
        event_id=derived_id(hold_id, "settlement"),
        account_id=account_id,
        occurred_at=int(now * 1000),
        settles=settles,
        outcome=outcome,
        about_event_id=event_id,
    )
    return outbox.Outgoing(event.event_id, "event", account_id, to_wire(event))
