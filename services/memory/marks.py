"""Marks: how a lost memory is told from one that never was.

Beside the accounts of a partition, on the same cluster slot, lies `pg:{<epoch>.<partition>}`: the highest offset that its
memory was saved up to. It is made once, at first use, and travels with the memory: where offsets are committed and there is
no mark, the memory was flushed, evicted, or an empty replica took over. A save that finds no mark leaves one that says `lost`,
so that no race and no restart can hide it.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Literal

from msgspec import Struct
from redis.asyncio import Redis

from contracts.ports import Shard
from services.memory.redis_client import Command, ask, ask_all, ask_owner, unless_error

PREFIX = "pg"
_OFFSET_DIGITS = 12
_NOTHING_SAVED = "0" * _OFFSET_DIGITS
MarkState = Literal["whole", "lost"]


class Mark(Struct, frozen=True):
    """What is written about a partition's memory.

    `highest` is the last offset that a saved batch reached; -1 before the first. `since_ms` is when it came to stand as it does,
    in epoch milliseconds; `ident` names the memory; `evictions` is what the store had evicted when it was last called whole.
    """

    highest: int
    standing: MarkState
    since_ms: int
    ident: str = ""
    evictions: str = ""

    def pack(self) -> bytes:
        """As it is stored: 12 hex digits of one more than `highest`, then words. Scripts compare the digits as text."""
        words = (f"{self.highest + 1:012x}", self.standing, str(self.since_ms), self.ident, self.evictions)
        return " ".join(words).encode()


def unpack(value: bytes) -> Mark:
    """The mark that lies in the store; what cannot be read says that the memory is lost."""
    words = [*value.decode("ascii", "replace").split(" "), "", "", "", ""]
    try:
        return Mark(
            int(words[0], 16) - 1,
            "whole" if words[1] == "whole" else "lost",
            int(words[2]),
            words[3],
            words[4],
        )
    except ValueError:
        return Mark(-1, "lost", 0)


def new_mark(standing: MarkState, now_ms: int, highest: int = -1, evictions: str = "") -> Mark:
    """A mark with a name of its own."""
    return Mark(highest, standing, now_ms, secrets.token_hex(8), evictions)


def mark_key(shard: Shard, prefix: str = PREFIX) -> str:
    """The key of a partition's mark."""
    return f"{prefix}:{{{shard.epoch}.{shard.partition}}}"


def reached_text(offset: int) -> bytes:
    """The digits for a memory that was saved up to `offset`."""
    return b"%012x" % (offset + 1)


async def read_marks(client: Redis, shards: Sequence[Shard], prefix: str = PREFIX) -> list[Mark | None]:
    """The mark of each partition, None where there is none. One round trip. Raises Unavailable."""
    values = await read_values(client, [mark_key(shard, prefix) for shard in shards])
    return [None if value is None else unpack(value) for value in values]


async def read_values(client: Redis, keys: Sequence[str]) -> Sequence[bytes | None]:
    """The marks under these keys as they are stored. One round trip. Raises Unavailable."""
    commands: list[Command] = [("GET", key) for key in keys]
    return unless_error(await ask_all(client, commands))


async def make_mark(client: Redis, shard: Shard, mark: Mark, prefix: str = PREFIX) -> Mark:
    """Write the mark unless there is one; the one that is there now. Raises Unavailable."""
    key = mark_key(shard, prefix)
    await ask(client, "SET", key, mark.pack(), "NX")
    value = await ask(client, "GET", key)
    return mark if value is None else unpack(value)


async def replace_mark(client: Redis, shard: Shard, mark: Mark, prefix: str = PREFIX) -> None:
    """Write the mark whatever was there. The offset that was reached stays. Raises Unavailable."""
    script = (
        "local old = redis.call('GET', KEYS[1])\n"
        "redis.call('SET', KEYS[1], ARGV[1])\n"
        "if old and string.sub(old, 1, 12) > string.sub(ARGV[1], 1, 12) then\n"
        "  redis.call('SETRANGE', KEYS[1], 0, string.sub(old, 1, 12))\n"
        "end"
    )
    await ask(client, "EVAL", script, 1, mark_key(shard, prefix), mark.pack())


async def has_accounts(client: Redis, shard: Shard, prefix: str = PREFIX, pages: int = 200) -> bool:
    """Whether some account of the partition is remembered: that of a version that made no marks. Raises Unavailable.

    Looks at most through `pages` pages of 5,000 keys.
    """
    pattern, cursor = f"{mark_key(shard, prefix)}:*", b"0"
    for _ in range(pages):
        cursor, keys = await ask_owner(
            client, mark_key(shard, prefix), "SCAN", cursor, "MATCH", _escaped(pattern), "COUNT", 5000
        )
        if keys:
            return True
        if int(cursor) == 0:
            break
    return False


def _escaped(pattern: str) -> str:
    return pattern.replace("[", "\\[").replace("?", "\\?")
