"""Counts of distinct accounts in HyperLogLogs: the questions of a partition are one script call a tally shard.

A count has HyperLogLog's standard error of 0.81 % (Flajolet et al. 2007; 16384 registers); counts below a few
hundred are nearly always exact. Records of payees (`redis_payees`) are asked in the same round trip.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast
from zlib import crc32

from msgspec import msgpack
from redis.asyncio import Redis

from contracts.ports import Count, PayeeQuery, Query, Shard, TallyQuery
from services.memory import redis_payees
from services.memory.redis_client import Command, Script, run_scripts

KEPT_BATCHES = 64
KEPT_ANSWERS_S = 7 * 86_400
#: A window expires this many of its buckets after it last grew, by the wall clock, and never before LEAST_LIFE_S.
LIFE_BUCKETS = 4
LEAST_LIFE_S = 600

_encode = msgpack.Encoder().encode


class RedisTallyStore:
    """TallyStore; `tally_shards` spreads keys over that many cluster slots (changing it forgets counts and answers).

    An event asks each tally by name at most once: answers are remembered by offset and name.
    """

    def __init__(self, client: Redis, tally_shards: int = 1, prefix: str = "pg") -> None:
        if tally_shards < 1:
            raise ValueError("tally_shards must be at least 1")
        self._client = client
        self._shards = tally_shards
        self._prefix = prefix
        self._script = Script("tallies.lua")

    async def observe(self, asked: Sequence[tuple[Shard, Sequence[Query]]]) -> list[list[Count]]:
        """See `contracts.ports.TallyStore.observe`. Raises Unavailable."""
        answers: list[list[Count]] = [[0] * len(queries) for _, queries in asked]
        calls: list[tuple[Script, Command]] = []
        places: list[tuple[list[Count], Sequence[int]]] = []
        for (shard, queries), answered in zip(asked, answers, strict=True):
            for script, call, indexes in self._calls(shard, queries):
                calls.append((script, call))
                places.append((answered, indexes))
        for (script, _), (answered, indexes), counts in zip(
            calls, places, await run_scripts(self._client, calls), strict=True
        ):
            if script is redis_payees.SCRIPT:
                counts = redis_payees.answers(counts)
            for index, count in zip(indexes, counts, strict=True):
                answered[index] = count
        return answers

    def _calls(
        self, shard: Shard, queries: Sequence[Query]
    ) -> Iterator[tuple[Script, Command, Sequence[int]]]:
        """The script calls that ask the questions, each with the indexes of its questions."""
        tallies: list[int] = []
        payees: list[int] = []
        for index, query in enumerate(queries):
            (payees if query.__class__ is PayeeQuery else tallies).append(index)
        for tally_shard, indexes in self._spread(queries, tallies):
            counted = cast(list[TallyQuery], [queries[index] for index in indexes])
            yield self._script, self._call(shard, tally_shard, counted), indexes
        for tally_shard, indexes in self._spread(queries, payees):
            paid = cast(list[PayeeQuery], [queries[index] for index in indexes])
            head = self._head(tally_shard)
            command = redis_payees.call(head, shard, paid, KEPT_ANSWERS_S, KEPT_BATCHES)
            yield redis_payees.SCRIPT, command, indexes

    def _spread(
        self, queries: Sequence[Query], indexes: Sequence[int]
    ) -> Sequence[tuple[int, Sequence[int]]]:
        """Which of these questions go to which tally shard."""
        if not indexes:
            return ()
        if self._shards == 1:
            return ((0, indexes),)
        parts: dict[int, list[int]] = {}
        for index in indexes:
            query = queries[index]
            key = query.key.encode() if isinstance(query, TallyQuery) else query.payee
            parts.setdefault(crc32(key) % self._shards, []).append(index)
        return list(parts.items())

    def _head(self, tally_shard: int) -> str:
        return f"{self._prefix}:{{t{tally_shard}}}:"

    def _call(self, shard: Shard, tally_shard: int, queries: Sequence[TallyQuery]) -> Command:
        head = self._head(tally_shard)
        keys, packed = _packed(head, queries)
        memo = f"{head}answers:{shard.epoch}.{shard.partition}"
        first, last = f"{queries[0].offset:012x}", f"{queries[-1].offset:012x}"
        return (
            len(keys) + 2,
            f"{memo}:highest",
            memo,
            *keys,
            packed,
            first,
            last,
            KEPT_ANSWERS_S,
            KEPT_BATCHES,
        )


def _packed(head: str, queries: Sequence[TallyQuery]) -> tuple[list[str], bytes]:
    """The window keys, two for each distinct key and bucket, and the questions as parallel arrays (indexes from 1)."""
    base = queries[0].offset
    names: dict[str, int] = {}
    lives: list[int] = []
    windows: dict[tuple[str, str, int, int], int] = {}
    keys: list[str] = []
    offsets: list[int] = []
    name_of: list[int] = []
    key_of: list[int] = []
    members: list[str | int | bool] = []
    bounds: list[int] = []
    buckets: list[int] = []
    for query in queries:
        name, key, bucket_s = query.name, query.key, query.bucket_s
        bucket = int(query.at // bucket_s)
        name_index = names.get(name)
        if name_index is None:
            name_index = names[name] = len(names) + 1
            lives.append(max(LIFE_BUCKETS * bucket_s, LEAST_LIFE_S))
            bounds.append(query.most)
        ident = (name, key, bucket, bucket_s)
        window = windows.get(ident)
        if window is None:
            window = windows[ident] = len(windows) + 1
            stem = f"{head}{name}:{key}:{bucket_s}."
            keys.append(f"{stem}{bucket}" if not query.most else stem)
            keys.append(f"{stem}{bucket + 1}" if not query.most else stem)
            buckets.append(bucket)
        offsets.append(query.offset - base)
        name_of.append(name_index)
        key_of.append(window)
        if not query.adds:
            members.append(False)
        elif query.most:
            members.append(crc32(query.member.encode()))
        else:
            members.append(query.member)
    return keys, _encode((list(names), lives, offsets, name_of, key_of, members, bounds, buckets))
