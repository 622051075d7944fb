"""The pipeline: one batch, the records of all partitions of one fetch, from bytes to durable decisions. Read this first.

The order is the promise: decisions are produced before the memory that learned from them is saved, and both before the
offsets are committed. A crash anywhere repeats the records with the same ids, and what was learned is not learned twice.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import TypeVar

from contracts.decisions import Decision, content_digests
from contracts.errors import Unavailable
from contracts.events import (
    ChallengeOutcome,
    Erasure,
    Label,
    Login,
    OwnerAct,
    Settlement,
    Transaction,
    UserReport,
)
from contracts.findings import Tallies
from contracts.profile import Key
from services.memory.accounts import Account
from services.platform.retry import Backoff
from services.policy.policy import MEMORY_LOST, Policy
from services.scoring.runner import Counts
from services.stream.batch_result import BatchResult, BatchTimes, ResultBuilder, count_run, measure
from services.stream.batch_scheduler import Batch
from services.stream.components import CHUNK_SIZE, YIELD_EVERY, Components
from services.stream.fence import owned_counts
from services.stream.reading import Arrived, read

log = logging.getLogger(__name__)

BACKOFF = Backoff(0.05, 5.0)
#: Where a worker can be made to kill itself; the last one is reached only where records lie on the wrong partition.
FAULT_POINTS = ("before_produce", "after_produce", "after_save", "before_commit", "after_move")
Answer = TypeVar("Answer")


class Pipeline:
    """Carries batches through its components; `Components` says what each of them is."""

    def __init__(self, components: Components) -> None:
        self.components = components
        self.faults = FaultPoint(components.settings.fault_point, components.settings.fault_after)
        self._numbers = count(1)

    async def score(self, batch: Batch) -> BatchResult:
        """Bytes to decisions: decode, enrich, remember, ask what crosses accounts, run the detectors, decide, learn."""
        components, times, number = self.components, BatchTimes(), next(self._numbers)
        arrived = [await read(partition, records, components) for partition, records in batch]
        times.mark("decode")
        shards = [each.shard for each in arrived]
        await retry_while_unavailable(lambda: components.watch.ensure(shards), "memory")
        wanted = [(each.shard, [event.account_id for event in each.events]) for each in arrived]
        accounts, counts = await asyncio.gather(
            retry_while_unavailable(lambda: components.memory.load(number, wanted), "memory"),
            retry_while_unavailable(
                lambda: components.tallies.observe([(each.shard, each.questions) for each in arrived]),
                "tallies",
            ),
        )
        counts = await retry_while_unavailable(
            lambda: owned_counts(components.memory, arrived, accounts, counts), "memory"
        )
        times.mark("load")
        draft = ResultBuilder(number, components.settings.topic_events, times)
        for each, known, counted in zip(arrived, accounts, counts, strict=True):
            draft.begin(each.shard, each.dead, each.moved, each.last_offset)
            states = each.states
            if components.watch.is_lost(each.shard):
                states = [(*known_states, MEMORY_LOST) for known_states in states]
            tallies = components.tally_plan.answers(len(each.events), each.questions, counted)
            for start in range(0, len(each.events), CHUNK_SIZE):
                part = slice(start, start + CHUNK_SIZE)
                records = each.records[part]
                decisions, reused = _decide(components, each, part, known[part], tallies[part], states[part])
                times.mark("score")
                draft.add(records, known[part], decisions)
                if reused:
                    draft.refuse([(records[index], each.events[start + index]) for index in reused])
                times.mark("encode")
                if (start + CHUNK_SIZE) % YIELD_EVERY == 0:
                    await asyncio.sleep(0)
        return draft.done()

    async def finish(self, scored: BatchResult) -> None:
        """Durable, in order: challenges, decisions, dead letters, what is moved, memory, answers to callers."""
        components, settings = self.components, self.components.settings
        if scored.challenges:
            await retry_while_unavailable(lambda: components.challenges.open(scored.challenges), "challenges")
        self.faults.reach("before_produce")
        now_ms = int(components.clock() * 1000)
        await retry_while_unavailable(
            lambda: components.producer.produce(settings.topic_decisions, scored.rows, now_ms), "Kafka"
        )
        if scored.dead_rows:
            await retry_while_unavailable(
                lambda: components.producer.produce(settings.topic_dead, scored.dead_rows, now_ms), "Kafka"
            )
        if scored.moved:
            await retry_while_unavailable(
                lambda: components.producer.forward(settings.topic_events, scored.moved), "Kafka"
            )
            self.faults.reach("after_move")
        scored.times.mark("produce")
        self.faults.reach("after_produce")
        await asyncio.gather(
            retry_while_unavailable(
                lambda: components.memory.save(scored.number, scored.entries, scored.reached), "memory"
            ),
            retry_while_unavailable(
                lambda: components.stored_replies.deliver(scored.answers), "stored replies"
            ),
        )
        scored.times.mark("save")
        self.faults.reach("after_save")
        measure(scored, len(components.memory), int(components.clock() * 1000))

    def refusal(self) -> str | None:
        """Why nothing is to be read, in one sentence; None when all is well."""
        topic = self.components.topic
        return None if topic is None else topic.refusal

    async def meet(self, ends: Mapping[int, int]) -> None:
        """The logs of newly owned partitions end there: compare that with what was learned of them."""
        topic = self.components.topic
        if topic is not None:
            await retry_while_unavailable(lambda: topic.meet(ends), "memory")

    def compare(self, partition: int, reached: int, end: int) -> None:
        """A partition was read up to `reached`, and its log ends at `end`."""
        if self.components.topic is not None:
            self.components.topic.compare(partition, reached, end)

    def use(self, policy: Policy) -> None:
        """Decide under another policy, from the next batch on."""
        self.components = replace(self.components, runner=self.components.runner.under(policy))

    def forget(self) -> None:
        """Drop the live profiles: their partitions may be another worker's next."""
        self.components.memory.drop_all()
        self.components.watch.forget()

    def follow(self, committed: Callable[[], Mapping[int, int | None]]) -> None:
        """Where to ask which partitions are owned, and up to where each is committed."""
        self.components.watch.follow(committed)

    def reach(self, point: str) -> None:
        """Say that a named fault point outside the pipeline was reached."""
        self.faults.reach(point)


