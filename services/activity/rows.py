"""An event of any kind as a row of activity. Pure."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import NamedTuple

from contracts.amounts import canonical_amount
from contracts.event_times import epoch_seconds
from contracts.events import (
    EVENT_TYPE_NAMES,
    EVENT_TYPES,
    AccountChange,
    Activity,
    AnyEvent,
    ChallengeOutcome,
    Erasure,
    Label,
    Login,
    OwnerAct,
    Settlement,
    Transaction,
    UserReport,
)
from contracts.shown import MOST_METHOD, MOST_REASON, MOST_TEXT, device_text, short

_DAY_S = 86_400
_EPOCH = date(1970, 1, 1).toordinal()
#: What repeats from event to event is made once: there are few days, and few devices by their names.
_REMEMBERED = 4096
_device_text = lru_cache(_REMEMBERED)(device_text)
_TAGS = dict(zip(EVENT_TYPES, EVENT_TYPE_NAMES, strict=True))


class Row(NamedTuple):
    """One row, in the order of the table's columns."""

    section: str
    day: date
    account_id: str
    event_id: str
    at: float
    type: str
    kind: str | None = None
    outcome: str | None = None
    reason: str | None = None
    amount: str | None = None
    currency: str | None = None
    payee_id: str | None = None
    payee_key: bytes | None = None
    device_key: bytes | None = None
    network_key: bytes | None = None
    device: str | None = None
    country: str | None = None
    city: str | None = None
    network_kind: str | None = None
    session_id: str | None = None
    about_event_id: str | None = None
    reference: str | None = None
    channel: str | None = None
    ip_key: bytes | None = None


def row_of(event: AnyEvent) -> Row:
    """The row of an enriched event; `at` is the event's believed time, `day` that which it claims."""
    # long because it names each column once
    if not isinstance(event, Activity):
        return _spoken(event)
    place, network = event.place, event.network
    kind: str | None = None
    outcome: str | None = None
    reason = amount = currency = payee_id = payee_key = reference = channel = None
    if isinstance(event, Transaction):
        kind, outcome, reason = event.kind, event.status, short(event.reason, MOST_REASON)
        amount, currency = canonical_amount(event.amount, event.currency), event.currency
        payee_id, payee_key = event.payee_id, event.payee_key
        reference, channel = event.reference, event.channel
    elif isinstance(event, Login):
        kind, outcome, reason = (
            short(event.method, MOST_METHOD),
            event.outcome,
            short(event.reason, MOST_REASON),
        )
    elif isinstance(event, AccountChange):
        kind = event.change
    return Row(
        section_of(event),
        day_of(event),
        event.account_id,
        event.event_id,
        event.at,
        _TAGS[event.__class__],
        kind,
        outcome,
        reason,
        amount,
        currency,
        payee_id,
        payee_key,
        event.device_key,
        event.network_key,
        _device_text(event.device),
        place.country if place else None,
        short(place.city, MOST_TEXT) if place else None,
        network.kind if network and network.kind != "unknown" else None,
        event.session_id,
        None,
        reference,
        channel,
        event.ip_key,
    )


#: The type of the row that is never kept: what is kept of its account goes instead.
ERASURE = "erasure"


def _spoken(event: ChallengeOutcome | UserReport | Label | Settlement | Erasure | OwnerAct) -> Row:
    """What PayGuard, the owner or support said of another event, or of the account."""
    kind: str | None = None
    outcome: str | None = None
    about: str | None = None
    if isinstance(event, ChallengeOutcome):
        kind, outcome, about = event.purpose, event.outcome, event.challenged_event_id
    elif isinstance(event, Settlement):
        kind, outcome, about = event.settles, event.outcome, event.about_event_id
    elif isinstance(event, OwnerAct):
        kind = event.act if event.by is None else f"{event.by}_{event.act}"
    elif not isinstance(event, Erasure):
        kind, about = event.verdict, event.about_event_id
    return Row(
        section_of(event),
        day_of(event),
        event.account_id,
        event.event_id,
        event.at,
        _TAGS[event.__class__],
        kind,
        outcome,
        about_event_id=about,
    )


def section_of(event: AnyEvent) -> str:
    """`money` for a transaction, `access` for all else."""
    return "money" if event.__class__ is Transaction else "access"


def day_of(event: AnyEvent) -> date:
    """The UTC day that the event claims to be of: the same on every repeat, whenever that comes."""
    return _day(int(epoch_seconds(event.occurred_at) // _DAY_S))


@lru_cache(_REMEMBERED)
def _day(number: int) -> date:
    """The day so many days after that of the epoch."""
    return date.fromordinal(_EPOCH + number)
