"""The accounts a worker holds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from contracts.errors import Fenced, Unavailable
from contracts.ports import Shard
from contracts.profile import Profile
from services.memory.accounts import NEW, LiveAccounts
from services.memory.codec import pack
from services.memory.in_process import InProcessProfileStore

SHARD = Shard(1, 0)
OTHER = Shard(1, 1)


class WatchedStore(InProcessProfileStore):
    """The in-process store, saying what was asked of it, able to wait and to be away."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[list[str]] = []
        self.away = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def load(self, shard: Shard, account_ids: Sequence[str]) -> list[tuple[int, bytes] | None]:
        self.asked.append(list(account_ids))
        found = await super().load(shard, account_ids)
        await self.gate.wait()
        if self.away:
            raise Unavailable("away")
        return found


async def test_an_account_never_seen_is_new() -> None:
    [account] = await LiveAccounts(WatchedStore(), 10).load(SHARD, ["ann"])

    assert account.open() == Profile()
    assert account.learned_offset == NEW


async def test_what_was_saved_is_read_back_by_another_worker() -> None:
    store = WatchedStore()
    first = LiveAccounts(store, 10)
    [account] = await first.load(SHARD, ["ann"])
    account.open().events, account.learned_offset = 5, 77
    await first.save(SHARD, first.entries(SHARD, {"ann": account}))

    [found] = await LiveAccounts(store, 10).load(SHARD, ["ann"])
    assert (found.open().events, found.learned_offset) == (5, 77)


async def test_only_accounts_not_held_are_fetched_each_once() -> None:
    store = WatchedStore()
    accounts = LiveAccounts(store, 10)
    await accounts.load(SHARD, ["ann", "bo"])
    await accounts.load(SHARD, ["bo", "cy", "ann", "cy"])
    await accounts.load(SHARD, ["cy", "bo", "ann"])

    assert store.asked == [["ann", "bo"], ["cy"]]


async def test_an_id_named_twice_is_one_account() -> None:
    accounts = LiveAccounts(WatchedStore(), 10)
    ann, bo, again = await accounts.load(SHARD, ["ann", "bo", "ann"])

    assert ann is again
    assert ann is not bo
    assert await accounts.load(SHARD, ["bo", "ann"]) == [bo, ann]


async def test_the_least_recently_used_account_is_forgotten_first() -> None:
    store = WatchedStore()
    accounts = LiveAccounts(store, 2)
    await accounts.load(SHARD, ["ann", "bo"])
    await accounts.load(SHARD, ["ann"])
    await accounts.load(SHARD, ["cy"])
    await accounts.load(SHARD, ["ann", "cy"])

    assert len(accounts) == 2
    assert store.asked == [["ann", "bo"], ["cy"]]


async def test_a_pinned_account_is_never_forgotten() -> None:
    accounts = LiveAccounts(WatchedStore(), 2)
    [ann] = await accounts.load(SHARD, ["ann"])
    accounts.pin([ann])
    for number in range(5):
        await accounts.load(SHARD, [f"other-{number}"])

    assert await accounts.load(SHARD, ["ann"]) == [ann]


async def test_an_unpinned_account_can_be_forgotten_again() -> None:
    accounts = LiveAccounts(WatchedStore(), 2)
    [ann] = await accounts.load(SHARD, ["ann"])
    accounts.pin([ann])
    accounts.unpin([ann])
    await accounts.load(SHARD, ["bo", "cy"])

    assert await accounts.load(SHARD, ["ann"]) != [ann]


async def test_a_batch_larger_than_the_capacity_is_held_while_it_is_worked_on() -> None:
    accounts = LiveAccounts(WatchedStore(), 2)
    ids = [f"account-{number}" for number in range(5)]
    loaded = await accounts.load(SHARD, ids)

    assert await accounts.load(SHARD, ids) == loaded


async def test_the_capacity_is_shared_by_the_shards() -> None:
    accounts = LiveAccounts(WatchedStore(), 4)
    await accounts.load(SHARD, ["a", "b", "c", "d"])
    await accounts.load(OTHER, ["a", "b"])
    await accounts.load(SHARD, ["e"])

    assert len(accounts) == 4


async def test_two_batches_loading_the_same_account_at_once_share_it() -> None:
    store = WatchedStore()
    accounts = LiveAccounts(store, 10)
    store.gate.clear()
    loads = [asyncio.create_task(accounts.load(SHARD, ["ann", name])) for name in ("bo", "cy")]
    await asyncio.sleep(0)
    store.gate.set()
    (first, _), (second, _) = await asyncio.gather(*loads)

    assert first is second
    assert store.asked == [["ann", "bo"], ["cy"]]


async def test_a_load_that_outlives_its_shard_does_not_bring_it_back() -> None:
    store = WatchedStore()
    accounts = LiveAccounts(store, 10)
    store.gate.clear()
    load = asyncio.create_task(accounts.load(SHARD, ["ann"]))
    await asyncio.sleep(0)
    accounts.drop(SHARD)
    store.gate.set()
    await load

    assert len(accounts) == 0


async def test_a_dropped_shard_is_read_again_and_others_stay() -> None:
    store = WatchedStore()
    accounts = LiveAccounts(store, 10)
    await accounts.load(SHARD, ["ann"])
    await accounts.load(OTHER, ["ann"])
    accounts.drop(SHARD)
    accounts.drop(SHARD)
    await accounts.load(SHARD, ["ann"])
    await accounts.load(OTHER, ["ann"])

    assert store.asked == [["ann"]] * 3


async def test_a_store_that_is_away_leaves_nothing_half_loaded() -> None:
    store = WatchedStore()
    accounts = LiveAccounts(store, 10)
    [ann] = await accounts.load(SHARD, ["ann"])
    store.away = True
    with pytest.raises(Unavailable):
        await accounts.load(SHARD, ["ann", "bo"])
    store.away = False

    assert (await accounts.load(SHARD, ["ann", "bo"]))[0] is ann
    assert ann.pins == 0


async def test_a_refused_save_is_fenced_and_forgets_the_shard() -> None:
    store = WatchedStore()
    accounts = LiveAccounts(store, 10)
    [ann] = await accounts.load(SHARD, ["ann"])
    ann.learned_offset = 5
    await store.save(SHARD, [("ann", 6, pack(Profile(events=9)))])
    with pytest.raises(Fenced, match="1 accounts of partition 0"):
        await accounts.save(SHARD, accounts.entries(SHARD, {"ann": ann}))

    [fresh] = await accounts.load(SHARD, ["ann"])
    assert (fresh.open().events, fresh.learned_offset) == (9, 6)


async def test_entries_hold_what_was_learned_when_they_were_made() -> None:
    accounts = LiveAccounts(WatchedStore(), 10)
    [ann] = await accounts.load(SHARD, ["ann"])
    ann.open().events, ann.learned_offset = 1, 10
    entries = accounts.entries(SHARD, {"ann": ann})
    ann.open().events, ann.learned_offset = 2, 11

    assert entries == [("ann", 10, pack(Profile(events=1)))]
