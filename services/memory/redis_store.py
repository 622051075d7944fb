"""The ports of memory on Redis or Valkey. Every method raises Unavailable while the server is away."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from contracts.decisions import Decision, IssueChallenge
from contracts.errors import Unavailable
from contracts.ports import Shard
from services.memory.challenge_record import (
    KEPT_AFTER_S,
    ChallengeRecord,
    pack_record,
    recorded,
    unpack_record,
)
from services.memory.redis_client import TIMEOUT_S, Script, ask, connect, reaching
from services.memory.redis_tallies import RedisTallyStore

__all__ = ["RedisChallengeIntake", "RedisMailbox", "RedisProfileStore", "RedisTallyStore", "connect"]

OFFSET_DIGITS = 12
DECISION_KEPT_S = 3600
PREFIX = "pg"


class RedisProfileStore:
    """ProfileStore: one value an account, 12 hex digits of offset and the packed profile.

    Its key is `pg:{<epoch>.<partition>}:<account>`.
    The braces keep a partition's accounts on one cluster slot, so one MGET loads a batch and one script call saves it.
    """

    def __init__(self, client: Redis, prefix: str = PREFIX) -> None:
        self._client = client
        self._prefix = prefix
        self._save = Script("save.lua")

    async def load(self, shard: Shard, account_ids: Sequence[str]) -> list[tuple[int, bytes] | None]:
        """See `contracts.ports.ProfileStore.load`. One round trip."""
        if not account_ids:
            return []
        head = self._head(shard)
        values: list[bytes | None] = await ask(
            self._client, "MGET", *[head + account for account in account_ids]
        )
        return [
            None if value is None else (int(value[:OFFSET_DIGITS], 16), value[OFFSET_DIGITS:])
            for value in values
        ]

    async def save(self, shard: Shard, entries: Sequence[tuple[str, int, bytes]]) -> int:
        """See `contracts.ports.ProfileStore.save`. One script call; of an account named twice the newer counts."""
        if not entries:
            return 0
        head = self._head(shard)
        values = {head + account: b"%012x" % offset + packed for account, offset, packed in entries}
        if len(values) != len(entries):
            values = {
                head + account: b"%012x" % offset + packed
                for account, offset, packed in sorted(entries, key=lambda entry: entry[1])
            }
        return int(await self._save.run(self._client, list(values), list(values.values())))

    def _head(self, shard: Shard) -> str:
        return f"{self._prefix}:{{{shard.epoch}.{shard.partition}}}:"


class RedisMailbox:
    """DecisionMailbox: a published message for who waits now, a key for who asks within the hour."""

    def __init__(self, client: Redis, prefix: str = PREFIX) -> None:
        self._client = client
        self._prefix = prefix

    async def deliver(self, answers: Sequence[tuple[str, str, bytes]]) -> None:
        """See `contracts.ports.DecisionMailbox.deliver`. One round trip."""
        commands: list[tuple[Any, ...]] = []
        for channel, event_id, decision in answers:
            commands.append(("SET", f"{self._prefix}:decision:{event_id}", decision, "EX", DECISION_KEPT_S))
            commands.append(("PUBLISH", self._channel(channel), event_id.encode() + b"\0" + decision))
        await _pipelined(self._client, commands)

    async def get(self, event_id: str) -> bytes | None:
        """The decision (JSON) of an event decided in the last hour, or None."""
        found: bytes | None = await ask(self._client, "GET", f"{self._prefix}:decision:{event_id}")
        return found

    @asynccontextmanager
    async def listen(self, channel: str) -> AsyncIterator[AsyncIterator[tuple[str, bytes]]]:
        """(event id, decision JSON) of each decision published to the channel from now on.

        Nothing published after the block is entered is missed while the connection lives; then Unavailable is raised.
        """
        pubsub = self._client.pubsub()
        try:
            with reaching():
                await pubsub.subscribe(self._channel(channel))
                if await pubsub.get_message(timeout=TIMEOUT_S) is None:
                    raise Unavailable("redis: no answer to a subscription")
            yield _messages(pubsub)
        finally:
            await pubsub.aclose()  # type: ignore[no-untyped-call]

    def _channel(self, channel: str) -> str:
        return f"{self._prefix}:reply:{channel}"


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
        await _pipelined(
            self._client,
            [
                (
                    "SET",
                    self._key(effect.challenge_id),
                    pack_record(recorded(decision, effect, now)),
                    "NX",
                    "EX",
                    effect.lifetime_s + KEPT_AFTER_S,
                )
                for decision, effect in requests
            ],
        )

    async def get(self, challenge_id: str) -> ChallengeRecord | None:
        """The challenge as it was written, or None when there is none or it is long over."""
        found: bytes | None = await ask(self._client, "GET", self._key(challenge_id))
        return None if found is None else unpack_record(found)

    def _key(self, challenge_id: str) -> str:
        return f"{self._prefix}:challenge:{challenge_id}"


async def _pipelined(client: Redis, commands: Sequence[tuple[Any, ...]]) -> None:
    """Send all commands in one round trip; raise the first error once all are answered."""
    if not commands:
        return
    pipeline = client.pipeline(transaction=False)
    for command in commands:
        pipeline.execute_command(*command)
    with reaching():
        for answer in await pipeline.execute(raise_on_error=False):
            if isinstance(answer, RedisError):
                raise answer


async def _messages(pubsub: Any) -> AsyncIterator[tuple[str, bytes]]:
    with reaching():
        async for message in pubsub.listen():
            if message["type"] == "message":
                # JSON never holds a raw NUL, so the last one ends the event id.
                event_id, _, decision = message["data"].rpartition(b"\0")
                yield event_id.decode(), decision