def _decide(
    components: Components,
    arrived: Arrived,
    part: slice,
    accounts: Sequence[Account],
    tallies: Sequence[Tallies],
    states: Sequence[tuple[str, ...]],
) -> tuple[list[Decision | None], list[int]]:
    """Run the detectors over a part of what arrived and count what happened.

    The decisions, and the indexes in the part of the events whose known id had another content.
    """
    events, counts, event_key = arrived.events[part], Counts(), components.pseudonyms.event_key
    keys: list[Key] = []
    digests = content_digests([record.value for record in arrived.records[part]])  # type: ignore[misc]
    about: dict[int, Key] = {}
    for index, event in enumerate(events):
        keys.append(event_key(event.event_id))
        kind = event.__class__
        if kind is Login or kind is Transaction:
            continue
        if kind is ChallengeOutcome:
            about[index] = event_key(event.challenged_event_id)  # type: ignore[union-attr]
        elif kind is UserReport or kind is Label or kind is Settlement:
            about[index] = event_key(event.about_event_id)  # type: ignore[union-attr]
        elif kind is Erasure or kind is OwnerAct:
            about[index] = keys[index]  # it teaches nothing itself
    decisions = components.runner.run(
        events, arrived.offsets[part], keys, digests, about, accounts, tallies, states, counts
    )
    count_run(counts, components.runner.rates)
    return decisions, counts.reused


class FaultPoint:
    """A named place at which a worker kills itself (SIGKILL), the `after`-th time it is reached: for the chaos suite.

    Without a name it does nothing.
    """

    def __init__(self, name: str, after: int) -> None:
        if name and name not in FAULT_POINTS:
            raise ValueError(f"unknown fault point {name}; known: {', '.join(FAULT_POINTS)}")
        self._name = name
        self._left = after

    def reach(self, name: str) -> None:
        """Say that the point was reached."""
        if name == self._name:
            self._left -= 1
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


async def retry_while_unavailable(step: Callable[[], Awaitable[Answer]], what: str) -> Answer:
    """Run the step, again with growing pauses while its store is Unavailable. Steps are repeatable."""
    failures = 0
    while True:
        try:
            return await step()
        except Unavailable as error:
            failures += 1
            pause_s = BACKOFF.pause_s(failures)
            log.warning("%s is unavailable (%s); trying again in %.2f s", what, error, pause_s)
            await asyncio.sleep(pause_s)
