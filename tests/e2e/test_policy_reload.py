"""A worker process follows its policy file: good ones come into use, a bad one leaves the last good one."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec import Struct, json

from contracts.events import Login, to_wire
from tests.chaos.feed import Feeder
from tests.chaos.stack import Stack
from tests.e2e.conftest import MakeStack

WITHIN_S = 120.0
START_MS = 1_767_225_600_000


class _Versioned(Struct):
    event_id: str
    policy_version: str


_versioned = json.Decoder(_Versioned).decode


class TallyResponse:
    """Sends logins one by one and reads under which policy each was decided."""

    def __init__(self, stack: Stack, feeder: Feeder, consumer: AIOKafkaConsumer) -> None:
        self._topic = stack.settings.topic_decisions
        self._feeder = feeder
        self._consumer = consumer
        self._sent = 0
        consumer.assign([TopicPartition(self._topic, part) for part in range(stack.settings.partitions)])

    async def next(self) -> str:
        """The name of the policy that decides one more event."""
        self._sent += 1
        name = f"e{self._sent}"
        event = Login(
            event_id=name,
            account_id="acct-1",
            occurred_at=START_MS + self._sent * 60_000,
            outcome="success",
        )
        await self._feeder.send([(b"acct-1", to_wire(event))])
        while True:
            for records in (await self._consumer.getmany(timeout_ms=100)).values():
                for record in records:
                    told = _versioned(record.value)
                    if told.event_id == name:
                        return told.policy_version.partition("+")[0]

    async def until(self, wanted: str) -> list[str]:
        """All answers up to the first one under the policy `wanted`."""
        seen: list[str] = []
        async with asyncio.timeout(WITHIN_S):
            while wanted not in seen:
                seen.append(await self.next())
        return seen


def put(path: Path, text: str) -> None:
    """Replace the file as a careful editor does."""
    beside = path.with_suffix(".new")
    beside.write_text(text, encoding="utf-8")
    os.replace(beside, path)


async def logged(stack: Stack, words: str) -> str:
    """The worker's log once the words stand in it."""
    async with asyncio.timeout(WITHIN_S):
        while words not in (log := stack.logs(400)):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return log


async def test_a_worker_follows_its_policy_file_and_survives_a_bad_one(
    make_stack: MakeStack, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.toml"
    put(policy, 'version = "first"\n')
    stack: Stack = await make_stack(policy=policy, policy_reread_s=0.1, log_level="INFO")
    stack.start_worker(0)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=stack.settings.kafka, auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    try:
        async with Feeder(stack.settings.kafka, stack.settings.topic_events) as feeder:
            answers = TallyResponse(stack, feeder, consumer)
            await answers.until("first")
            put(policy, 'version = "second"\nfade = 0.4\n')
            seen = await answers.until("second")
            assert set(seen[:-1]) <= {"first"}

            put(policy, 'version = "third"\nfade = 4\n')
            log = await logged(stack, "the policy file is refused")
            assert "fade: expected a number from 0 to 1, got 4" in log
            assert {await answers.next() for _ in range(3)} == {"second"}
            assert stack.logs(400).count("the policy file is refused") == 1

            put(policy, 'version = "fourth"\nfade = 0.6\n')
            assert set((await answers.until("fourth"))[:-1]) <= {"second"}
    finally:
        await consumer.stop()
