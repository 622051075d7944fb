"""Whether the topic is still the one that memory was learned from; a worker whose topic is another one decides nothing.

What an account has learned says up to which offset, and the partition says which account. A topic that was made anew counts
from 0 again: its events look learned already, and nothing would be decided while all is green. With other partitions accounts
live elsewhere. Both ask for a new epoch, which `payguard admin topics new-epoch` makes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

from aiokafka.errors import KafkaError
from redis.asyncio import Redis

from contracts.errors import Unavailable
from contracts.ports import Shard
from services.memory.marks import read_marks
from services.memory.redis_client import ask
from services.platform import metrics
from services.platform.kafka_metadata import TopicFacts
from services.platform.settings import Settings

log = logging.getLogger(__name__)
Reason = Literal["topic_made_anew", "partitions_changed"]
Facts = Callable[[], Awaitable[TopicFacts | None]]
_DO = "stop the workers and run: payguard admin topics new-epoch"


def epoch_key(epoch: int) -> str:
    """Where the topic that an epoch began with is noted: how many partitions, and its identity."""
    return f"pg:topic:{epoch}"


class TopicWatch:
    """Once it refuses it refuses until the process ends: what comes next is decided by people, and takes a new start."""

    def __init__(self, settings: Settings, facts: Facts, client: Redis) -> None:
        self._settings = settings
        self._facts = facts
        self._client = client
        self._refusal: str | None = None
        self._missing = False
        self._looked = False
        self._task: asyncio.Task[None] | None = None

    @property
    def refusal(self) -> str | None:
        """Why nothing is decided, in one sentence; None when all is well."""
        return self._refusal

    def not_ready(self) -> str | None:
        """Why the worker is not ready: its refusal, or that there is no topic."""
        missing = f"there is no topic {self._settings.topic_events}; make it: payguard admin topics create"
        return self._refusal or (missing if self._missing else None)

    def start(self, every_s: float) -> None:
        """Look every so many seconds from now on."""
        self._task = asyncio.create_task(self._run(every_s), name="topic-watch")

    async def stop(self) -> None:
        """Look no more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def look(self) -> None:
        """Compare the topic with the one that the epoch began with. Raises Unavailable."""
        try:
            facts = await self._facts()
        except KafkaError as error:
            raise Unavailable(f"Kafka does not tell about topics: {type(error).__name__}") from error
        self._missing = facts is None
        if facts is None:
            return
        self._looked = True
        settings = self._settings
        if facts.partitions != settings.partitions:
            self._refuse_partitions(facts.partitions, f"PAYGUARD_PARTITIONS is {settings.partitions}")
            return
        kept = await self._began_with(facts)
        if kept.partitions != facts.partitions:
            self._refuse_partitions(
                facts.partitions, f"epoch {settings.topic_epoch} began with {kept.partitions}"
            )
        elif kept.ident and facts.ident and kept.ident != facts.ident:
            self._refuse_topic("its identity is another one")

    async def meet(self, ends: Mapping[int, int]) -> None:
        """Compare the ends of partitions' logs with how far their memory was saved. Raises Unavailable."""
        if not self._looked:
            await self.look()
        outside = [partition for partition in ends if partition >= self._settings.partitions]
        if outside:
            self._refuse_partitions(max(outside) + 1, f"PAYGUARD_PARTITIONS is {self._settings.partitions}")
            return
        shards = [Shard(self._settings.topic_epoch, partition) for partition in ends]
        for shard, mark in zip(shards, await read_marks(self._client, shards), strict=True):
            if mark is not None:
                self.compare(shard.partition, mark.highest + 1, ends[shard.partition])

    def compare(self, partition: int, reached: int, end: int) -> None:
        """The memory or the reading of a partition came up to `reached`, and its log ends at `end`."""
        if reached > end:
            self._refuse_topic(
                f"partition {partition} was learned up to offset {reached} and its log ends at {end}"
            )

    async def _began_with(self, facts: TopicFacts) -> TopicFacts:
        key = epoch_key(self._settings.topic_epoch)
        value = f"{facts.partitions} {facts.ident}".encode()
        if await ask(self._client, "SET", key, value, "NX"):
            return facts
        kept: bytes = await ask(self._client, "GET", key) or value
        count, _, ident = kept.decode("ascii", "replace").partition(" ")
        if not ident and facts.ident:
            await ask(self._client, "SET", key, value)
        return TopicFacts(int(count), ident)

    def _refuse_partitions(self, count: int, other: str) -> None:
        topic = self._settings.topic_events
        self._refuse(
            "partitions_changed",
            f"nothing is decided: topic {topic} has {count} partitions and {other}, so accounts would be "
            f"looked for in the wrong places; {_DO}",
        )

    def _refuse_topic(self, how: str) -> None:
        self._refuse(
            "topic_made_anew",
            f"nothing is decided: topic {self._settings.topic_events} was made anew under epoch "
            f"{self._settings.topic_epoch} ({how}), so its events would count as decided before; {_DO}",
        )

    def _refuse(self, reason: Reason, sentence: str) -> None:
        if self._refusal is None:
            self._refusal = sentence
            metrics.WORKER_REFUSES.labels(reason).set(1)
            log.critical(sentence)

    async def _run(self, every_s: float) -> None:
        while self._refusal is None:
            try:
                await self.look()
            except Unavailable as error:
                log.warning("the topic cannot be compared (%s)", error)
            await asyncio.sleep(every_s)
