"""What a caller should know of an event that was accepted: what was not read, or was read otherwise than it was written.

A check is a function of `CHECKS`: it gets the event as it was read, the members as they were written, and the id of the
API key that offered them. It answers quickly for an event that is as it should be: it is asked about every one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from contracts.events import AnyEvent
from services.ingest.event_warning import EventWarning as EventWarning
from services.ingest.fields import PARTS, fields_of, nearest, shown
from services.ingest.unread import unread

_MOST_OF_A_KIND = 20


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


#: Every check, in the order in which their warnings are told.
CHECKS: tuple[Check, ...] = (_unknown_fields, unread)
