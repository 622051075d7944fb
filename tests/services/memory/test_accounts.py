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


class Batches:
    """Live accounts with their batches counted: `use` is a batch that is saved, `begin` one that is under way."""

    def __init__(self, capacity: int = 10, store: WatchedStore | None = None) -> None:
        self.store = store or WatchedStore()
        self.accounts = LiveAccounts(self.store, capacity)
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
    [account] = await Batches().begin("ann")

    assert account.open() == Profile()
    assert account.learned_offset == NEW


async def test_what_was_saved_is_read_back_by_another_worker() -> None:
    first = Batches()
    [account] = await first.begin("ann")
    account.open().events, account.learned_offset = 5, 77
    await first.save(("ann", account))

    [found] = await Batches(store=first.store).begin("ann")
    assert (found.open().events, found.learned_offset) == (5, 77)


async def test_only_accounts_not_held_are_fetched_each_once() -> None:
    batches = Batches()
    await batches.use("ann", "bo")
    await batches.use("bo", "cy", "ann", "cy")
    await batches.use("cy", "bo", "ann")

    assert batches.store.asked == [{SHARD: ["ann", "bo"]}, {SHARD: ["cy"]}]


async def test_accounts_of_several_shards_are_fetched_in_one_call() -> None:
    batches = Batches()
    await batches.use("ann")
    [[ann, bo], [other]] = await batches.accounts.load(2, [(SHARD, ["ann", "bo"]), (OTHER, ["ann"])])

    assert batches.store.asked[1:] == [{SHARD: ["bo"], OTHER: ["ann"]}]
    assert len({id(ann), id(bo), id(other)}) == 3


async def test_an_id_named_twice_is_one_account() -> None:
    batches = Batches()
    ann, bo, again = await batches.use("ann", "bo", "ann")

    assert ann is again
    assert ann is not bo
    assert await batches.use("bo", "ann") == [bo, ann]


async def test_an_account_used_again_outlives_one_that_was_not() -> None:
    batches = Batches(2)
    await batches.use("ann", "bo")
    await batches.use("ann")
    await batches.use("cy")
    await batches.use("dee")
    await batches.use("ann")

    assert len(batches.accounts) == 2
    assert [SHARD in asked and asked[SHARD] for asked in batches.store.asked] == [
        ["ann", "bo"],
        ["cy"],
        ["dee"],
    ]


async def test_accounts_of_a_batch_that_is_not_saved_are_never_forgotten() -> None:
    batches = Batches(2)
    [ann] = await batches.begin("ann")
    for number in range(5):
        await batches.begin(f"other-{number}")

    assert await batches.begin("ann") == [ann]


async def test_an_account_of_a_saved_batch_and_of_one_under_way_is_held() -> None:
    batches = Batches(1)
    [ann] = await batches.use("ann")
    await batches.begin("ann")
    await batches.accounts.save(1, [])
    await batches.begin("bo")

    assert await batches.begin("ann") == [ann]


async def test_accounts_of_saved_batches_can_be_forgotten() -> None:
    batches = Batches(2)
    [ann] = await batches.use("ann")
    await batches.use("bo", "cy")

    assert await batches.use("ann") != [ann]


async def test_a_batch_larger_than_the_capacity_is_held_while_it_is_worked_on() -> None:
    batches = Batches(2)
    ids = [f"account-{number}" for number in range(5)]
    loaded = await batches.begin(*ids)

    assert await batches.begin(*ids) == loaded


async def test_the_capacity_is_shared_by_the_shards() -> None:
    batches = Batches(4)
    await batches.use("a", "b", "c", "d")
    await batches.use("a", "b", shard=OTHER)
    await batches.use("e")

    assert len(batches.accounts) == 4


async def test_two_batches_loading_the_same_account_at_once_share_it() -> None:
    batches = Batches()
    batches.store.gate.clear()
    loads = [asyncio.create_task(batches.begin("ann", name)) for name in ("bo", "cy")]
    await asyncio.sleep(0)
    batches.store.gate.set()
    (first, _), (second, _) = await asyncio.gather(*loads)

    assert first is second
    assert batches.store.asked == [{SHARD: ["ann", "bo"]}, {SHARD: ["cy"]}]


async def test_a_load_that_outlives_its_shard_does_not_bring_it_back() -> None:
    batches = Batches()
    batches.store.gate.clear()
    load = asyncio.create_task(batches.begin("ann"))
    await asyncio.sleep(0)
    batches.accounts.drop(SHARD)
    batches.store.gate.set()
    await load

    assert len(batches.accounts) == 0


async def test_a_dropped_shard_is_read_again_and_others_stay() -> None:
    batches = Batches()
    await batches.use("ann")
    await batches.use("ann", shard=OTHER)
    batches.accounts.drop(SHARD)
    batches.accounts.drop(SHARD)
    await batches.use("ann")
    await batches.use("ann", shard=OTHER)

    assert batches.store.asked == [{SHARD: ["ann"]}, {OTHER: ["ann"]}, {SHARD: ["ann"]}]


async def test_a_store_that_is_away_leaves_nothing_half_loaded() -> None:
    batches = Batches()
    [ann] = await batches.use("ann")
    batches.store.away = True
    with pytest.raises(Unavailable):
        await batches.begin("ann", "bo")
    batches.store.away = False

    assert len(batches.accounts) == 1
    assert (await batches.begin("ann", "bo"))[0] is ann


async def test_a_refused_save_is_fenced_and_forgets_the_shard() -> None:
    batches = Batches()
    [ann] = await batches.begin("ann")
    await batches.begin("ann", shard=OTHER)
    ann.learned_offset = 5
    await batches.store.save([(SHARD, [("ann", 6, pack(Profile(events=9)))])])
    with pytest.raises(Fenced, match="1 accounts of partition 0"):
        await batches.save(("ann", ann))

    assert len(batches.accounts) == 1
    [fresh] = await batches.begin("ann")
    assert (fresh.open().events, fresh.learned_offset) == (9, 6)
