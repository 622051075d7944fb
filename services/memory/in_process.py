"""The ports of memory in this process: for replay, tests and the laboratory. Nothing outlives the process."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from contracts.decisions import Decision, IssueChallenge
from contracts.payees import PayeeCounts
from contracts.ports import PAYEE_NONE, Count, Entry, PayeeQuery, Query, Shard, TallyQuery
from services.memory.challenge_record import KEPT_AFTER_S, ChallengeRecord, recorded
from services.memory.in_process_payees import PayeeRecord

KEPT_BATCHES = 64
#: Windows this many buckets behind the newest one asked about are forgotten.
LIFE_BUCKETS = 4
DECISION_KEPT_S = 3600.0
_NOTHING: dict[str, tuple[int, bytes]] = {}


class InProcessProfileStore:
    """ProfileStore in a dict."""

    def __init__(self) -> None:
        self._stored: dict[Shard, dict[str, tuple[int, bytes]]] = {}

    async def load(
        self, wanted: Sequence[tuple[Shard, Sequence[str]]]
    ) -> list[list[tuple[int, bytes] | None]]:
        """See `contracts.ports.ProfileStore.load`."""
        return [
            list(map(self._stored.get(shard, _NOTHING).get, account_ids)) for shard, account_ids in wanted
        ]

    async def save(self, entries: Sequence[tuple[Shard, Sequence[Entry]]]) -> list[int]:
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


class _Memo:
    """The last answers to one kind of question of a shard."""

    def __init__(self) -> None:
        self.batches: deque[dict[tuple[int, str], Count]] = deque(maxlen=KEPT_BATCHES)
        self.highest = -1


#: One bucket's members and those of the bucket before, by key.
_Window = dict[str, set[str]]


class InProcessTallyStore:
    """TallyStore with exact sets; the same buckets, records and memory of answers as on Redis."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, int], dict[int, _Window]] = {}
        self._newest: dict[tuple[str, int], int] = {}
        #: by name and key: newest bucket, members of it and of the one before, members of it
        self._few: dict[tuple[str, str], tuple[int, set[str], set[str]]] = {}
        self._memos: dict[tuple[Shard, type], _Memo] = {}
        #: by payee key
        self.payees: dict[bytes, PayeeRecord] = {}

    async def observe(self, asked: Sequence[tuple[Shard, Sequence[Query]]]) -> list[list[Count]]:
        """See `contracts.ports.TallyStore.observe`."""
        return [self._answered(shard, queries) for shard, queries in asked]

    def _answered(self, shard: Shard, queries: Sequence[Query]) -> list[Count]:
        answers: list[Count] = [0] * len(queries)
        for kind in (TallyQuery, PayeeQuery):
            places = [place for place, query in enumerate(queries) if query.__class__ is kind]
            if places:
                memo = self._memos.setdefault((shard, kind), _Memo())
                for place, answer in zip(
                    places, self._recalled(memo, [queries[n] for n in places]), strict=True
                ):
                    answers[place] = answer
        return answers

    def _recalled(self, memo: _Memo, queries: Sequence[Query]) -> list[Count]:
        highest = memo.highest
        repeats = queries[0].offset <= highest
        new: dict[tuple[int, str], Count] = {}
        answers: list[Count] = []
        for query in queries:
            ident = (query.offset, query.name if isinstance(query, TallyQuery) else "")
            answer = (
                next((batch[ident] for batch in memo.batches if ident in batch), None) if repeats else None
            )
            if answer is None:
                stale = query.offset <= highest
                if isinstance(query, TallyQuery):
                    count = new[ident] = self._count(query)
                    answer = -1 - count if stale else count
                else:
                    counts = new[ident] = self._payee(query, stale)
                    answer = (-1 - counts[0], *counts[1:]) if stale else counts
            answers.append(answer)
        if new:
            memo.batches.append(new)
            memo.highest = max(highest, queries[-1].offset)
        return answers

    def _payee(self, query: PayeeQuery, stale: bool) -> PayeeCounts:
        known = self.payees.get(query.payee) or PayeeRecord()
        if query.change != PAYEE_NONE and not stale:
            known.change(query)
            self.payees[query.payee] = known
        return known.counts(query)

    def _count_few(self, query: TallyQuery) -> int:
        key, bucket = (query.name, query.key), int(query.at // query.bucket_s)
        newest, both, latest = self._few.get(key, (bucket, set(), set()))
        if bucket > newest:
            newest, both, latest = bucket, latest if bucket == newest + 1 else set(), set()
        if query.adds:
            both, latest = set(both), set(latest)
            for members, spared in ((both, 1), (latest, 0)):
                if newest - bucket <= spared and len(members) < query.most:
                    members.add(query.member)
            self._few[key] = (newest, both, latest)
        return len(both)

    def _count(self, query: TallyQuery) -> int:
        if query.most:
            return self._count_few(query)
        tally = (query.name, query.bucket_s)
        bucket = int(query.at // query.bucket_s)
        windows = self._windows.setdefault(tally, {})
        if bucket > self._newest.get(tally, -1):
            self._newest[tally] = bucket
            for old in [old for old in windows if old < bucket - LIFE_BUCKETS]:
                del windows[old]
        if query.adds:
            for each in (bucket, bucket + 1):
                windows.setdefault(each, {}).setdefault(query.key, set()).add(query.member)
        return len(windows.get(bucket, {}).get(query.key, ()))


class InProcessMailbox:
    """DecisionMailbox for a caller in this process. `clock` gives wall-clock epoch seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[float, bytes]] = {}
        self._listeners: dict[str, list[asyncio.Queue[tuple[str, bytes]]]] = {}

    async def deliver(self, answers: Sequence[tuple[str, str, bytes]]) -> None:
        """See `contracts.ports.DecisionMailbox.deliver`."""
        now = self._clock()
        while self._kept and next(iter(self._kept.values()))[0] <= now:
            del self._kept[next(iter(self._kept))]
        for channel, event_id, decision in answers:
            self._kept.pop(event_id, None)
            self._kept[event_id] = (now + DECISION_KEPT_S, decision)
            for listener in self._listeners.get(channel, ()):
                listener.put_nowait((event_id, decision))

    async def get(self, event_id: str) -> bytes | None:
        """The decision (JSON) of an event decided in the last hour, or None."""
        until, decision = self._kept.get(event_id, (0.0, b""))
        return decision if until > self._clock() else None

    @asynccontextmanager
    async def listen(self, channel: str) -> AsyncIterator[AsyncIterator[tuple[str, bytes]]]:
        """(event id, decision JSON) of each decision delivered to the channel from now on."""
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
