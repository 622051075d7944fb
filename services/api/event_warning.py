"""One warning about an event that was accepted, as its sender is told it."""

from __future__ import annotations

from msgspec import Struct


class EventWarning(Struct, frozen=True):
    """A stable code, the path of the field, such as `place.country`, and a sentence for the caller's developer.

    The sentence may hold names and values of the caller's own event: it goes into the answer, never into a log.
    """

    code: str
    field: str
    detail: str
