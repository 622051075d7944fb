"""The accounts a worker holds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from contracts.errors import Fenced, Unavailable
from contracts.ports import Shard
from contracts.profile import Profile
from services.memory.accounts import NEW, Account, LiveAccounts
from services.memory.codec import pack
from services.memory.in_process import InProcessProfileStore

SHARD = Shard(1, 0)
OTHER = Shard(1, 1)


class WatchedStore(InProcessProfileStore):
    """The in-process store, saying what was asked of it, able to wait and to be away."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[dict[Shard, list[str]]] = []
        self.away = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def load(
        self, wanted: Sequence[tuple[Shard, Sequence[str]]]
    ) -> list[list[tuple[int, bytes] | None]]:
        self.asked.append({shard: list(account_ids) for shard, account_ids in wanted})
        found = await super().load(wanted)
        await self.gate.wait()
        if self.away:
            raise Unavailable("away")
        return found


class Hauls:
    """Live accounts with their hauls counted: `use` is a haul that is saved, `begin` one that is under way."""

    def __init__(self, store: InProcessProfileStore, capacity: int) -> None:
        self.accounts = LiveAccounts(store, capacity)
        self.number = 0

    async def begin(self, *account_ids: str, shard: Shard = SHARD) -> list[Account]:
        self.number += 1
        [found] = await self.accounts.load(self.number, [(shard, account_ids)])
        return found

    async def use(self, *account_ids: str, shard: Shard = SHARD) -> list[Account]:
        found = await self.begin(*account_ids, shard=shard)
        await self.accounts.save(self.number, [])
        return found

    async def save(self, *accounts: tuple[str, Account]) -> None:
        entries = [(name, account.learned_offset, account.close()) for name, account in accounts]
        await self.accounts.save(self.number, [(SHARD, entries)])


async def test_an_account_never_seen_is_new() -> None:
    [account] = await Hauls(WatchedStore(), 10).begin("ann")

    assert account.open() == Profile()
    assert account.learned_offset == NEW


async def test_what_was_saved_is_read_back_by_another_worker() -> None:
    store = WatchedStore()
    first = Hauls(store, 10)
    [account] = await first.begin("ann")
    account.open().events, account.learned_offset = 5, 77
    await first.save(("ann", account))

    [found] = await Hauls(store, 10).begin("ann")
    assert (found.open().events, found.learned_offset) == (5, 77)


async def test_only_accounts_not_held_are_fetched_each_once() -> None:
    store = WatchedStore()
    hauls = Hauls(store, 10)
    await hauls.use("ann", "bo")
    await hauls.use("bo", "cy", "ann", "cy")
    await hauls.use("cy", "bo", "ann")

    assert store.asked == [{SHARD: ["ann", "bo"]}, {SHARD: ["cy"]}]


async def test_accounts_of_several_shards_are_fetched_in_one_call() -> None:
    store = WatchedStore()
    hauls = Hauls(store, 10)
    await hauls.use("ann")
    [[ann, bo], [other]] = await hauls.accounts.load(2, [(SHARD, ["ann", "bo"]), (OTHER, ["ann"])])

    assert store.asked[1:] == [{SHARD: ["bo"], OTHER: ["ann"]}]
    assert len({id(ann), id(bo), id(other)}) == 3


async def test_an_id_named_twice_is_one_account() -> None:
    hauls = Hauls(WatchedStore(), 10)
    ann, bo, again = await hauls.use("ann", "bo", "ann")

    assert ann is again
    assert ann is not bo
    assert await hauls.use("bo", "ann") == [bo, ann]


async def test_an_account_used_again_outlives_one_that_was_not() -> None:
    store = WatchedStore()
    hauls = Hauls(store, 2)
    await hauls.use("ann", "bo")
    await hauls.use("ann")
    await hauls.use("cy")
    await hauls.use("dee")
    await hauls.use("ann")

    assert len(hauls.accounts) == 2
    assert [SHARD in asked and asked[SHARD] for asked in store.asked] == [["ann", "bo"], ["cy"], ["dee"]]


