"""The belt: one batch of records of one partition, from bytes to durable decisions. Read this first.

The order is the promise: decisions are produced before the memory that learned from them is saved, and both before the
offsets are committed. A crash anywhere repeats the batch with the same ids, and what was learned is not learned twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from contracts.ports import Shard
from services import metrics
from services.ingest.decode import Record, decode
from services.stream.faults import FaultPoint
from services.stream.lanes import patiently
from services.stream.measure import BatchTimes, measure
from services.stream.parts import Parts
from services.stream.scored import Draft, Scored

#: Events that are judged and written down at a stretch, so that their profiles stay in the cache of one core.
WINDOW = 64


class Belt:
    """Carries batches through its parts; `Parts` says what each of them is."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.faults = FaultPoint(parts.settings.fault_point, parts.settings.fault_after)

    async def score(self, partition: int, records: Sequence[Record]) -> Scored:
        """Bytes to decisions: decode, enrich, remember, ask what crosses accounts, run the detectors, decide, learn."""
        parts, times = self.parts, BatchTimes()
        shard = Shard(parts.settings.topic_epoch, partition)
        incoming = decode(records, parts.settings.future_skew_s)
        parts.ceiling.note(len(records), len(incoming.dead))
        states = parts.enricher.enrich(incoming.events)
        offsets = [record.offset for record in incoming.records]
        questions, owners = parts.tally_plan.questions(incoming.events, offsets)
        times.mark("decode")
        accounts, counts = await asyncio.gather(
            patiently(lambda: parts.memory.load(shard, [event.account_id for event in incoming.events]), "memory"),
            patiently(lambda: parts.tallies.observe(shard, questions), "tallies"),
        )
        times.mark("load")
        for index in incoming.clamped:
            states[index] = (*states[index], "clamped")
        metrics.CLAMPED_EVENTS.inc(len(incoming.clamped))
        tallies = parts.tally_plan.answers(len(offsets), questions, owners, counts)
        draft = Draft(shard)
        for start in range(0, len(offsets), WINDOW):
            window = slice(start, start + WINDOW)
            decisions = parts.judge(
                incoming.events[window], offsets[window], accounts[window], tallies[window], states[window]
            )
            times.mark("score")
            draft.add(incoming.records[window], accounts[window], decisions)
            times.mark("encode")
        return draft.done(incoming.dead, parts, times)

    async def finish(self, scored: Scored) -> None:
        """Durable, in order: challenges, decisions and dead letters, memory, answers to callers."""
        parts, settings = self.parts, self.parts.settings
        if scored.challenges:
            await patiently(lambda: parts.challenges.open(scored.challenges), "challenges")
        self.faults.reach("before_produce")
        now_ms = parts.clock_ms()
        await patiently(
            lambda: parts.producer.produce(settings.topic_decisions, scored.shard.partition, scored.rows, now_ms), "Kafka"
        )
        if scored.dead_rows:
            await patiently(
                lambda: parts.producer.produce(settings.topic_dead, scored.shard.partition, scored.dead_rows, now_ms),
                "Kafka",
            )
        scored.times.mark("produce")
        self.faults.reach("after_produce")
        await asyncio.gather(
            patiently(lambda: parts.memory.save(scored.shard, scored.entries), "memory"),
            patiently(lambda: parts.mailbox.deliver(scored.answers), "mailbox"),
        )
        parts.memory.unpin(scored.touched.values())
        scored.times.mark("save")
        self.faults.reach("after_save")
        measure(scored, parts.clock_ms())

    def forget(self, partitions: Sequence[int]) -> None:
        """Drop the live profiles of partitions that are no longer ours."""
        for partition in partitions:
            self.parts.memory.drop(Shard(self.parts.settings.topic_epoch, partition))

    def reach(self, point: str) -> None:
        """Say that a named fault point outside the belt was reached."""
        self.faults.reach(point)
