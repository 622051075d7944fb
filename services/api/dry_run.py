"""`POST /v1/events?dry_run=true`: what would be made of each event, and what is wrong with it; nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal

import msgspec
from msgspec import Struct

from contracts.amounts import canonical_amount
from contracts.errors import Malformed
from contracts.events import EVENT_TYPES, AnyEvent, Transaction
from services.api.event_warning import EventWarning
from services.api.offered import Offered, members_of
from services.events.refusals import explained, tag_of


class Fault(Struct, frozen=True):
    """One thing that is wrong with an event: its reason code, the field when it is one, and what to do about it."""

    reason: str
    field: str
    detail: str


class Rehearsal(Struct, frozen=True, omit_defaults=True):
    """What would become of one event: `event` is how it would be read, `problems` say why it would not be."""

    index: int
    event_id: str | None
    status: Literal["valid", "malformed"]
    type: str = ""
    event: dict[str, Any] | None = None
    problems: tuple[Fault, ...] = ()
    warnings: tuple[EventWarning, ...] = ()


def rehearsed(offers: Sequence[Offered]) -> list[Rehearsal]:
    """Each offered event, explained."""
    return [_rehearsed(offer) for offer in offers]


def _rehearsed(offer: Offered) -> Rehearsal:
    if offer.event is None or offer.error is not None:
        faults = tuple(_faults(offer.value, offer.error))
        return Rehearsal(offer.index, offer.event_id, "malformed", problems=faults, warnings=offer.warnings)
    event = offer.event
    tag = str(event.__struct_config__.tag)
    return Rehearsal(offer.index, offer.event_id, "valid", tag, as_read(event), warnings=offer.warnings)


def as_read(event: AnyEvent) -> dict[str, Any]:
    """The event's own fields as PayGuard reads them: times in UTC, sums exact, in major units."""
    fields = {name: value for name, value in msgspec.to_builtins(event).items() if not name.startswith("_")}
    for name, at in (("occurred_at", event.at), ("about_occurred_at", getattr(event, "about_at", None))):
        if at is not None:
            fields[name] = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    if isinstance(event, Transaction):
        fields["amount"] = canonical_amount(event.amount, event.currency)
        for name, told in (("balance", event.balance), ("balance_after", event.balance_after)):
            if told is not None:
                fields[name] = canonical_amount(told, event.currency)
    return fields


def _faults(value: bytes, error: Malformed | None) -> Iterator[Fault]:
    """Every member that is missing or does not decode; the first fault alone when it is none of these."""
    found = False
    for fault in _faults_of_members(value):
        found = True
        yield fault
    if not found and error is not None:
        yield Fault(error.reason, "", error.detail)


def _faults_of_members(value: bytes) -> Iterator[Fault]:
    members, tag = members_of(value), tag_of(value)
    kind = next((kind for kind in EVENT_TYPES if kind.__struct_config__.tag == tag), None)
    if kind is None:
        return
    for field in msgspec.structs.fields(kind):
        name = field.encode_name
        if name not in members:
            if field.required:
                yield Fault("invalid_event", name, f"Object missing required field `{name}`")
            continue
        try:
            msgspec.convert({name: members[name]}, _alone(kind, name), strict=True)
        except msgspec.ValidationError as error:
            yield Fault("invalid_event", name, explained(error, value))


@cache
def _alone(kind: type[Struct], name: str) -> type[Struct]:
    """A struct of this one member."""
    field = next(each for each in msgspec.structs.fields(kind) if each.encode_name == name)
    return msgspec.defstruct("Member", [(name, field.type)])