async def test_accounts_of_a_haul_that_is_not_saved_are_never_forgotten() -> None:
    hauls = Hauls(WatchedStore(), 2)
    [ann] = await hauls.begin("ann")
    for number in range(5):
        await hauls.begin(f"other-{number}")

    assert await hauls.begin("ann") == [ann]


async def test_an_account_of_a_saved_haul_and_of_one_under_way_is_held() -> None:
    hauls = Hauls(WatchedStore(), 1)
    [ann] = await hauls.use("ann")
    await hauls.begin("ann")
    await hauls.accounts.save(1, [])
    await hauls.begin("bo")

    assert await hauls.begin("ann") == [ann]


async def test_accounts_of_saved_hauls_can_be_forgotten() -> None:
    hauls = Hauls(WatchedStore(), 2)
    [ann] = await hauls.use("ann")
    await hauls.use("bo", "cy")

    assert await hauls.use("ann") != [ann]


async def test_a_haul_larger_than_the_capacity_is_held_while_it_is_worked_on() -> None:
    hauls = Hauls(WatchedStore(), 2)
    ids = [f"account-{number}" for number in range(5)]
    loaded = await hauls.begin(*ids)

    assert await hauls.begin(*ids) == loaded


async def test_the_capacity_is_shared_by_the_shards() -> None:
    hauls = Hauls(WatchedStore(), 4)
    await hauls.use("a", "b", "c", "d")
    await hauls.use("a", "b", shard=OTHER)
    await hauls.use("e")

    assert len(hauls.accounts) == 4


async def test_two_hauls_loading_the_same_account_at_once_share_it() -> None:
    store = WatchedStore()
    hauls = Hauls(store, 10)
    store.gate.clear()
    loads = [asyncio.create_task(hauls.begin("ann", name)) for name in ("bo", "cy")]
    await asyncio.sleep(0)
    store.gate.set()
    (first, _), (second, _) = await asyncio.gather(*loads)

    assert first is second
    assert store.asked == [{SHARD: ["ann", "bo"]}, {SHARD: ["cy"]}]


async def test_a_load_that_outlives_its_shard_does_not_bring_it_back() -> None:
    store = WatchedStore()
    hauls = Hauls(store, 10)
    store.gate.clear()
    load = asyncio.create_task(hauls.begin("ann"))
    await asyncio.sleep(0)
    hauls.accounts.drop(SHARD)
    store.gate.set()
    await load

    assert len(hauls.accounts) == 0


async def test_a_dropped_shard_is_read_again_and_others_stay() -> None:
    store = WatchedStore()
    hauls = Hauls(store, 10)
    await hauls.use("ann")
    await hauls.use("ann", shard=OTHER)
    hauls.accounts.drop(SHARD)
    hauls.accounts.drop(SHARD)
    await hauls.use("ann")
    await hauls.use("ann", shard=OTHER)

    assert store.asked == [{SHARD: ["ann"]}, {OTHER: ["ann"]}, {SHARD: ["ann"]}]


async def test_a_store_that_is_away_leaves_nothing_half_loaded() -> None:
    store = WatchedStore()
    hauls = Hauls(store, 10)
    [ann] = await hauls.use("ann")
    store.away = True
    with pytest.raises(Unavailable):
        await hauls.begin("ann", "bo")
    store.away = False

    assert len(hauls.accounts) == 1
    assert (await hauls.begin("ann", "bo"))[0] is ann


async def test_a_refused_save_is_fenced_and_forgets_the_shard() -> None:
    store = WatchedStore()
    hauls = Hauls(store, 10)
    [ann] = await hauls.begin("ann")
    await hauls.begin("ann", shard=OTHER)
    ann.learned_offset = 5
    await store.save([(SHARD, [("ann", 6, pack(Profile(events=9)))])])
    with pytest.raises(Fenced, match="1 accounts of partition 0"):
        await hauls.save(("ann", ann))

    assert len(hauls.accounts) == 1
    [fresh] = await hauls.begin("ann")
    assert (fresh.open().events, fresh.learned_offset) == (9, 6)
