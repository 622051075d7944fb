"""Sentinel and Cluster on real servers: every use finds its server, and finds it again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from redis.asyncio import Redis

from contracts.errors import Unavailable
from contracts.ports import Shard
from services.memory import marks
from services.memory.memory_watch import MemoryWatch
from services.memory.redis_client import ask, connect
from services.memory.redis_facts import store_facts
from services.memory.redis_store import RedisChallengeIntake, RedisProfileStore, RedisReplies, RedisTallyStore
from tests.contracts.test_challenge_intake import requested
from tests.contracts.test_tally_store import asked, batch
from tests.parts.fixtures import running
from tests.parts.redis_groups import ClusterGroup, SentinelGroup, until

pytestmark = pytest.mark.real
SHARDS = [Shard(1, partition) for partition in range(8)]
Answer = TypeVar("Answer")


@pytest.fixture
def sentinel_group(tmp_path: Path) -> Iterator[SentinelGroup]:
    """A primary and a replica under Sentinel."""
    with running(SentinelGroup(tmp_path)) as group:
        yield group


@pytest.fixture
def cluster_group(tmp_path: Path) -> Iterator[ClusterGroup]:
    """Three nodes."""
    with running(ClusterGroup(tmp_path)) as group:
        yield group


@pytest.fixture
async def client(request: pytest.FixtureRequest) -> AsyncIterator[Redis]:
    """A client of the group that the test asks for."""
    name = "sentinel_group" if "sentinel_group" in request.fixturenames else "cluster_group"
    client = connect(request.getfixturevalue(name).url)
    yield client
    await client.aclose()


async def at_last(step: Callable[[], Awaitable[Answer]], within_s: float = 20.0) -> Answer:
    """What the step answers once its store is there again."""
    async with asyncio.timeout(within_s):
        while True:
            try:
                return await step()
            except Unavailable:
                await asyncio.sleep(0.05)


async def use_everything(client: Redis, turn: int) -> None:
    """What the worker, the API and the challenges ask of the store, each in one call over all partitions."""
    profiles, tallies, stored_replies = (
        RedisProfileStore(client),
        RedisTallyStore(client),
        RedisReplies(client),
    )
    intake = RedisChallengeIntake(client, lambda: 0.0)
    entries = [(shard, [("ann", turn, b"a%d" % turn), ("bo", turn, b"b%d" % turn)]) for shard in SHARDS]
    assert await at_last(lambda: profiles.save(entries)) == [0] * len(SHARDS)
    loaded = await at_last(lambda: profiles.load([(shard, ["bo", "new", "ann"]) for shard in SHARDS]))
    assert loaded == [[(turn, b"b%d" % turn), None, (turn, b"a%d" % turn)]] * len(SHARDS)
    told = await at_last(lambda: tallies.observe([(shard, batch([asked(turn)])) for shard in SHARDS]))
    assert len(told) == len(SHARDS)
    await at_last(lambda: stored_replies.deliver([("api", f"e{turn}.{n}", b"{}") for n in range(20)]))
    assert await at_last(lambda: stored_replies.get(f"e{turn}.7")) == b"{}"
    await at_last(lambda: intake.open([requested(f"c{turn}.{n}") for n in range(20)]))
    assert await at_last(lambda: intake.get(f"c{turn}.7")) is not None


async def heard_by(client: Redis, url: str, event_id: str) -> bool:
    """Whether somebody who listens at the address hears of a decision that the client delivers."""
    listening = connect(url)
    try:
        async with asyncio.timeout(60), RedisReplies(listening).listen("replies") as messages:
            await at_last(lambda: RedisReplies(client).deliver([("replies", event_id, b"{}")]))
            async for told, decision in messages:
                return (told, decision) == (event_id, b"{}")
    finally:
        await listening.aclose()
    return False


async def test_sentinel_leads_to_the_primary_before_and_after_a_planned_fail_over(
    client: Redis, sentinel_group: SentinelGroup
) -> None:
    for turn in range(1, 4):
        await use_everything(client, turn)
        assert await heard_by(client, sentinel_group.url, f"told{turn}")
        sentinel_group.fail_over()
        await asyncio.to_thread(until, sentinel_group.settled, "the fail-over")
    await use_everything(client, 9)


async def test_sentinel_leads_to_the_replica_when_the_primary_is_killed(
    client: Redis, sentinel_group: SentinelGroup
) -> None:
    await use_everything(client, 1)
    sentinel_group.primary.kill9()
    await use_everything(client, 2)


async def test_in_a_cluster_each_partition_is_where_its_slot_is(
    client: Redis, cluster_group: ClusterGroup
) -> None:
    await use_everything(client, 1)
    await use_everything(client, 2)
    for node in cluster_group.nodes:
        own = connect(node.url)
        assert await own.dbsize() > 0
        await own.aclose()


async def test_in_a_cluster_a_reply_is_heard_whichever_node_it_is_published_at(
    client: Redis, cluster_group: ClusterGroup
) -> None:
    assert await heard_by(client, cluster_group.url, "told")


async def test_in_a_cluster_a_node_that_is_away_is_unavailable_and_serves_after_its_restart(
    client: Redis, cluster_group: ClusterGroup
) -> None:
    await use_everything(client, 1)
    cluster_group.nodes[1].kill9()
    with pytest.raises(Unavailable):
        await RedisProfileStore(client).load([(shard, ["ann"]) for shard in SHARDS])
    cluster_group.nodes[1].start()
    await use_everything(client, 2)


async def test_in_a_cluster_the_flush_of_one_node_is_known_for_its_partitions(
    client: Redis, cluster_group: ClusterGroup
) -> None:
    watch = MemoryWatch(client, 1, lambda: 1_790_000_000_000)
    watch.follow(lambda: {shard.partition: None for shard in SHARDS})
    await watch.check()
    flushed = connect(cluster_group.nodes[0].url)
    kept = {str(key, "utf-8") for key in await ask(flushed, "KEYS", "pg:*")}
    await flushed.flushall()
    await watch.check()

    assert 0 < len(kept) < len(SHARDS)
    assert [watch.is_lost(shard) for shard in SHARDS] == [marks.mark_key(shard) in kept for shard in SHARDS]
    await flushed.aclose()


async def test_in_a_cluster_one_node_that_may_evict_is_seen(
    client: Redis, cluster_group: ClusterGroup
) -> None:
    node = connect(cluster_group.nodes[2].url)
    assert not (await store_facts(client)).may_evict
    await node.config_set("maxmemory-policy", "allkeys-lru")

    assert (await store_facts(client)).may_evict
    await node.aclose()
