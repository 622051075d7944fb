"""How records of payees lie in Redis and Valkey: keys, lives, sizes, answers, shards."""

from __future__ import annotations

from hashlib import blake2b

from redis.asyncio import Redis

from contracts.payees import KEPT_DAYS
from contracts.ports import PAYEE_FRAUD, PAYEE_NO_FRAUD, PAYEE_NONE
from services.memory.in_process import InProcessTallyStore
from services.memory.redis_client import ask
from services.memory.redis_payees import KEPT_RECORD_S
from services.memory.redis_tallies import RedisTallyStore
from tests.contracts.test_payee_records import TODAY, Asked, asked, named, seen, told


def payments(count: int, first: int = 0) -> list[Asked]:
    """Payments of many accounts to ten payees over a few days."""
    return [
        asked(n, f"m{n % 7}", day=TODAY + n // 40, payee=b"payee-%02d" % (n % 10))
        for n in range(first, first + count)
    ]


async def records(client: Redis, prefix: str) -> dict[bytes, bytes]:
    """The records by payee."""
    found: dict[bytes, bytes] = {}
    for key in await ask(client, "KEYS", f"{prefix}:*payee:*"):
        found |= await ask(client, "HGETALL", key)
    return {payee: record for payee, record in found.items() if payee}


async def test_records_lie_in_a_few_hashes_on_their_shard_s_slot_that_expire(client: Redis) -> None:
    await told(RedisTallyStore(client, prefix="payees-slots"), payments(400))
    keys = await ask(client, "KEYS", "payees-slots:*")

    assert len(await records(client, "payees-slots")) == 10
    assert len(keys) <= 16 + 2
    assert all(key.startswith(b"payees-slots:{t0}:") for key in keys)
    assert all([0 < await ask(client, "TTL", key) <= 2 * KEPT_RECORD_S + 3600 for key in keys])


async def aged(client: Redis, prefix: str, periods: int) -> None:
    """Let the records be as old as that."""
    for key in await ask(client, "KEYS", f"{prefix}:*payee:*"):
        stem, _, period = key.rpartition(b".")
        await ask(client, "RENAME", key, b"%b.%d" % (stem, int(period) - periods))


async def test_a_record_of_the_last_period_is_found_and_moves_when_it_changes(client: Redis) -> None:
    store = RedisTallyStore(client, prefix="payees-moved")
    await told(store, payments(100))
    before = await records(client, "payees-moved")
    await aged(client, "payees-moved", 1)
    [answer] = await told(store, [asked(100, payee=b"payee-05", day=TODAY + 2)])

    assert named(answer)["age_h"] == 2 * 24
    keys = await ask(client, "KEYS", "payees-moved:*payee:*")
    assert sum([await ask(client, "HEXISTS", key, b"payee-05") for key in keys]) == 1
    assert (await records(client, "payees-moved"))[b"payee-05"] != before[b"payee-05"]


async def test_a_record_that_did_not_change_for_two_periods_is_forgotten(client: Redis) -> None:
    store = RedisTallyStore(client, prefix="payees-gone")
    await told(store, payments(10))
    await aged(client, "payees-gone", 2)
    [answer] = await told(store, [asked(100, payee=b"payee-05")])

    assert named(answer) == {"accounts_2d": 1}


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
    [record] = (await records(client, "payees-small")).values()

    assert len(record) < 1400


async def test_more_payees_than_one_command_takes_are_read_and_written(client: Redis) -> None:
    store = RedisTallyStore(client, prefix="payees-many")
    questions = [asked(n, payee=b"%08d" % n) for n in range(12_000)]
    await told(store, questions)
    again = await told(store, [asked(20_000 + n, "bo", payee=b"%08d" % n) for n in range(12_000)])

    assert {named(each)["accounts_2d"] for each in again} == {2}


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


async def judged_by_an_earlier_release(client: Redis, prefix: str) -> RedisTallyStore:
    """A store with one verdict of fraud on the payment `t1` of `ann`, known by its event id alone."""
    store = RedisTallyStore(client, prefix=prefix)
    await told(store, [asked(1, "ann", PAYEE_FRAUD, transaction="t1")])
    now, then = (blake2b(text, digest_size=8).digest() for text in (b"ann\x1ft1", b"t1"))
    for key in await ask(client, "KEYS", f"{prefix}:*payee:*"):
        for payee, record in (await ask(client, "HGETALL", key)).items():
            if now in record:
                await ask(client, "HSET", key, payee, record.replace(now, then))
    [kept] = [record for record in (await records(client, prefix)).values() if then in record]
    assert now not in kept
    return store


async def test_a_verdict_of_an_earlier_release_does_not_count_again(client: Redis) -> None:
    store = await judged_by_an_earlier_release(client, "payees-former")
    await told(store, [asked(2, "ann", PAYEE_FRAUD, transaction="t1")])

    assert (await seen(store, day=TODAY + 8))["frauds_1d"] == 1


async def test_a_verdict_of_an_earlier_release_may_be_taken_back(client: Redis) -> None:
    store = await judged_by_an_earlier_release(client, "payees-former-back")
    await told(store, [asked(2, "ann", PAYEE_NO_FRAUD, transaction="t1")])

    assert "frauds_1d" not in await seen(store, day=TODAY + 8)
