"""Looks on while a run goes: what the groups have committed, and how long each kill took to be made good."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from sqlalchemy import func, select

from services.cases.tables import outbox
from services.platform.database import Database
from services.platform.settings import Settings
from tests.chaos.evidence import Sample

_EVERY_S = 0.25
_ANSWER_S = 10.0


class Watch:
    """Samples committed offsets of the workers' group on a real broker until it is left.

    `recoveries` holds, for each noted blow, what it was and the seconds until everything accepted before it was committed.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.committed: dict[int, int] = {}
        self.samples: list[Sample] = []
        self.recoveries: list[tuple[str, float]] = []
        self._blows: list[tuple[str, float, dict[int, int]]] = []
        self._task: asyncio.Task[None] | None = None
        self._leaving = False

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        self._leaving = True
        await asyncio.gather(self._task, return_exceptions=True)

    @property
    def recoveries_s(self) -> list[float]:
        """The seconds alone."""
        return [seconds for _, seconds in self.recoveries]

    def note_blow(self, ends: dict[int, int], what: str = "kill") -> None:
        """Something happened now, when the log went up to `ends`."""
        self._blows.append((what, asyncio.get_running_loop().time(), dict(ends)))

    def settled(self, ends: dict[int, int]) -> bool:
        """Whether everything up to `ends` is committed."""
        return all(self.committed.get(partition, 0) >= end for partition, end in ends.items())

    async def until_settled(self, ends: dict[int, int], timeout_s: float, tend: Callable[[], object]) -> None:
        """Wait until everything up to `ends` is committed, calling `tend` now and then; AssertionError at the deadline."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while not self.settled(ends):
            assert self._task is not None
            if self._task.done():
                self._task.result()
            late = asyncio.get_running_loop().time() > deadline
            assert not late, f"after {timeout_s:.0f} s committed {self.committed} of {ends}"
            tend()
            await asyncio.sleep(_EVERY_S)

    async def until_cases_settled(self, timeout_s: float, tend: Callable[[], object]) -> None:
        """Wait until the cases process has taken every decision and sent every action."""
        async with asyncio.timeout(timeout_s):
            while not await self._cases_settled():
                tend()
                await asyncio.sleep(_EVERY_S)

    async def _run(self) -> None:
        while not self._leaving:
            try:
                await self._sample_on()
            except (KafkaError, TimeoutError, OSError):
                await asyncio.sleep(_EVERY_S)

    async def _sample_on(self) -> None:
        settings = self.settings
        admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka, request_timeout_ms=5000)
        reader = AIOKafkaConsumer(bootstrap_servers=settings.kafka, request_timeout_ms=5000)
        try:
            await admin.start()
            await reader.start()
            while not self._leaving:
                async with asyncio.timeout(_ANSWER_S):
                    await self._sample(admin, reader)
                await asyncio.sleep(_EVERY_S)
        finally:
            await admin.close()
            await reader.stop()

    async def _sample(self, admin: AIOKafkaAdminClient, reader: AIOKafkaConsumer) -> None:
        settings = self.settings
        told = await admin.list_consumer_group_offsets(
            settings.consumer_group,
            partitions=[
                TopicPartition(settings.topic_events, number) for number in range(settings.partitions)
            ],
        )
        self.committed = {tp.partition: found.offset for tp, found in told.items() if found.offset >= 0}
        ends = await reader.end_offsets(
            [TopicPartition(settings.topic_decisions, number) for number in range(settings.partitions)]
        )
        for tp, end in ends.items():
            if tp.partition in self.committed:
                self.samples.append(Sample(tp.partition, self.committed[tp.partition], end))
        now = asyncio.get_running_loop().time()
        self.recoveries += [(what, now - at) for what, at, then in self._blows if self.settled(then)]
        self._blows = [blow for blow in self._blows if not self.settled(blow[2])]

    async def _cases_settled(self) -> bool:
        settings = self.settings
        decisions = [
            TopicPartition(settings.topic_decisions, number) for number in range(settings.partitions)
        ]
        admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka)
        reader = AIOKafkaConsumer(bootstrap_servers=settings.kafka)
        try:
            await admin.start()
            await reader.start()
            told = await admin.list_consumer_group_offsets(settings.cases_group, partitions=decisions)
            ends = await reader.end_offsets(decisions)
        finally:
            await admin.close()
            await reader.stop()
        if any(end and (tp not in told or told[tp].offset < end) for tp, end in ends.items()):
            return False
        database = Database(settings.database)
        try:
            async with database.read() as connection:
                unsent = select(func.count()).select_from(outbox).where(outbox.c.sent_at.is_(None))
                return await connection.scalar(unsent) == 0
        finally:
            await database.close()
