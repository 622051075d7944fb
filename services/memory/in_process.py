"""The ports of memory in this process: for replay, tests and the laboratory. Nothing outlives the process."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from contracts.decisions import Decision, IssueChallenge, event_of
from contracts.payees import PayeeCounts
from contracts.ports import (
    PAYEE_NONE,
    Entry,
    PayeeQuestions,
    Shard,
    TallyQuestions,
    TallyRequest,
    TallyResponse,
)
from services.memory.challenge_record import KEPT_AFTER_S, ChallengeRecord, recorded
from services.memory.in_process_payees import PayeeRecord

KEPT_BATCHES = 64
#: Windows this many buckets behind the newest one asked about are forgotten.
LIFE_BUCKETS = 4
DECISION_KEPT_S = 3600.0
_NOTHING: dict[str, tuple[int, bytes]] = {}
_Count = TypeVar("_Count", int, PayeeCounts)


class InProcessProfileStore:
    """ProfileStore in a dict."""

    def __init__(self) -> None:
        self._stored: dict[Shard, dict[str, tuple[int, bytes]]] = {}

    def entries(self) -> Iterator[tuple[int, str, int, bytes]]:
        """(partition, account id, offset, stored bytes) of every profile, in no particular order."""
        for shard, stored in self._stored.items():
            for account_id, (offset, packed) in stored.items():
                yield shard.partition, account_id, offset, packed

    async def load(
        self, wanted: Sequence[tuple[Shard, Sequence[str]]]
    ) -> list[list[tuple[int, bytes] | None]]:
        """See `contracts.ports.ProfileStore.load`."""
        return [
            list(map(self._stored.get(shard, _NOTHING).get, account_ids)) for shard, account_ids in wanted
        ]

    async def save(
        self, entries: Sequence[tuple[Shard, Sequence[Entry]]], reached: Mapping[Shard, int] | None = None
    ) -> list[int]:
        """See `contracts.ports.ProfileStore.save`."""
        return [self._kept(shard, news) for shard, news in entries]

    def _kept(self, shard: Shard, entries: Sequence[Entry]) -> int:
        stored = self._stored.setdefault(shard, {})
        refused = 0
        for account, offset, packed in entries:
            held = stored.get(account)
            if held is not None and offset < held[0]:
                refused += 1
            else:
                stored[account] = (offset, packed)
        return refused


class WholeMemory:
    """The watch of a memory that lives and dies with its process: it is never lost."""

    async def ensure(self, shards: Sequence[Shard]) -> None:
        """Nothing to ask."""

    def is_lost(self, shard: Shard) -> bool:
        """Never."""
        return False

    def forget(self) -> None:
        """Nothing is held."""

    def follow(self, committed: Callable[[], Mapping[int, int | None]]) -> None:
        """Nothing is committed."""


class _Memo(Generic[_Count]):
    """The last answers to one kind of question of a shard, by name and offset."""

    def __init__(self) -> None:
        self.batches: deque[dict[tuple[str, int], _Count]] = deque(maxlen=KEPT_BATCHES)
        self.highest = -1
        self._new: dict[tuple[str, int], _Count] = {}

    def told(self, name: str, offset: int) -> _Count | None:
        """What was answered before."""
        if offset > self.highest:
            return None
        ident = (name, offset)
        return next((batch[ident] for batch in self.batches if ident in batch), None)

    def note(self, name: str, offset: int, count: _Count) -> bool:
        """Keep a new answer of this batch; whether it comes too late to be the first to this question."""
        self._new[name, offset] = count
        return offset <= self.highest

    def end(self, last: int) -> None:
        """A batch that ends at this offset is answered."""
        if self._new:
            self.batches.append(self._new)
            self.highest, self._new = max(self.highest, last), {}


#: One bucket's members and those of the bucket before, by key.
_Window = dict[str, set[str]]


class InProcessTallyStore:
    """TallyStore with exact sets; the same buckets, records and memory of answers as on Redis."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, int], dict[int, _Window]] = {}
        self._newest: dict[tuple[str, int], int] = {}
        #: by name and key: newest bucket, members of it and of the one before, members of it
        self._few: dict[tuple[str, str], tuple[int, set[str], set[str]]] = {}
        self._told: dict[Shard, _Memo[int]] = {}
        self._told_payees: dict[Shard, _Memo[PayeeCounts]] = {}
        #: by payee key
        self.payees: dict[bytes, PayeeRecord] = {}

    async def observe(self, asked: Sequence[tuple[Shard, TallyRequest]]) -> list[TallyResponse]:
        """See `contracts.ports.TallyStore.observe`."""
        return [
            TallyResponse(self._counted(shard, questions.tallies), self._paid(shard, questions.payees))
            for shard, questions in asked
        ]

    def _counted(self, shard: Shard, tallies: Sequence[TallyQuestions]) -> list[list[int]]:
        memo = self._told.setdefault(shard, _Memo())
        answers = [self._answered(memo, asked) for asked in tallies]
        memo.end(max((asked.offsets[-1] for asked in tallies if asked.offsets), default=-1))
        return answers

    def _answered(self, memo: _Memo[int], asked: TallyQuestions) -> list[int]:
        answers = []
        for offset, key, member, at, adds in zip(
            asked.offsets, asked.keys, asked.members, asked.ats, asked.adds, strict=True
        ):
            count = memo.told(asked.name, offset)
            if count is None:
                of_tally = self._count_few if asked.most else self._count
                count = of_tally(asked, key, int(at // asked.bucket_s), member if adds else None)
                if memo.note(asked.name, offset, count):
                    count = -1 - count
            answers.append(count)
        return answers

    def _paid(self, shard: Shard, asked: PayeeQuestions) -> list[PayeeCounts]:
        memo = self._told_payees.setdefault(shard, _Memo())
        answers = []
        for index, offset in enumerate(asked.offsets):
            counts = memo.told("", offset)
            if counts is None:
                stale = offset <= memo.highest
                counts = self._payee(asked, index, stale)
                if memo.note("", offset, counts):
                    counts = (-1 - counts[0], *counts[1:])
            answers.append(counts)
        memo.end(asked.offsets[-1] if asked.offsets else -1)
        return answers

    def _payee(self, asked: PayeeQuestions, index: int, stale: bool) -> PayeeCounts:
        payee, hour, change = asked.payees[index], asked.hours[index], asked.changes[index]
        known = self.payees.get(payee) or PayeeRecord()
        if change != PAYEE_NONE and not stale:
            known.change(change, hour, asked.members[index], asked.transactions[index])
            self.payees[payee] = known
        return known.counts(hour, asked.delay_days)

    def _count_few(self, asked: TallyQuestions, key: str, bucket: int, member: str | None) -> int:
        newest, both, latest = self._few.get((asked.name, key), (bucket, set(), set()))
        if bucket > newest:
            newest, both, latest = bucket, latest if bucket == newest + 1 else set(), set()
        if member is not None:
            both, latest = set(both), set(latest)
            for members, spared in ((both, 1), (latest, 0)):
                if newest - bucket <= spared and len(members) < asked.most:
                    members.add(member)
            self._few[asked.name, key] = (newest, both, latest)
        return len(both)

    def _count(self, asked: TallyQuestions, key: str, bucket: int, member: str | None) -> int:
        tally = (asked.name, asked.bucket_s)
        windows = self._windows.setdefault(tally, {})
        if bucket > self._newest.get(tally, -1):
            self._newest[tally] = bucket
            for old in [old for old in windows if old < bucket - LIFE_BUCKETS]:
                del windows[old]
        if member is not None:
            for each in (bucket, bucket + 1):
                windows.setdefault(each, {}).setdefault(key, set()).add(member)
        return len(windows.get(bucket, {}).get(key, ()))


class InProcessReplies:
    """DecisionReplies for a caller in this process. `clock` gives wall-clock epoch seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[float, bytes]] = {}
        self._listeners: dict[str, list[asyncio.Queue[tuple[str, bytes]]]] = {}

    async def deliver(self, answers: Sequence[tuple[str, str, bytes]]) -> None:
        """See `contracts.ports.DecisionReplies.deliver`."""
        now = self._clock()
        while self._kept and next(iter(self._kept.values()))[0] <= now:
            del self._kept[next(iter(self._kept))]
        for channel, name, decision in answers:
            self._kept.pop(name, None)
            self._kept[name] = (now + DECISION_KEPT_S, decision)
            for listener in self._listeners.get(channel, ()):
                listener.put_nowait((name, decision))

    async def get(self, name: str) -> bytes | None:
        """What was answered in the last hour under the name, or None."""
        until, decision = self._kept.get(name, (0.0, b""))
        return decision if until > self._clock() else None

    async def of_event(self, event_id: str) -> dict[str, bytes]:
        """Every answer of the last hour about an event of this id, by the rest of its name."""
        now = self._clock()
        named = ((*event_of(name), kept) for name, kept in self._kept.items())
        return {rest: body for found, rest, (until, body) in named if found == event_id and until > now}

    @asynccontextmanager
    async def listen(self, channel: str) -> AsyncIterator[AsyncIterator[tuple[str, bytes]]]:
        """(answer's name, decision JSON) of each decision delivered to the channel from now on."""
        queue: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        self._listeners.setdefault(channel, []).append(queue)
        try:
            yield _drained(queue)
        finally:
            self._listeners[channel].remove(queue)
            if not self._listeners[channel]:
                del self._listeners[channel]


class InProcessChallengeIntake:
    """ChallengeIntake in a dict. `clock` gives wall-clock epoch seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._records: dict[str, ChallengeRecord] = {}

    async def open(self, requests: Sequence[tuple[Decision, IssueChallenge]]) -> None:
        """See `contracts.ports.ChallengeIntake.open`."""
        now = self._clock()
        for decision, effect in requests:
            held = self._records.get(effect.challenge_id)
            if held is None or self._is_over(held, now):
                self._records[effect.challenge_id] = recorded(decision, effect, now)

    async def get(self, challenge_id: str) -> ChallengeRecord | None:
        """The challenge as it was written, or None when there is none or it is long over."""
        held = self._records.get(challenge_id)
        return None if held is None or self._is_over(held, self._clock()) else held

    @staticmethod
    def _is_over(record: ChallengeRecord, now: float) -> bool:
        return record.created_at + record.lifetime_s + KEPT_AFTER_S <= now


async def _drained(queue: asyncio.Queue[tuple[str, bytes]]) -> AsyncIterator[tuple[str, bytes]]:
    while True:
        yield await queue.get()
