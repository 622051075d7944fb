"""What HTTP shows of an event that a case, an alert, a freeze or a held payment speaks of."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from msgspec.structs import asdict
from pydantic import BaseModel

from contracts.shown import Shown, Usual
from services.cases.subjects import Known
from services.http.times import utc, utc_if


class UsualShown(BaseModel):
    """What was usual for the account before the event, for contrast; null: not known.

    `country` and `city` are where it was last, at `at`, by an event that was not itself under suspicion, and `device` what it
    came from. `amount` is what transactions of the kind in the currency usually come to, to two digits. `payee_known`: whether
    money went to this payee before.
    """

    device: str | None
    country: str | None
    city: str | None
    at: datetime | None
    amount: str | None
    currency: str | None
    payee_known: bool | None

    @classmethod
    def of(cls, usual: Usual) -> Self:
        """What was usual, as shown."""
        return cls(**asdict(usual) | {"at": utc_if(usual.at)})


class EventShown(BaseModel):
    """What a person needs to recognise an event; what it did not say, or nobody could tell, is null.

    `accuracy_km` is how far off the place may be. `kind` is the transaction's, the login's method or the account's change;
    `status` is the transaction's or the login's outcome; `failure` is why a login failed.
    """

    device: str | None
    country: str | None
    city: str | None
    accuracy_km: float | None
    network_kind: str | None
    amount: str | None
    currency: str | None
    payee_id: str | None
    kind: str | None
    status: str | None
    failure: str | None
    session_id: str | None
    usual: UsualShown | None

    @classmethod
    def of(cls, shown: Shown) -> Self:
        """The event as shown."""
        usual = None if shown.usual is None else UsualShown.of(shown.usual)
        return cls(**asdict(shown) | {"usual": usual})

    @classmethod
    def of_if(cls, shown: Shown | None) -> Self | None:
        """As `of`, of an event that may have nothing to show."""
        return None if shown is None else cls.of(shown)


class AboutShown(BaseModel):
    """The event that an owner's report is about.

    `source` says where this is from: the `decision` on the event, if it had effects, or the account's `activity`; null where
    neither knows the event, yet or any longer.
    """

    event_id: str
    type: str | None
    at: datetime | None
    source: Literal["decision", "activity"] | None
    shown: EventShown | None

    @classmethod
    def of(cls, known: Known) -> Self | None:
        """What the known event speaks of; None when it speaks of nothing."""
        if known.about_event_id is None:
            return None
        about = known.about
        if about is None:
            return cls(event_id=known.about_event_id, type=None, at=None, source=None, shown=None)
        return cls(
            event_id=about.event_id,
            type=about.type,
            at=utc(about.at),
            source=about.source,
            shown=EventShown.of_if(about.shown),
        )
