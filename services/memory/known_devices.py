"""Which devices the stream knows as an account's own, for those who show them: read from its memory, never written."""

from __future__ import annotations

from contracts.ports import ProfileStore, Shard
from contracts.profile import Key
from contracts.sightings import Seen
from services.memory.codec import unpack


class KnownDevices:
    """Looks in every partition: which one an account is on, its producers decide."""

    def __init__(self, store: ProfileStore, epoch: int, partitions: int) -> None:
        self._store = store
        self._epoch = epoch
        self._partitions = partitions

    async def of(self, account_id: str) -> dict[Key, Seen]:
        """The account's devices by key, and when they were seen; raises Unavailable when memory is away."""
        shards = [(Shard(self._epoch, number), [account_id]) for number in range(self._partitions)]
        entries = [entry for [entry] in await self._store.load(shards) if entry is not None]
        return dict(unpack(max(entries)[1]).devices.items()) if entries else {}
