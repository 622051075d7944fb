"""Warnings about what an event brought in vain: an address that is nobody's, a device id that is a placeholder, half a place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from contracts.events import Activity, AnyEvent, is_place
from services.api.event_warning import EventWarning
from services.enrichment.clients import Fault, client_of, names_no_device
from services.events.mending import Mended

_ADDRESSES: dict[Fault, str] = {
    "not_public": "the address is private, shared or local and says nothing of the client: send the client's own, which a proxy "
    "hands on in X-Forwarded-For",
    "malformed": "no address can be read from the text: send one such as 192.0.2.7 or 2001:db8::7",
}
_PLACEHOLDER = (
    "the text is a placeholder and names no device: leave the field out, or send an id that the device keeps"
)
_PLACE = "a place has latitude within 90, longitude within 180 degrees and an accuracy within 40,075 km; the rest was kept"
_REMEMBERED = 20_000


@lru_cache(maxsize=_REMEMBERED)
def _fault(text: str) -> Fault:
    return client_of(text).fault


_is_placeholder = lru_cache(maxsize=_REMEMBERED)(names_no_device)


def unread(event: AnyEvent, _members: Mapping[str, Any], _key_id: str) -> Iterator[EventWarning]:
    """A warning for each thing of an event that counts as if it had not been sent."""
    if not isinstance(event, Activity):
        return
    if event.ip is not None and (fault := _fault(event.ip)):
        yield EventWarning(f"address_{fault}", "ip", _ADDRESSES[fault])
    if event.device_id is not None and _is_placeholder(event.device_id):
        yield EventWarning("device_placeholder", "device_id", _PLACEHOLDER)
    if event.place is not None and not is_place(event.place):
        yield EventWarning("place_malformed", "place", _PLACE)


def of_mended(mended: Sequence[Mended]) -> tuple[EventWarning, ...]:
    """What a second reading changed, as warnings."""
    return tuple(EventWarning(each.code, each.field, each.detail) for each in mended)
