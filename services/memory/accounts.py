"""Packed profiles of the accounts of owned partitions, so that a busy account is not read again.

A profile is unpacked for a batch and packed again at its end: one string an account costs a tenth of the memory of live
objects, and objects made a moment ago are in the cache. What a batch has changed and not yet saved is pinned: it is newer
than the store and must not be forgotten.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from contracts.errors import Fenced
from contracts.ports import ProfileStore, Shard
from contracts.profile import Profile
from services.memory.codec import pack, unpack

NEW = -1


class Account(Struct, eq=False, gc=False, weakref=False):
    """One account's memory: `packed`, empty for a new one, and `profile` while a batch works on it.

    `learned_offset` is the last offset it learned from (-1: none); `pins` counts the unsaved batches that touch it.
    """

    packed: bytes
    learned_offset: int = NEW
    pins: int = 0
    profile: Profile | None = None

    def open(self) -> Profile:
        """The profile to be worked on, until `close`."""
        profile = self.profile
        if profile is None:
            profile = self.profile = unpack(self.packed) if self.packed else Profile()
        return profile

    def close(self) -> bytes:
        """The profile as it is now, packed."""
        if self.profile is not None:
            self.packed = pack(self.profile)
            self.profile = None
        return self.packed


class _Shelf:
    """The live accounts of one shard, least recently used first. A dropped shelf is never looked at again."""

    __slots__ = ("live", "loading")

    def __init__(self) -> None:
        self.live: OrderedDict[str, Account] = OrderedDict()
        self.loading = asyncio.Lock()


class LiveAccounts:
    """The accounts in use, at most `capacity` over all shards (more only while more are pinned)."""

    def __init__(self, store: ProfileStore, capacity: int) -> None:
        self._store = store
        self._capacity = capacity
        self._shelves: dict[Shard, _Shelf] = {}

    def __len__(self) -> int:
        return sum(len(shelf.live) for shelf in self._shelves.values())

    async def load(self, shard: Shard, account_ids: Sequence[str]) -> list[Account]:
        """The accounts in the order asked; an id named twice gives one object. Fetches those not held in one call.

        Pin what you are about to change before the next await. Raises Unavailable, having changed nothing.
        """
        shelf = self._shelves.get(shard)
        if shelf is None:
            shelf = self._shelves[shard] = _Shelf()
        found = _held(shelf.live, account_ids)
        if found is not None:
            return found
        # One fetch a shard at a time: a second one could hold an older copy of what the first one's batch has saved.
        async with shelf.loading:
            return await self._fetch(shard, shelf, account_ids)

    async def _fetch(self, shard: Shard, shelf: _Shelf, account_ids: Sequence[str]) -> list[Account]:
        live = shelf.live
        held = [live[account_id] for account_id in account_ids if account_id in live]
        missing = [account_id for account_id in dict.fromkeys(account_ids) if account_id not in live]
        self.pin(held)
        try:
            stored = await self._store.load(shard, missing) if missing else []
        finally:
            self.unpin(held)
        for account_id, entry in zip(missing, stored, strict=True):
            live[account_id] = Account(b"") if entry is None else Account(entry[1], entry[0])
        found = [live[account_id] for account_id in account_ids]
        self.pin(found)
        self._evict(live)
        self.unpin(found)
        return found

    def _evict(self, live: OrderedDict[str, Account]) -> None:
        excess = len(live) - max(1, self._capacity // max(1, len(self._shelves)))
        for _ in range(len(live)):
            if excess <= 0:
                return
            account_id, account = live.popitem(last=False)
            if account.pins:
                live[account_id] = account
            else:
                excess -= 1

    def pin(self, accounts: Iterable[Account]) -> None:
        """Hold the accounts until `unpin` of the same ones: a batch is about to change them."""
        for account in accounts:
            account.pins += 1

    def unpin(self, accounts: Iterable[Account]) -> None:
        """The batch that pinned the accounts is saved."""
        for account in accounts:
            account.pins -= 1

    def entries(self, shard: Shard, touched: Mapping[str, Account]) -> list[tuple[str, int, bytes]]:
        """What `save` takes: each account as it is now, whatever is learned while the save is under way."""
        return [
            (account_id, account.learned_offset, account.close()) for account_id, account in touched.items()
        ]

    async def save(self, shard: Shard, entries: Sequence[tuple[str, int, bytes]]) -> None:
        """Store the entries in one atomic step. May be repeated.

        Raises Unavailable, or Fenced when any was refused; the shard, another worker's now, is then dropped.
        """
        refused = await self._store.save(shard, entries)
        if refused:
            self.drop(shard)
            raise Fenced(
                f"{refused} accounts of partition {shard.partition} were learned further by another worker"
            )

    async def check_owned(self, shard: Shard, unlearned: Mapping[str, int]) -> None:
        """Ask the store about accounts with an offset that they have not learned here.

        Raises Unavailable, or Fenced when the store has learned any of them; the shard is then dropped.
        """
        if not unlearned:
            return
        stored = await self._store.load(shard, list(unlearned))
        for entry, offset in zip(stored, unlearned.values(), strict=True):
            if entry is not None and entry[0] >= offset:
                self.drop(shard)
                raise Fenced(f"partition {shard.partition} was decided further by another worker")

    def drop(self, shard: Shard) -> None:
        """Forget a shard that is no longer ours; harmless when nothing of it is held."""
        self._shelves.pop(shard, None)


def _held(live: OrderedDict[str, Account], account_ids: Sequence[str]) -> list[Account] | None:
    """The accounts, now the most recently used ones, or None when any is not held."""
    try:
        found = [live[account_id] for account_id in account_ids]
    except KeyError:
        return None
    touch = live.move_to_end
    for account_id in account_ids:
        touch(account_id)
    return found
