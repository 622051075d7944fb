"""What every ProfileStore holds to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.ports import Entry, ProfileStore, Shard
from tests.contracts.conftest import Ports
from tests.contracts.cuts import shared

SHARD = Shard(1, 3)
_entries = st.dictionaries(
    st.sampled_from(["ann", "bo", "账户", "{x}", "c c"]),
    st.tuples(st.integers(0, 2) | st.integers(0, 2**47), st.binary(max_size=40)),
    max_size=5,
)


async def saved(store: ProfileStore, *entries: Entry, shard: Shard = SHARD) -> int:
    """How many entries of one shard were refused."""
    [refused] = await store.save([(shard, entries)])
    return refused


async def loaded(store: ProfileStore, *accounts: str, shard: Shard = SHARD) -> list[tuple[int, bytes] | None]:
    """What is stored of accounts of one shard."""
    [found] = await store.load([(shard, accounts)])
    return found


@pytest.fixture
def store(ports: Ports) -> ProfileStore:
    return ports.profiles()


async def test_an_account_never_saved_is_none(store: ProfileStore) -> None:
    assert await loaded(store, "nobody", "nobody") == [None, None]


async def test_no_accounts_are_no_work(store: ProfileStore) -> None:
    assert await store.load([]) == []
    assert await store.save([]) == []
    assert await loaded(store) == []
    assert await saved(store) == 0


async def test_what_is_saved_is_loaded_in_the_order_asked(store: ProfileStore) -> None:
    refused = await saved(store, ("ann", 7, b"\x01\x00\xff"), ("bo", 8, b""))

    assert refused == 0
    assert await loaded(store, "bo", "new", "ann") == [(8, b""), None, (7, b"\x01\x00\xff")]


async def test_partitions_and_epochs_do_not_share_accounts(store: ProfileStore) -> None:
    await saved(store, ("ann", 9, b"here"))

    assert await loaded(store, "ann", shard=Shard(1, 4)) == [None]
    assert await loaded(store, "ann", shard=Shard(2, 3)) == [None]


async def test_shards_are_saved_and_loaded_together_each_in_its_place(store: ProfileStore) -> None:
    store, other = store, Shard(1, 4)
    await saved(store, ("ann", 9, b"here"))

    assert await store.save(
        [(other, [("ann", 1, b"there")]), (Shard(1, 5), []), (SHARD, [("ann", 8, b"old"), ("bo", 8, b"new")])]
    ) == [0, 0, 1]
    assert await store.load([(SHARD, ["bo", "ann"]), (Shard(1, 5), []), (other, ["ann", "bo"])]) == [
        [(8, b"new"), (9, b"here")],
        [],
        [(1, b"there"), None],
    ]


async def test_a_batch_larger_than_a_script_can_unpack_is_saved_whole(store: ProfileStore) -> None:
    entries = [(f"account-{number}", number, b"x%d" % number) for number in range(10_001)]

    assert await saved(store, *entries) == 0
    assert await saved(store, *[(account, offset - 1, b"") for account, offset, _ in entries[1:]]) == 10_000
    assert await loaded(store, *[account for account, _, _ in entries]) == [
        (offset, packed) for _, offset, packed in entries
    ]


@shared
@given(saves=st.lists(_entries, max_size=8))
async def test_any_sequence_of_saves_leaves_the_newest_and_counts_what_was_older(
    ports: Ports, saves: list[dict[str, tuple[int, bytes]]]
) -> None:
    store = ports.profiles()
    newest: dict[str, tuple[int, bytes]] = {}
    for save in saves:
        stale = {
            account
            for account, (offset, _) in save.items()
            if account in newest and offset < newest[account][0]
        }
        refused = await saved(store, *[(account, *entry) for account, entry in save.items()])
        newest |= {account: entry for account, entry in save.items() if account not in stale}

        assert refused == len(stale)
    assert await loaded(store, *newest) == list(newest.values())
