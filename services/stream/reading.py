"""From records to enriched events and the questions they raise, a chunk at a time, so that an event is touched while warm."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from contracts.errors import Malformed
from contracts.events import AnyEvent
from contracts.ports import Shard, TallyRequest
from services.events.decode import DeadLetter, Incoming, Record, decode
from services.events.own_events import NOT_OURS
from services.platform import metrics
from services.scoring.counting import cut_to, sizes_of
from services.stream.components import CHUNK_SIZE, YIELD_EVERY, Components
from services.stream.placement import Moved


class Arrived(msgspec.Struct, frozen=True, gc=False):
    """A partition's share of a batch before any memory is asked.

    All but `dead`, `moved` (what belongs on other partitions) and the questions runs beside `events`.
    """

    shard: Shard
    events: list[AnyEvent]
    records: list[Record]
    offsets: list[int]
    states: list[tuple[str, ...]]
    dead: list[DeadLetter]
    questions: TallyRequest
    last_offset: int
    moved: list[Moved] = []


async def read(partition: int, records: Sequence[Record], components: Components) -> Arrived:
    """Decode and enrich what came of a partition; gives way each YIELD_EVERY records. Raises TooMuchInvalid."""
    settings, questions = components.settings, components.tally_plan.nothing_asked()
    shard = Shard(settings.topic_epoch, partition)
    arrived = Arrived(shard, [], [], [], [], [], questions, records[-1].offset if records else -1)
    clamped = mended = 0
    now_ms = components.believed_ms()
    for start in range(0, len(records), CHUNK_SIZE):
        incoming = decode(
            records[start : start + CHUNK_SIZE], settings.future_skew_s, components.check_own, now_ms
        )
        placement = components.placement
        if placement is not None and (unseen := components.memory.strangers(shard, incoming.events)):
            incoming, moved = placement.sort(partition, incoming, unseen)
            arrived.moved.extend(moved)
        asked = sizes_of(questions)
        try:
            states = _take(arrived, incoming, components)
        except Exception:  # isolated: the chunk is read again, and whichever event raises is a dead letter
            cut_to(questions, asked)
            incoming = _apart(incoming, components)
            states = _take(arrived, incoming, components)
        for index in incoming.clamped:
            states[index] = (*states[index], "clamped")
        for index, more in incoming.mended.items():
            states[index] = (*states[index], *(each for each in more if each not in states[index]))
        clamped += len(incoming.clamped)
        mended += len(incoming.mended)
        arrived.events.extend(incoming.events)
        arrived.records.extend(incoming.records)
        arrived.offsets.extend([record.offset for record in incoming.records])
        arrived.states.extend(states)
        arrived.dead.extend(incoming.dead)
        if (start + CHUNK_SIZE) % YIELD_EVERY == 0:
            await asyncio.sleep(0)
    metrics.CLAMPED_EVENTS.inc(clamped)
    metrics.MENDED_EVENTS.inc(mended)
    # Who forges our word must not be able to stop the worker with it.
    components.ceiling.note(len(records), sum(letter.error.reason != NOT_OURS for letter in arrived.dead))
    return arrived


def _take(arrived: Arrived, incoming: Incoming, components: Components) -> list[tuple[str, ...]]:
    """Enrich a chunk and ask its questions; its states."""
    events, offsets = incoming.events, [record.offset for record in incoming.records]
    states = components.enricher.enrich(events)
    components.tally_plan.ask(arrived.questions, events, offsets, len(arrived.events))
    return states


def _apart(incoming: Incoming, components: Components) -> Incoming:
    """The chunk without the events that cannot be enriched or asked about, which are dead letters."""
    kept: list[int] = []
    dead = list(incoming.dead)
    for index, (event, record) in enumerate(zip(incoming.events, incoming.records, strict=True)):
        try:
            components.enricher.enrich([event])
            components.tally_plan.ask(components.tally_plan.nothing_asked(), [event], [record.offset])
        except Exception as error:  # isolated: this one event is at fault
            detail = f"the event cannot be worked on: {type(error).__name__}"
            dead.append(DeadLetter(record, Malformed("unreadable", detail)))
            continue
        kept.append(index)
    place = {index: number for number, index in enumerate(kept)}
    return Incoming(
        [incoming.events[index] for index in kept],
        [incoming.records[index] for index in kept],
        sorted(dead, key=lambda letter: letter.record.offset),
        frozenset(place[index] for index in incoming.clamped if index in place),
        {place[index]: states for index, states in incoming.mended.items() if index in place},
    )
