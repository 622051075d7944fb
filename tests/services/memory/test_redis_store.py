"""How memory lies in Redis and Valkey: keys, values, windows, lives, answers, shards."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis

from contracts.ports import Shard
from services.memory.redis_client import ask, connect
from services.memory.redis_store import RedisChallengeIntake, RedisProfileStore, RedisReplies
from services.memory.redis_tallies import RedisTallyStore
from tests.contracts.test_challenge_intake import requested
from tests.contracts.test_tally_store import asked, counted


async def test_every_key_of_a_tally_shard_is_on_one_slot_and_expires(client: Redis) -> None:
    await counted(RedisTallyStore(client, prefix="slots"), [asked(1), asked(2, "bo", key="{x}")])
    keys = await ask(client, "KEYS", "slots:*")

    assert len(keys) == 6
    assert all(key.startswith(b"slots:{t0}:") for key in keys)
    assert all([await ask(client, "TTL", key) > 0 for key in keys])


async def test_a_window_lives_four_buckets(client: Redis) -> None:
    await counted(RedisTallyStore(client, prefix="lives"), [asked(1, at=6000.0)])

    assert 2390 < await ask(client, "TTL", "lives:{t0}:logins:net:600.10") <= 2400


async def test_a_question_that_does_not_add_leaves_no_window(client: Redis) -> None:
    await counted(RedisTallyStore(client, prefix="quiet"), [asked(1, adds=False)])

    assert await ask(client, "EXISTS", "quiet:{t0}:logins:net:600.10") == 0


async def test_keys_spread_over_tally_shards_are_answered_in_order(client: Redis) -> None:
    store = RedisTallyStore(client, tally_shards=4, prefix="spread")
    questions = [asked(offset, f"m{offset}", key=f"k{offset % 10}") for offset in range(40)]
    expected = [offset // 10 + 1 for offset in range(40)]

    assert await counted(store, questions) == expected
    assert await counted(store, questions[7:]) == expected[7:]


async def test_a_bounded_tally_lies_in_hashes_that_expire(client: Redis) -> None:
    store = RedisTallyStore(client, prefix="few")
    assert await counted(store, [asked(n, key=f"k{n}", name="few", most=5) for n in range(90)]) == [1] * 90
    keys = await ask(client, "KEYS", "few:{t0}:few:600:*")

    assert 1 < len(keys) <= 16
    assert all([2400 < await ask(client, "TTL", key) <= 2 * 2400 + 3600 for key in keys])


async def test_a_bounded_tally_that_only_counts_leaves_nothing(client: Redis) -> None:
    store = RedisTallyStore(client, prefix="few-quiet")

    assert await counted(store, [asked(1, adds=False, name="few", most=5)]) == [0]
    assert await ask(client, "KEYS", "few-quiet:{t0}:few:*") == []


async def test_a_large_count_is_within_three_percent(client: Redis) -> None:
    """HyperLogLog's standard error is 0.81 %."""
    store = RedisTallyStore(client, prefix="large")
    for start in range(0, 20_000, 2_000):
        answers = await counted(store, [asked(n, f"account-{n}") for n in range(start, start + 2_000)])

    assert answers[-1] == pytest.approx(20_000, rel=0.03)


async def test_at_most_64_batches_of_answers_are_kept(client: Redis) -> None:
    store = RedisTallyStore(client, prefix="bounded")
    for offset in range(70):
        await counted(store, [asked(offset)])

    assert await ask(client, "LLEN", "bounded:{t0}:answers:1.3") == 64


async def test_a_redelivery_keeps_no_second_copy_of_answers(client: Redis) -> None:
    store = RedisTallyStore(client, prefix="once")
    for _ in range(3):
        await counted(store, [asked(1), asked(2)])

    assert await ask(client, "LLEN", "once:{t0}:answers:1.3") == 1


def test_fewer_than_one_tally_shard_is_refused(embedded_redis: str) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        RedisTallyStore(connect(embedded_redis), tally_shards=0)


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
