"""What a replay came to in two SHA-256: two builds, or two cuts into batches, that decide alike print the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256

from msgspec import Struct

from contracts.decisions import Decision
from services.memory.in_process import InProcessProfileStore
from services.replay.lines import EventLine
from services.replay.offline import OfflineCore
from services.replay.replay import Line, replay


class Digests(Struct, frozen=True):
    """Events read, decisions made (a repeated event has none), and the SHA-256 of the bytes of decisions and of memory."""

    events: int
    decided: int
    decisions_sha256: str
    memory_sha256: str


async def digests_of(events: Iterator[EventLine], core: OfflineCore) -> Digests:
    """Replay these events and digest every decision's bytes, in order, then every account's profile."""
    decisions, decided = sha256(), 0

    def keep(_lines: Sequence[Line], _decisions: Sequence[Decision], encoded: Sequence[bytes]) -> None:
        nonlocal decided
        decided += len(encoded)
        for value in encoded:
            decisions.update(value + b"\n")

    read = await replay(events, core, keep)
    return Digests(read, decided, decisions.hexdigest(), memory_sha256(core.profiles))


def memory_sha256(profiles: InProcessProfileStore) -> str:
    """SHA-256 over partition, account, offset and bytes of every profile, in the order of partition and account."""
    digest = sha256()
    for shard, account_id, offset, packed in sorted(profiles.entries()):
        digest.update(b"%d %d %d %d " % (shard, len(account_id), offset, len(packed)))
        digest.update(account_id.encode() + packed)
    return digest.hexdigest()
