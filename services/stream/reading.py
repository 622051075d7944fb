"""From records to enriched events and the questions they raise, a window at a time, so that an event is touched while warm."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from contracts.events import AnyEvent
from contracts.ports import Questions, Shard
from services import metrics
from services.ingest.decode import DeadLetter, Record, decode
from services.ingest.own_events import NOT_OURS
from services.scoring.policy import MEMORY_LOST
from services.stream.parts import STRETCH, WINDOW, Parts


class Arrived(msgspec.Struct, frozen=True, gc=False):
    """A partition's share of a haul before any memory is asked: all but `dead` and the questions runs beside `events`."""

    shard: Shard
    events: list[AnyEvent]
    records: list[Record]
    offsets: list[int]
    states: list[tuple[str, ...]]
    dead: list[DeadLetter]
    questions: Questions
    last_offset: int


async def read(partition: int, records: Sequence[Record], parts: Parts) -> Arrived:
    """Decode and enrich what came of a partition; gives way after each stretch. Raises TooMuchInvalid."""
    shard, questions = Shard(parts.settings.topic_epoch, partition), parts.tally_plan.nothing_asked()
    arrived = Arrived(shard, [], [], [], [], [], questions, records[-1].offset if records else -1)
    clamped = 0
    for start in range(0, len(records), WINDOW):
        incoming = decode(records[start : start + WINDOW], parts.settings.future_skew_s, parts.check_own)
        events = incoming.events
        states = parts.enricher.enrich(events)
        for index in incoming.clamped:
            states[index] = (*states[index], "clamped")
        clamped += len(incoming.clamped)
        offsets = [record.offset for record in incoming.records]
        parts.tally_plan.ask(questions, events, offsets, len(arrived.events))
        arrived.events.extend(events)
        arrived.records.extend(incoming.records)
        arrived.offsets.extend(offsets)
        arrived.states.extend(states)
        arrived.dead.extend(incoming.dead)
        if (start + WINDOW) % STRETCH == 0:
            await asyncio.sleep(0)
    metrics.CLAMPED_EVENTS.inc(clamped)
    # Who forges our word must not be able to stop the worker with it.
    parts.ceiling.note(len(records), sum(letter.error.reason != NOT_OURS for letter in arrived.dead))
    return arrived


def told(states: list[tuple[str, ...]], memory_lost: bool) -> list[tuple[str, ...]]:
    """The states of a partition's events once it is known whether what is remembered of their accounts was lost."""
    return [(*each, MEMORY_LOST) for each in states] if memory_lost else states
