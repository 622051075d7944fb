"""Decides a file of events offline: no broker, stores in this process, the very core that runs in the worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from msgspec import Struct

from contracts.decisions import Decision
from services.lab.lines import EventLine
from services.lab.offline import OfflineCore

BATCH = 1000


class Line(Struct, frozen=True, gc=False):
    """A line of a file as the core reads a record: its time (milliseconds) is the event's own time."""

    key: bytes
    value: bytes
    event_id: str
    offset: int
    timestamp: int
    headers: tuple[tuple[str, bytes], ...] = ()


#: Takes each batch with its decisions and their very bytes; a repeated event id has none.
Keep = Callable[[Sequence[Line], Sequence[Decision], Sequence[bytes]], None]


async def replay(events: Iterator[EventLine], core: OfflineCore, keep: Keep, first_offset: int = 0) -> int:
    """Decide events in their order and hand each batch with its decisions to `keep`; returns how many events were read."""
    offset = first_offset
    while chunk := list(islice(events, BATCH)):
        lines = [
            Line(event.account_id.encode(), line, event.event_id, offset + index, int(event.at * 1000))
            for index, (_number, line, event) in enumerate(chunk)
        ]
        offset += len(lines)
        answered = await core.decide(lines)
        keep(lines, answered.decisions, answered.encoded)
    return offset - first_offset
