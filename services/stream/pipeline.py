"""The belt: one haul, the records of all partitions of one fetch, from bytes to durable decisions. Read this first.

The order is the promise: decisions are produced before the memory that learned from them is saved, and both before the
offsets are committed. A crash anywhere repeats the records with the same ids, and what was learned is not learned twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count

from services.policy.policy import Policy
from services.stream.faults import AFTER_MOVE, FaultPoint
from services.stream.fence import owned_counts
from services.stream.lane import Haul, patiently
from services.stream.measure import HaulTimes, measure
from services.stream.parts import STRETCH, WINDOW, Parts
from services.stream.reading import read, told
from services.stream.scored import Draft, Scored


class Belt:
    """Carries hauls through its parts; `Parts` says what each of them is."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.faults = FaultPoint(parts.settings.fault_point, parts.settings.fault_after)
        self._numbers = count(1)

    async def score(self, haul: Haul) -> Scored:
        """Bytes to decisions: decode, enrich, remember, ask what crosses accounts, run the detectors, decide, learn."""
        parts, times, number = self.parts, HaulTimes(), next(self._numbers)
        arrived = [await read(partition, records, parts) for partition, records in haul]
        times.mark("decode")
        shards = [each.shard for each in arrived]
        await patiently(lambda: parts.watch.ensure(shards), "memory")
        wanted = [(each.shard, [event.account_id for event in each.events]) for each in arrived]
        accounts, counts = await asyncio.gather(
            patiently(lambda: parts.memory.load(number, wanted), "memory"),
            patiently(
                lambda: parts.tallies.observe([(each.shard, each.questions) for each in arrived]), "tallies"
            ),
        )
        counts = await patiently(lambda: owned_counts(parts.memory, arrived, accounts, counts), "memory")
        times.mark("load")
        draft = Draft(number, parts.settings.topic_events, times)
        for each, known, counted in zip(arrived, accounts, counts, strict=True):
            draft.begin(each.shard, each.dead, each.moved, each.last_offset)
            states = told(each.states, parts.watch.is_lost(each.shard))
            tallies = parts.tally_plan.answers(len(each.events), each.questions, counted)
            for start in range(0, len(each.events), WINDOW):
                part = slice(start, start + WINDOW)
                records = each.records[part]
                decisions, reused = parts.judge(
                    each.events[part], each.offsets[part], known[part], tallies[part], states[part], records
                )
                times.mark("score")
                draft.add(records, known[part], decisions)
                draft.refuse(
                    [records[index] for index in reused], [each.events[part][index] for index in reused]
                )
                times.mark("encode")
                if (start + WINDOW) % STRETCH == 0:
                    await asyncio.sleep(0)
        return draft.done()

    async def finish(self, scored: Scored) -> None:
        """Durable, in order: challenges, decisions, dead letters, what is moved, memory, answers to callers."""
        parts, settings = self.parts, self.parts.settings
        if scored.challenges:
            await patiently(lambda: parts.challenges.open(scored.challenges), "challenges")
        self.faults.reach("before_produce")
        now_ms = parts.clock_ms()
        await patiently(
            lambda: parts.producer.produce(settings.topic_decisions, scored.rows, now_ms), "Kafka"
        )
        if scored.dead_rows:
            await patiently(
                lambda: parts.producer.produce(settings.topic_dead, scored.dead_rows, now_ms), "Kafka"
            )
        if scored.moved:
            await patiently(lambda: parts.producer.forward(settings.topic_events, scored.moved), "Kafka")
            self.faults.reach(AFTER_MOVE)
        scored.times.mark("produce")
        self.faults.reach("after_produce")
        await asyncio.gather(
            patiently(lambda: parts.memory.save(scored.number, scored.entries, scored.reached), "memory"),
            patiently(lambda: parts.mailbox.deliver(scored.answers), "mailbox"),
        )
        scored.times.mark("save")
        self.faults.reach("after_save")
        measure(scored, len(parts.memory), parts.clock_ms())

    def refusal(self) -> str | None:
        """Why nothing is to be read, in one sentence; None when all is well."""
        topic = self.parts.topic
        return None if topic is None else topic.refusal

    async def meet(self, ends: Mapping[int, int]) -> None:
        """The logs of newly owned partitions end there: compare that with what was learned of them."""
        topic = self.parts.topic
        if topic is not None:
            await patiently(lambda: topic.meet(ends), "memory")

    def compare(self, partition: int, reached: int, end: int) -> None:
        """A partition was read up to `reached`, and its log ends at `end`."""
        if self.parts.topic is not None:
            self.parts.topic.compare(partition, reached, end)

    def use(self, policy: Policy) -> None:
        """Decide under another policy, from the next haul on."""
        self.parts = replace(self.parts, runner=self.parts.runner.under(policy))

    def forget(self) -> None:
        """Drop the live profiles: their partitions may be another worker's next."""
        self.parts.memory.drop_all()
        self.parts.watch.forget()

    def follow(self, committed: Callable[[], Mapping[int, int | None]]) -> None:
        """Where to ask which partitions are owned, and up to where each is committed."""
        self.parts.watch.follow(committed)

    def reach(self, point: str) -> None:
        """Say that a named fault point outside the belt was reached."""
        self.faults.reach(point)
