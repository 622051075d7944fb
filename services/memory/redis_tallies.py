"""Counts of distinct accounts: the questions of a partition are one script call a tally shard.

A count without a bound has HyperLogLog's standard error of 0.81 % (Flajolet et al. 2007; 16384 registers); counts below a few
hundred are nearly always exact. Records of payees (`redis_payees`) are asked in the same round trip.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import compress
from struct import Struct, pack, unpack
from typing import Any, TypeVar
from zlib import crc32

from msgspec import msgpack
from msgspec.structs import asdict, replace
from redis.asyncio import Redis

from contracts.ports import PayeeQuestions, Shard, TallyQuestions, TallyRequest, TallyResponse
from services.memory import redis_payees
from services.memory.redis_client import Command, Script, run_scripts

KEPT_BATCHES = 64
KEPT_ANSWERS_S = 7 * 86_400
#: A window expires this many of its buckets after it last grew, by the wall clock, and never before LEAST_LIFE_S; a record of a
#: bounded tally is kept for one to two times as long after it last changed.
LIFE_BUCKETS = 4
LEAST_LIFE_S = 600

SCRIPT = Script("records.lua", "tallies.lua")
_encode = msgpack.Encoder().encode
_row = Struct(">IBII").pack
_Asked = TypeVar("_Asked", TallyQuestions, PayeeQuestions)
_Count = TypeVar("_Count")


class RedisTallyStore:
    """TallyStore; `tally_shards` spreads keys over that many cluster slots (changing it forgets counts and answers)."""

    def __init__(self, client: Redis, tally_shards: int = 1, prefix: str = "pg") -> None:
        if tally_shards < 1:
            raise ValueError("tally_shards must be at least 1")
        self._client = client
        self._heads = [f"{prefix}:{{t{number}}}:" for number in range(tally_shards)]

    async def observe(self, asked: Sequence[tuple[Shard, TallyRequest]]) -> list[TallyResponse]:
        """See `contracts.ports.TallyStore.observe`. Raises Unavailable."""
        if len(self._heads) == 1:
            head = self._heads[0]
            return await self._told([(head, shard, questions) for shard, questions in asked])
        spread = [_Spread(questions, len(self._heads)) for _, questions in asked]
        parts = [
            (head, shard, part)
            for (shard, _), each in zip(asked, spread, strict=True)
            for head, part in zip(self._heads, each.parts, strict=True)
        ]
        told = iter(await self._told(parts))
        return [each.together([next(told) for _ in each.parts]) for each in spread]

    async def _told(self, parts: Sequence[tuple[str, Shard, TallyRequest]]) -> list[TallyResponse]:
        calls: list[tuple[Script, Command]] = []
        steps: list[list[Sequence[int] | None]] = []
        for head, shard, questions in parts:
            tallies = [each for each in questions.tallies if each.offsets]
            if tallies:
                command, steps_of = _call(head, shard, tallies)
                calls.append((SCRIPT, command))
                steps.append(steps_of)
            if questions.payees.offsets:
                command = redis_payees.call(head, shard, questions.payees, KEPT_ANSWERS_S, KEPT_BATCHES)
                calls.append((redis_payees.SCRIPT, command))
        said = iter(await run_scripts(self._client, calls))
        steps_of_parts = iter(steps)
        answers = []
        for _, _, questions in parts:
            counts: list[list[int]] = [[] for _ in questions.tallies]
            places = [place for place, each in enumerate(questions.tallies) if each.offsets]
            if places:
                for place, told in zip(places, _counts(next(said), next(steps_of_parts)), strict=True):
                    counts[place] = told
            payees = redis_payees.answers(next(said)) if questions.payees.offsets else []
            answers.append(TallyResponse(counts, payees))
        return answers


def _call(
    head: str, shard: Shard, tallies: Sequence[TallyQuestions]
) -> tuple[Command, list[Sequence[int] | None]]:
    """The call that asks the tallies, and for each which step of the script answers which question (None: each its own)."""
    first, last = min(each.offsets[0] for each in tallies), max(each.offsets[-1] for each in tallies)
    keys: list[str] = []
    arguments: list[Any] = []
    steps: list[Sequence[int] | None] = []
    for asked in tallies:
        life_s = max(LIFE_BUCKETS * asked.bucket_s, LEAST_LIFE_S)
        offsets = pack(f">{len(asked.offsets)}I", *[offset - first for offset in asked.offsets])
        stem = f"{head}{asked.name}:"
        if asked.most:
            own_keys, which, rows, step_of = (
                [f"{stem}{asked.bucket_s}:"],
                _encode(asked.keys),
                _rows(asked),
                None,
            )
        else:
            own_keys, which, step_of = _windows(stem, asked)
            rows = pack(f">{len(step_of)}I", *step_of)
        keys += own_keys
        arguments += (asked.name, asked.most, life_s, offsets, which, rows, len(own_keys))
        steps.append(step_of)
    memo = f"{head}answers:{shard.epoch}.{shard.partition}"
    about = (f"{first:012x}", f"{last:012x}", KEPT_ANSWERS_S, KEPT_BATCHES)
    return (len(keys) + 2, f"{memo}:highest", memo, *keys, *about, *arguments), steps


def _rows(asked: TallyQuestions) -> bytes:
    bucket_s = asked.bucket_s
    buckets = [int(at // bucket_s) for at in asked.ats]
    whos = list(map(crc32, map(str.encode, asked.members)))
    return b"".join(map(_row, buckets, asked.adds, whos, whos))


def _windows(stem: str, asked: TallyQuestions) -> tuple[list[str], bytes, list[int]]:
    """The keys of windows; the steps; which step answers which question.

    A count is made once for all who ask for it until somebody joins.
    """
    bucket_s = asked.bucket_s
    windows: list[int] = []
    joins: list[tuple[str, int] | bool] = []
    step_of: list[int] = []
    window_of: dict[tuple[int, str], int] = {}
    known: dict[tuple[int, str], int] = {}
    for key, at, member, adds in zip(asked.keys, asked.ats, asked.members, asked.adds, strict=True):
        ident = (int(at // bucket_s), key)
        step = None if adds else known.get(ident)
        if step is None:
            step = known[ident] = len(windows)
            windows.append(window_of.setdefault(ident, len(window_of)))
            if adds:
                after = (ident[0] + 1, key)
                joins.append((member, window_of.setdefault(after, len(window_of))))
                known.pop(after, None)
            else:
                joins.append(False)
        step_of.append(step)
    keys = [f"{stem}{key}:{bucket_s}.{bucket}" for bucket, key in window_of]
    return keys, _encode((windows, joins)), step_of


def _counts(said: Sequence[Any], steps: Sequence[Sequence[int] | None]) -> Iterator[list[int]]:
    """The script's answer to each tally, a count for each question."""
    each_question = said[0] == 1
    for blob, step_of in zip(said[1:], steps, strict=True):
        counts = unpack(f">{len(blob) // 4}i", blob)
        if step_of is None or each_question:
            yield list(counts)
        else:
            yield [counts[step] for step in step_of]


