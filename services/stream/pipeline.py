"""The belt: one batch of records of one partition, from bytes to durable decisions. Read this first.

The order is the promise: decisions are produced before the memory that learned from them is saved, and both before the
offsets are committed. A crash anywhere repeats the batch with the same ids, and what was learned is not learned twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from contracts.ports import Shard
from services.ingest.decode import Record
from services.stream.faults import FaultPoint
from services.stream.fence import owned_counts
from services.stream.lanes import patiently
from services.stream.measure import BatchTimes, measure
from services.stream.parts import WINDOW, Parts
from services.stream.reading import read
from services.stream.scored import Draft, Scored


class Belt:
    """Carries batches through its parts; `Parts` says what each of them is."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.faults = FaultPoint(parts.settings.fault_point, parts.settings.fault_after)

    async def score(self, partition: int, records: Sequence[Record]) -> Scored:
        """Bytes to decisions: decode, enrich, remember, ask what crosses accounts, run the detectors, decide, learn."""
        parts, times = self.parts, BatchTimes()
        shard = Shard(parts.settings.topic_epoch, partition)
        arrived = read(records, parts)
        times.mark("decode")
        accounts, counts = await asyncio.gather(
            patiently(
                lambda: parts.memory.load(shard, [event.account_id for event in arrived.events]), "memory"
            ),
            patiently(lambda: parts.tallies.observe(shard, arrived.questions), "tallies"),
        )
        counts = await patiently(
            lambda: owned_counts(parts.memory, shard, arrived.questions, arrived.owners, accounts, counts),
            "memory",
        )
        times.mark("load")
        tallies = parts.tally_plan.answers(len(arrived.events), arrived.questions, arrived.owners, counts)
        draft = Draft(shard)
        for start in range(0, len(arrived.events), WINDOW):
            part = slice(start, start + WINDOW)
            decisions = parts.judge(
                arrived.events[part],
                arrived.offsets[part],
                accounts[part],
                tallies[part],
                arrived.states[part],
            )
            times.mark("score")
            draft.add(arrived.records[part], accounts[part], decisions)
            times.mark("encode")
        return draft.done(arrived.dead, parts, times)

    async def finish(self, scored: Scored) -> None:
        """Durable, in order: challenges, decisions and dead letters, memory, answers to callers."""
        parts, settings = self.parts, self.parts.settings
        if scored.challenges:
            await patiently(lambda: parts.challenges.open(scored.challenges), "challenges")
        self.faults.reach("before_produce")
        now_ms = parts.clock_ms()
        await patiently(
            lambda: parts.producer.produce(
                settings.topic_decisions, scored.shard.partition, scored.rows, now_ms
            ),
            "Kafka",
        )
        if scored.dead_rows:
            await patiently(
                lambda: parts.producer.produce(
                    settings.topic_dead, scored.shard.partition, scored.dead_rows, now_ms
                ),
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
        measure(scored, len(parts.memory), parts.clock_ms())

    def forget(self, partitions: Sequence[int]) -> None:
        """Drop the live profiles of partitions that are no longer ours."""
        for partition in partitions:
            self.parts.memory.drop(Shard(self.parts.settings.topic_epoch, partition))

    def reach(self, point: str) -> None:
        """Say that a named fault point outside the belt was reached."""
        self.faults.reach(point)
