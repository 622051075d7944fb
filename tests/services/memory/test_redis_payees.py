"""How records of payees lie in Redis and Valkey: keys, lives, sizes, answers, shards."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from contracts.payees import KEPT_DAYS
from contracts.ports import PAYEE_FRAUD, PAYEE_NONE, PayeeQuery
from services.memory.in_process import InProcessTallyStore
from services.memory.redis_client import ask, connect
from services.memory.redis_payees import KEPT_RECORD_S
from services.memory.redis_tallies import RedisTallyStore
from tests.contracts.test_payee_records import TODAY, asked, told


@pytest.fixture
async def client(embedded_redis: str) -> AsyncIterator[Redis]:
    client = connect(embedded_redis)
    yield client
    await client.aclose()


def payments(count: int, first: int = 0) -> list[PayeeQuery]:
    """Payments of many accounts to ten payees over a few days."""
    return [
        asked(n, f"m{n % 7}", day=TODAY + n // 40, payee=b"payee-%02d" % (n % 10))
        for n in range(first, first + count)
    ]


async def test_a_record_is_one_key_on_its_shard_s_slot_and_expires(client: Redis) -> None:
    await told(RedisTallyStore(client, prefix="payees-slots"), payments(40))
    keys = await ask(client, "KEYS", "payees-slots:*")

    assert len(keys) == 10 + 2
    assert all(key.startswith(b"payees-slots:{t0}:") for key in keys)
    assert all([0 < await ask(client, "TTL", key) <= KEPT_RECORD_S for key in keys])


async def test_a_question_that_changes_nothing_leaves_no_record(client: Redis) -> None:
    await told(RedisTallyStore(client, prefix="payees-quiet"), [asked(1, change=PAYEE_NONE)])

    assert await ask(client, "KEYS", "payees-quiet:*payee:*") == []


async def test_a_record_stays_small_however_much_is_paid(client: Redis) -> None:
    store = RedisTallyStore(client, prefix="payees-small")
    busy = [asked(n, f"account-{n}", day=TODAY + n // 50) for n in range(3 * 50 * KEPT_DAYS)]
    await told(store, busy)
    await told(
        store, [asked(90_000 + n, change=PAYEE_FRAUD, day=TODAY + 2 * KEPT_DAYS + n % 9) for n in range(99)]
    )

    assert await ask(client, "STRLEN", b"payees-small:{t0}:payee:a shop..") < 1400


async def test_payees_spread_over_tally_shards_are_answered_in_order(client: Redis) -> None:
    store = RedisTallyStore(client, tally_shards=4, prefix="payees-spread")
    expected = await told(InProcessTallyStore(), payments(200))

    assert await told(store, payments(200)) == expected
    assert await told(store, payments(193, 7)) == expected[7:]


async def test_a_redelivery_keeps_no_second_copy_of_answers(client: Redis) -> None:
    store = RedisTallyStore(client, prefix="payees-once")
    for _ in range(3):
        await told(store, payments(20))

    assert await ask(client, "LLEN", "payees-once:{t0}:payees:1.3") == 1
