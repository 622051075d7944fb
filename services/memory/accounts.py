"""Packed profiles of the accounts of owned partitions, so that a busy account is not read again.

A profile is unpacked for a batch and packed again at its end: one string an account costs a tenth of the memory of live
objects, and objects made a moment ago are in the cache. Accounts are held from the batch that loads them until that batch is
saved: what was changed and is not yet saved is newer than the store and must not be forgotten.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from contracts.errors import Fenced
from contracts.ports import Entry, ProfileStore, Shard
from contracts.profile import Profile
from services.memory.codec import pack, unpack

NEW = -1


class Named(Protocol):
    """What is of an account."""

    @property
    def account_id(self) -> str: ...


class Account(Struct, eq=False, gc=False, weakref=False):
    """One account's memory: `packed`, empty for a new one, and `profile` while a batch works on it.

    `learned_offset` is the last offset it learned from (-1: none). `used` is the last batch that loaded it, and `placed` the
    one it had been used by when it last moved to the end of its shelf.
    """

    packed: bytes
    learned_offset: int = NEW
    used: int = 0
    placed: int = 0
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


#: The live accounts of one shard, the next one to be looked at for eviction first. A dropped shelf is never looked at again.
_Shelf = OrderedDict[str, Account]


class LiveAccounts:
    """The accounts in use, at most `capacity` over all shards (more only while batches that are not saved use more)."""

    def __init__(self, store: ProfileStore, capacity: int) -> None:
        self._store = store
        self._capacity = capacity
        self._shelves: dict[Shard, _Shelf] = {}
        self._saved = 0
        # One fetch at a time: a second one could hold an older copy of what the first one's batch has saved.
        self._loading = asyncio.Lock()

    def __len__(self) -> int:
        return sum(map(len, self._shelves.values()))

    def strangers(self, shard: Shard, events: Sequence[Named]) -> list[int]:
        """The indexes of events whose accounts are not held."""
        shelf = self._shelves.get(shard)
        if not shelf:
            return list(range(len(events)))
        return [index for index, event in enumerate(events) if event.account_id not in shelf]

    async def load(self, batch: int, wanted: Sequence[tuple[Shard, Sequence[str]]]) -> list[list[Account]]:
        """The accounts of each shard in the order asked; an id named twice gives one object. Fetches all not held in one call.

        Batch numbers rise from 1; the accounts are held until `save` of the batch or of a later one. Raises Unavailable, having
        changed nothing; may be repeated.
        """
        async with self._loading:
            shelves = [self._shelves.setdefault(shard, OrderedDict()) for shard, _ in wanted]
            try:
                return _found(batch, shelves, wanted)
            except KeyError:
                await self._fetch(batch, shelves, wanted)
            found = _found(batch, shelves, wanted)
            for shelf in shelves:
                self._evict(shelf)
            return found

    async def _fetch(
        self, batch: int, shelves: Sequence[_Shelf], wanted: Sequence[tuple[Shard, Sequence[str]]]
    ) -> None:
        missing: list[tuple[Shard, list[str]]] = []
        for shelf, (shard, account_ids) in zip(shelves, wanted, strict=True):
            missing.append((shard, [each for each in dict.fromkeys(account_ids) if each not in shelf]))
        stored = await self._store.load(missing)
        for shelf, (_, names), entries in zip(shelves, missing, stored, strict=True):
            for name, entry in zip(names, entries, strict=True):
                shelf[name] = (
                    Account(b"", NEW, batch, batch)
                    if entry is None
                    else Account(entry[1], entry[0], batch, batch)
                )

    def _evict(self, shelf: _Shelf) -> None:
        """Second chance (Corbató 1968): who was used since it was placed goes to the end, another one goes."""
        excess = len(shelf) - max(1, self._capacity // max(1, len(self._shelves)))
        for _ in range(2 * len(shelf)):
            if excess <= 0:
                return
            account_id, account = shelf.popitem(last=False)
            if account.used > self._saved or account.used > account.placed:
                account.placed = account.used
                shelf[account_id] = account
            else:
                excess -= 1

    async def save(
        self,
        batch: int,
        entries: Sequence[tuple[Shard, Sequence[Entry]]],
        reached: Mapping[Shard, int] | None = None,
    ) -> None:
        """Store the entries, then let the accounts of the batch go. May be repeated. `reached` as `ProfileStore.save` takes it.

        Raises Unavailable, or Fenced when any was refused; its shard, another worker's now, is then dropped.
        """
        refused = await self._store.save(entries, reached)
        lost = [(shard, count) for (shard, _), count in zip(entries, refused, strict=True) if count]
        for shard, _ in lost:
            self.drop(shard)
        if lost:
            raise Fenced(
                "; ".join(
                    f"{count} accounts of partition {shard.partition} were learned further by another worker"
                    for shard, count in lost
                )
            )
        self._saved = max(self._saved, batch)

    async def check_owned(self, shard: Shard, unlearned: Mapping[str, int]) -> None:
        """Ask the store about accounts with an offset that they have not learned here.

        Raises Unavailable, or Fenced when the store has learned any of them; the shard is then dropped.
        """
        if not unlearned:
            return
        [stored] = await self._store.load([(shard, list(unlearned))])
        for entry, offset in zip(stored, unlearned.values(), strict=True):
            if entry is not None and entry[0] >= offset:
                self.drop(shard)
                raise Fenced(f"partition {shard.partition} was decided further by another worker")

    def drop(self, shard: Shard) -> None:
        """Forget a shard that is no longer ours; harmless when nothing of it is held."""
        self._shelves.pop(shard, None)

    def drop_all(self) -> None:
        """Forget every shard."""
        self._shelves.clear()


def _found(
    batch: int, shelves: Sequence[_Shelf], wanted: Sequence[tuple[Shard, Sequence[str]]]
) -> list[list[Account]]:
    """The accounts, now in use by the batch. Raises KeyError when any is not held."""
    found: list[list[Account]] = []
    for shelf, (_, account_ids) in zip(shelves, wanted, strict=True):
        accounts = list(map(shelf.__getitem__, account_ids))
        for account in accounts:
            account.used = batch
        found.append(accounts)
    return found
