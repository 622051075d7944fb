"""The same events give the same bytes and leave the same memory, however they are cut into batches."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from services.bootstrap.belt import offline_core
from services.lab.offline import OfflineRecord, offline_records
from services.lab.simulate import Simulation, simulate
from services.lab.stories import STORIES
from services.memory.in_process import InProcessProfileStore
from services.settings import Settings

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


def decided(cuts: Sequence[Sequence[int]], live_accounts: int) -> Outcome:
    """Each partition's decisions as produced, and every account's stored memory."""
    core = offline_core(Settings(live_accounts=live_accounts))
    encoded: list[list[bytes]] = [[] for _ in range(PARTITIONS)]

    async def work() -> None:
        for partition, (records, at) in enumerate(zip(partitions(), cuts, strict=True)):
            for start, stop in pairwise([0, *at, len(records)]):
                answered = await core.decide(records[start:stop], partition)
                encoded[partition] += answered.encoded

    asyncio.run(work())
    return encoded, memory_of(core.profiles)


def memory_of(profiles: InProcessProfileStore) -> dict[object, dict[str, tuple[int, bytes]]]:
    """Everything stored, by shard and account."""
    return {shard: dict(accounts) for shard, accounts in profiles._stored.items()}


@cache
def in_one_batch() -> Outcome:
    """What comes of whole partitions in one batch each."""
    return decided([[]] * PARTITIONS, 100_000)


def test_the_simulated_events_have_something_to_say() -> None:
    """The other test is worth something only when there are findings, holds and challenges in it."""
    text = b"".join(b"".join(rows) for rows in in_one_batch()[0])

    assert sum(map(len, partitions())) > 1_500
    assert text.count(b'"detector"') > 50
    assert b'"held":true' in text
    assert b"issue_challenge" in text


@settings(max_examples=8, deadline=None)
@given(st.data())
def test_cuts_change_nothing(data: st.DataObject) -> None:
    """Random cuts, and so few live accounts that many are stored and read back between their events."""
    cuts = [
        sorted(data.draw(st.sets(st.integers(1, len(records) - 1), max_size=60))) for records in partitions()
    ]

    assert decided(cuts, data.draw(st.sampled_from([1, 10, 100_000]))) == in_one_batch()
