"""Decides a file of events offline: no broker, stores in this process, the very core that runs in the worker."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from msgspec import Struct

from contracts.decisions import Decision
from services.replay.lines import EventLine
from services.replay.offline import OfflineCore

BATCH = 1000
#: How far ahead of what followed it an event must lie, and of how many events that followed, to be one of a wrong clock.
AHEAD_S, FOLLOWERS = 86_400.0, 15


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
    """Decide events in their order and hand each batch with its decisions to `keep`; returns how many events were read.

    A file says nothing of when an event arrived; see `arrival_times` for one whose time cannot be right.
    """
    offset = first_offset
    chunk = list(islice(events, BATCH))
    while chunk:
        after = list(islice(events, BATCH))
        arrived = arrival_times([(each.event.account_id, each.event.at) for each in (*chunk, *after)])
        lines = [
            Line(event.account_id.encode(), line, event.event_id, offset + index, int(arrived[index] * 1000))
            for index, (_number, line, event) in enumerate(chunk)
        ]
        offset += len(lines)
        chunk = after
        answered = await core.decide(lines)
        keep(lines, answered.decisions, answered.encoded)
    return offset - first_offset


def paired(lines: Sequence[Line], decisions: Sequence[Decision]) -> Iterator[tuple[Line, Decision]]:
    """Each decision of a batch with the line it is about; a repeated event has none, and the first of its lines counts."""
    unpaired = iter(lines)
    for decision in decisions:
        yield next(line for line in unpaired if line.event_id == decision.event_id), decision


def arrival_times(events: Sequence[tuple[str, float]]) -> list[float]:
    """When each (account, time in epoch seconds) arrived, as far as a file tells: at its own time, unless its clock was wrong.

    An event arrived no later than what its account sent next. Where most of its account's next FOLLOWERS events are more than
    AHEAD_S older, at least two of them, its clock was wrong, and it arrived when the oldest of these was sent.
    """
    arrived = [0.0] * len(events)
    following: dict[str, deque[float]] = {}
    for index in range(len(events) - 1, -1, -1):
        account_id, at = events[index]
        after = following.setdefault(account_id, deque(maxlen=FOLLOWERS))
        older = [each for each in after if each < at - AHEAD_S]
        wrong = len(older) >= 2 and 2 * len(older) > len(after)
        arrived[index] = min(older) if wrong else at
        after.append(at)
    return arrived
