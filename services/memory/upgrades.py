"""Ways up from earlier schemas of the stored profile, one function a version; each is kept for ever."""

from __future__ import annotations

from struct import Struct as Layout
from typing import Any

from msgspec import msgpack

from contracts.sightings import pack_fix

_FIX_ROWS, _PENDING, _EVENT_IDS = 9, 18, 19
_FIX_1 = Layout("<d8sddd2s")
_EVENT_ID_1, _EVENT_ID_2 = 8, 6


def from_1(payload: bytes) -> bytes:
    """Version 2 keeps places in scaled whole numbers, and six bytes of an event id instead of eight."""
    fields: list[Any] = msgpack.decode(payload)
    if len(fields) > _FIX_ROWS:
        fields[_FIX_ROWS] = b"".join(pack_fix(*row) for row in _FIX_1.iter_unpack(fields[_FIX_ROWS]))
    if len(fields) > _PENDING:
        fields[_PENDING] = [[each[0][:_EVENT_ID_2], *each[1:]] for each in fields[_PENDING]]
    if len(fields) > _EVENT_IDS:
        known = fields[_EVENT_IDS]
        fields[_EVENT_IDS] = b"".join(
            known[start : start + _EVENT_ID_2] for start in range(0, len(known), _EVENT_ID_1)
        )
    return msgpack.encode(fields)
