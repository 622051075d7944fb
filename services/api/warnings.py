"""What a caller should know of an event that was accepted: what was not read, or was read otherwise than it was written.

A check is a function of `CHECKS`: it gets the event as it was read, the members as they were written, and the id of the
API key that offered them. It answers quickly for an event that is as it should be: it is asked about every one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from contracts.amounts import canonical_amount, grouped
from contracts.events import AnyEvent, Transaction
from services.api.event_warning import EventWarning as EventWarning
from services.api.unread import unread
from services.events.fields import PARTS, fields_of, nearest, shown

_MOST_OF_A_KIND = 20
#: Keys and currencies that were told; beyond so many the first are forgotten, and told again.
_MOST_TOLD = 10_000


Members = Mapping[str, Any]
Check = Callable[[AnyEvent, Members, str], Iterator[EventWarning]]


def warnings_of(event: AnyEvent, members: Members, key_id: str = "") -> tuple[EventWarning, ...]:
    """Every warning about an event that was read from these members; empty when it is as it should be."""
    return tuple(warning for check in CHECKS for warning in check(event, members, key_id))


def unknown_fields(members: Members, tag: str) -> Iterator[EventWarning]:
    """A warning for each member that this type of event does not have; at most 20 of an object."""
    for path, known in fields_of(tag).items():
        given = members.get(path) if path else members
        if isinstance(given, dict) and not given.keys() <= known:
            unknown = [name for name in given if name not in known]
            for name in unknown[:_MOST_OF_A_KIND]:
                yield _unknown(name, path, tag, known)


def _unknown(name: str, path: str, tag: str, known: frozenset[str]) -> EventWarning:
    like = nearest(name, known)
    field = f"{path}.{shown(name)}" if path else shown(name)
    detail = f"`{shown(name)}` is not a field of {path or tag}"
    if like is not None:
        detail += f"; did you mean `{like}`?"
    elif name in PARTS or path:
        detail += f", which has {', '.join(sorted(known))}"
    return EventWarning("unknown_field", field, detail)


def _unknown_fields(event: AnyEvent, members: Members, _key_id: str) -> Iterator[EventWarning]:
    return unknown_fields(members, str(event.__struct_config__.tag))


class MinorUnits:
    """Repeats a sum that came as an integer as it was read: once a key and currency in this process, always without a key."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], None] = {}

    def __call__(self, event: AnyEvent, _members: Members, key_id: str) -> Iterator[EventWarning]:
        """A warning that repeats the sum as it was read, when it came as an integer."""
        if isinstance(event, Transaction) and isinstance(event.amount, int):
            yield from self._tell(event, key_id)

    def _tell(self, event: Transaction, key_id: str) -> Iterator[EventWarning]:
        whom = key_id, event.currency
        if key_id and whom in self._told:
            return
        if key_id:
            if len(self._told) >= _MOST_TOLD:
                del self._told[next(iter(self._told))]
            self._told[whom] = None
        sum_read = f"{grouped(canonical_amount(event.amount, event.currency))} {event.currency}"
        yield EventWarning("amount_in_minor_units", "amount", f"{event.amount} minor units: {sum_read}")


#: Every check, in the order in which their warnings are told.
CHECKS: tuple[Check, ...] = (_unknown_fields, unread, MinorUnits())
