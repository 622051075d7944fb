"""The same events give the same bytes and leave the same memory, however they are cut into batches."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from itertools import pairwise, zip_longest

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.ports import Shard, TallyRequest, TallyResponse
from services.bootstrap.pipelines import offline_core
from services.lab.simulate.simulate import Simulation, simulate
from services.lab.simulate.stories import STORIES
from services.memory.in_process import InProcessProfileStore, InProcessTallyStore
from services.platform.settings import Settings
from services.replay.offline import OfflineRecord, offline_records

PARTITIONS = 3
Outcome = tuple[list[list[bytes]], dict[object, dict[str, tuple[int, bytes]]]]


@cache
def partitions() -> list[list[OfflineRecord]]:
    """A few thousand simulated events with attacks in them, each account in one of the partitions."""
    stories = tuple(story for story in STORIES.values() if story.people == 1)
    simulation = Simulation(30, 20, 7, 1_767_225_600, stories)
    owned: list[list[OfflineRecord]] = [[] for _ in range(PARTITIONS)]
    for record in offline_records([played.event for played in simulate(simulation)]):
        assert record.key is not None
        owned[sum(record.key) % PARTITIONS].append(record)
    return owned


class TalliesApart:
    """Counts that do not cross partitions: those that do depend on the order in which partitions are read."""

    def __init__(self) -> None:
        self._apart: defaultdict[Shard, InProcessTallyStore] = defaultdict(InProcessTallyStore)

    async def observe(self, asked: Sequence[tuple[Shard, TallyRequest]]) -> list[TallyResponse]:
        """Each shard's own counts."""
        return [(await self._apart[shard].observe([(shard, questions)]))[0] for shard, questions in asked]


def decided(cuts: Sequence[Sequence[int]], live_accounts: int, together: bool = False) -> Outcome:
    """Each partition's decisions as produced, and every account's stored memory.

    The cuts give each partition's pieces; `together` carries the first pieces of all partitions as one batch, then the second.
    """
    core = offline_core(Settings(live_accounts=live_accounts), tallies=TalliesApart())
    pieces = [
        [records[start:stop] for start, stop in pairwise([0, *at, len(records)])]
        for records, at in zip(partitions(), cuts, strict=True)
    ]
    encoded: list[list[bytes]] = [[] for _ in range(PARTITIONS)]

    async def work() -> None:
        for turn in zip_longest(*pieces):
            batch = [(partition, piece) for partition, piece in enumerate(turn) if piece is not None]
            for part in [batch] if together else [[each] for each in batch]:
                answered = await core.carry(part)
                for decision, row in zip(answered.decisions, answered.encoded, strict=True):
                    encoded[sum(decision.account_id.encode()) % PARTITIONS].append(row)

    asyncio.run(work())
    return encoded, memory_of(core.profiles)


def memory_of(profiles: InProcessProfileStore) -> dict[object, dict[str, tuple[int, bytes]]]:
    """Everything stored, by shard and account."""
    return {shard: dict(accounts) for shard, accounts in profiles._stored.items()}


@cache
def in_one_batch_each() -> Outcome:
    """What comes of whole partitions, one after another."""
    return decided([[]] * PARTITIONS, 100_000)


def test_the_simulated_events_have_something_to_say() -> None:
    """The other test is worth something only when there are findings, holds and challenges in it."""
    text = b"".join(b"".join(rows) for rows in in_one_batch_each()[0])

    assert sum(map(len, partitions())) > 1_500
    assert text.count(b'"detector"') > 50
    assert b'"held":true' in text
    assert b"issue_challenge" in text


@settings(max_examples=8, deadline=None)
@given(st.data())
def test_cuts_and_company_change_nothing(data: st.DataObject) -> None:
    """Random cuts, pieces alone or beside those of other partitions, and so few live accounts that many are read back."""
    cuts = [
        sorted(data.draw(st.sets(st.integers(1, len(records) - 1), max_size=60))) for records in partitions()
    ]
    capacity, together = data.draw(st.sampled_from([1, 10, 100_000])), data.draw(st.booleans())

    assert decided(cuts, capacity, together) == in_one_batch_each()
