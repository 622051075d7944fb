"""The ports of memory on Redis or Valkey. Every method raises Unavailable while the server is away."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

from redis.asyncio import Redis

from contracts.decisions import Decision, IssueChallenge, event_of
from contracts.errors import Unavailable
from contracts.ports import Entry, Shard
from services.memory.challenge_record import (
    KEPT_AFTER_S,
    ChallengeRecord,
    pack_record,
    recorded,
    unpack_record,
)
from services.memory.marks import PREFIX, mark_key, reached_text
from services.memory.redis_client import (
    TIMEOUT_S,
    Command,
    Script,
    ask,
    ask_all,
    connect,
    leave_replicas,
    reaching,
    ready,
    unless_error,
)
from services.memory.redis_tallies import RedisTallyStore

__all__ = ["RedisChallengeIntake", "RedisProfileStore", "RedisReplies", "RedisTallyStore", "connect"]

OFFSET_DIGITS = 12
DECISION_KEPT_S = 3600


class MarkReader(Protocol):
    """Who wants to see the marks of partitions; see `services.memory.memory_watch.MemoryWatch`."""

    def reached(self, shard: Shard) -> int: ...
    def saved(self, shard: Shard, offset: int) -> None: ...
    def saw(self, shard: Shard, value: bytes | None, at_least: int) -> None: ...


class _Nobody:
    def reached(self, shard: Shard) -> int:
        return -1

    def saved(self, shard: Shard, offset: int) -> None:
        return None

    def saw(self, shard: Shard, value: bytes | None, at_least: int) -> None:
        return None


class RedisProfileStore:
    """ProfileStore: one value an account, 12 hex digits of offset and the packed profile.

    Its key is `pg:{<epoch>.<partition>}:<account>`.
    The braces keep a partition's accounts on one cluster slot, so one MGET loads them and one script call saves them. Both
    take the partition's mark with them, which `watch` is shown.
    """

    def __init__(
        self,
        client: Redis,
        prefix: str = PREFIX,
        watch: MarkReader | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._watch: MarkReader = watch or _Nobody()
        self._clock = clock
        self._save = Script("save.lua")

    async def load(
        self, wanted: Sequence[tuple[Shard, Sequence[str]]]
    ) -> list[list[tuple[int, bytes] | None]]:
        """See `contracts.ports.ProfileStore.load`: one MGET a shard."""
        asked = [index for index, (_, account_ids) in enumerate(wanted) if account_ids]
        at_least = [self._watch.reached(wanted[index][0]) for index in asked]
        answers = await ask_all(self._client, [("MGET", *self._keys(*wanted[index])) for index in asked])
        found: list[list[tuple[int, bytes] | None]] = [[] for _ in wanted]
        for index, (mark, *values), offset in zip(asked, unless_error(answers), at_least, strict=True):
            self._watch.saw(wanted[index][0], mark, offset)
            found[index] = [
                None if value is None else (int(value[:OFFSET_DIGITS], 16), value[OFFSET_DIGITS:])
                for value in values
            ]
        return found

    async def save(
        self, entries: Sequence[tuple[Shard, Sequence[Entry]]], reached: Mapping[Shard, int] | None = None
    ) -> list[int]:
        """See `contracts.ports.ProfileStore.save`: one script call a shard."""
        upto = [
            max((reached or {}).get(shard, -1), *[offset for _, offset, _ in news], -1)
            for shard, news in entries
        ]
        saved = [index for index, (_, news) in enumerate(entries) if news or upto[index] >= 0]
        at_least = [self._watch.reached(entries[index][0]) for index in saved]
        now = str(int(self._clock() * 1000))
        calls: list[Command] = []
        for index in saved:
            shard, news = entries[index]
            keys = self._keys(shard, [account for account, _, _ in news])
            values = [b"%012x" % offset + packed for _, offset, packed in news]
            calls.append((len(keys), *keys, reached_text(upto[index]), now.encode(), *values))
        refused = [0] * len(entries)
        answers = await self._save.run(self._client, calls)
        for index, (count, mark), offset in zip(saved, answers, at_least, strict=True):
            refused[index] = int(count)
            self._watch.saw(entries[index][0], mark, offset)
            self._watch.saved(entries[index][0], upto[index])
        return refused

    def _keys(self, shard: Shard, account_ids: Sequence[str]) -> list[str]:
        """The mark's key and those of the accounts."""
        mark = mark_key(shard, self._prefix)
        return [mark, *[f"{mark}:{account}" for account in account_ids]]