class _Spread:
    """A shard's questions, spread over tally shards."""

    def __init__(self, questions: TallyRequest, count: int) -> None:
        self._tallies = [[crc32(key.encode()) % count for key in each.keys] for each in questions.tallies]
        self._payees = [crc32(key) % count for key in questions.payees.payees]
        self.parts = [
            TallyRequest(
                [_only(each, of, n) for each, of in zip(questions.tallies, self._tallies, strict=True)],
                _only(questions.payees, self._payees, n),
            )
            for n in range(count)
        ]

    def together(self, told: Sequence[TallyResponse]) -> TallyResponse:
        """The answers in the order of the questions."""
        tallies = [
            _merged(of, [answers.tallies[place] for answers in told])
            for place, of in enumerate(self._tallies)
        ]
        return TallyResponse(tallies, _merged(self._payees, [answers.payees for answers in told]))


def _only(asked: _Asked, shards: Sequence[int], number: int) -> _Asked:
    chosen = [shard == number for shard in shards]
    lists = {
        name: list(compress(each, chosen)) for name, each in asdict(asked).items() if isinstance(each, list)
    }
    return replace(asked, **lists)


def _merged(shards: Sequence[int], counts: Sequence[list[_Count]]) -> list[_Count]:
    each = [iter(of_shard) for of_shard in counts]
    return [next(each[shard]) for shard in shards]
