"""How memory lies in Redis and Valkey: keys, values, lives."""

from __future__ import annotations

from redis.asyncio import Redis

from contracts.ports import Shard
from services.memory.redis_client import ask
from services.memory.redis_store import RedisChallengeIntake, RedisProfileStore, RedisReplies
from tests.contracts.test_challenge_intake import requested


async def test_a_profile_lies_under_its_partition_behind_its_offset(client: Redis) -> None:
    await RedisProfileStore(client, "layout").save([(Shard(2, 5), [("ann", 255, b"\x01profile")])])

    assert await ask(client, "GET", "layout:{2.5}:ann") == b"0000000000ff\x01profile"


async def test_a_profile_never_expires(client: Redis) -> None:
    await RedisProfileStore(client, "layout").save([(Shard(2, 5), [("ann", 255, b"")])])

    assert await ask(client, "TTL", "layout:{2.5}:ann") == -1


async def test_a_decision_lives_an_hour(client: Redis) -> None:
    await RedisReplies(client, "layout").deliver([("api", "e1", b"{}")])

    assert 3590 < await ask(client, "TTL", "layout:answers:e1") <= 3600


async def test_a_challenge_outlives_its_end_by_an_hour(client: Redis) -> None:
    await RedisChallengeIntake(client, lambda: 0.0, "layout").open([requested("c1")])

    assert 3890 < await ask(client, "TTL", "layout:challenge:c1") <= 3900