class RedisReplies:
    """DecisionReplies: a published message for who waits now, a key for who asks within the hour."""

    def __init__(self, client: Redis, prefix: str = PREFIX) -> None:
        self._client = client
        self._prefix = prefix

    async def deliver(self, answers: Sequence[tuple[str, str, bytes]]) -> None:
        """See `contracts.ports.DecisionReplies.deliver`. One round trip."""
        commands: list[Command] = []
        for channel, name, decision in answers:
            event_id, rest = event_of(name)
            commands.append(("HSET", self._key(event_id), rest, decision))
            commands.append(("EXPIRE", self._key(event_id), DECISION_KEPT_S))
            commands.append(("PUBLISH", self._channel(channel), name.encode() + b"\0" + decision))
        unless_error(await ask_all(self._client, commands))

    async def get(self, name: str) -> bytes | None:
        """What was answered in the last hour under the name, or None."""
        event_id, rest = event_of(name)
        found: bytes | None = await ask(self._client, "HGET", self._key(event_id), rest)
        return found

    async def of_event(self, event_id: str) -> dict[str, bytes]:
        """Every answer of the last hour about an event of this id, by the rest of its name: one an account, mostly."""
        flat: list[bytes] = _pairs(await ask(self._client, "HGETALL", self._key(event_id)))
        return {rest.decode(): body for rest, body in zip(flat[::2], flat[1::2], strict=True)}

    @asynccontextmanager
    async def listen(self, channel: str) -> AsyncIterator[AsyncIterator[tuple[str, bytes]]]:
        """(answer's name, decision JSON) of each decision published to the channel from now on.

        Nothing published after the block is entered is missed while the connection lives; then Unavailable is raised.
        """
        await ready(self._client)
        pubsub = self._client.pubsub()
        try:
            with reaching():
                await pubsub.subscribe(self._channel(channel))
                if await pubsub.get_message(timeout=TIMEOUT_S) is None:
                    raise Unavailable("redis: no answer to a subscription")
            yield _messages(self._client, pubsub)
        finally:
            await pubsub.aclose()  # type: ignore[no-untyped-call]

    def _channel(self, channel: str) -> str:
        return f"{self._prefix}:reply:{channel}"

    def _key(self, event_id: str) -> str:
        return f"{self._prefix}:answers:{event_id}"


class RedisChallengeIntake:
    """ChallengeIntake: `pg:challenge:<challenge_id>` is a ChallengeRecord as JSON, kept an hour past its end.

    `clock` gives wall-clock epoch seconds.
    """

    def __init__(self, client: Redis, clock: Callable[[], float], prefix: str = PREFIX) -> None:
        self._client = client
        self._clock = clock
        self._prefix = prefix

    async def open(self, requests: Sequence[tuple[Decision, IssueChallenge]]) -> None:
        """See `contracts.ports.ChallengeIntake.open`. One round trip."""
        now = self._clock()
        commands: list[Command] = [
            (
                "SET",
                self._key(effect.challenge_id),
                pack_record(recorded(decision, effect, now)),
                "NX",
                "EX",
                effect.lifetime_s + KEPT_AFTER_S,
            )
            for decision, effect in requests
        ]
        unless_error(await ask_all(self._client, commands))

    async def get(self, challenge_id: str) -> ChallengeRecord | None:
        """The challenge as it was written, or None when there is none or it is long over."""
        found: bytes | None = await ask(self._client, "GET", self._key(challenge_id))
        return None if found is None else unpack_record(found)

    def _key(self, challenge_id: str) -> str:
        return f"{self._prefix}:challenge:{challenge_id}"


def _pairs(answer: Any) -> list[bytes]:
    """Field after value, whichever protocol the answer came by."""
    return [each for pair in answer.items() for each in pair] if isinstance(answer, dict) else answer


async def _messages(client: Redis, pubsub: Any) -> AsyncIterator[tuple[str, bytes]]:
    """What is published; Unavailable when the connection ends, answers nothing any more, or leads to a replica.

    A primary that became a replica keeps its subscribers, and nobody tells them.
    """
    asked = False
    while True:
        with reaching():
            message = await pubsub.get_message(timeout=TIMEOUT_S)
            if message is None and asked:
                raise Unavailable("redis: the subscription does not answer")
            asked = message is None
            if message is None:
                await pubsub.ping()
                await leave_replicas(client)
        if message is not None and message["type"] == "message":
            # JSON never holds a raw NUL, so the last one ends the name.
            name, _, decision = message["data"].rpartition(b"\0")
            yield name.decode(), decision
