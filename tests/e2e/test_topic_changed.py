"""A topic made anew, and partitions added by hand: said in one sentence, decided by nobody, and mended by a command."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from aiokafka.admin import NewPartitions
from msgspec.structs import replace

from contracts.errors import Malformed
from services.api.producer import open_producer
from services.operations.epoch_migration import new_epoch
from services.platform.embedded import free_port
from services.platform.topics import create_topics, open_admin
from tests.chaos.evidence import read_decisions, read_memory
from tests.chaos.feed import START_AT, Feeder
from tests.chaos.polling import until
from tests.chaos.stack import Stack
from tests.e2e.conftest import MakeStack
from tests.e2e.decisions import until_decided
from tests.e2e.test_bad_input import login

ACCOUNTS = [f"w-{number}" for number in range(12)]
SOON_S = 120.0
Rows = Sequence[tuple[bytes, bytes]]


def events(name: str, count: int) -> Rows:
    return [
        (
            account_id.encode(),
            login(f"{name}-{account_id}-{number}", account_id, (START_AT + number * 600) * 1000),
        )
        for number in range(count)
        for account_id in ACCOUNTS
    ]


async def feed(stack: Stack, rows: Rows) -> None:
    async with Feeder(stack.settings.kafka, stack.settings.topic_events) as feeder:
        await feeder.send(rows)


async def page(stack: Stack, path: str) -> tuple[int, str]:
    async with httpx.AsyncClient() as client:
        try:
            answer = await client.get(f"http://127.0.0.1:{stack.settings.metrics_port}{path}")
        except httpx.TransportError:
            return 0, ""
        return answer.status_code, answer.text


async def until_page(stack: Stack, path: str, code: int, words: str) -> str:
    async with asyncio.timeout(SOON_S):
        while True:
            status, text = await page(stack, path)
            if status == code and words in text:
                return text
            await asyncio.sleep(0.2)


async def make_anew(stack: Stack) -> None:
    async with open_admin(stack.settings) as admin:
        await admin.delete_topics([stack.settings.topic_events])
    for _ in range(100):
        await asyncio.sleep(0.1)
        if (await create_topics(stack.settings))[stack.settings.topic_events] == "created":
            return
    raise AssertionError("the topic was not made anew")


async def add_partitions(stack: Stack, count: int) -> None:
    async with open_admin(stack.settings) as admin:
        await admin.create_partitions({stack.settings.topic_events: NewPartitions(total_count=count)})


async def a_stack(make_stack: MakeStack, partitions: int = 2) -> Stack:
    stack: Stack = await make_stack(partitions=partitions, metrics_port=free_port(), topic_check_s=0.5)
    return stack


async def go_on(stack: Stack) -> Stack:
    """What the runbook says: the command, its settings, a start."""
    await asyncio.to_thread(stack.retire, 0)
    said: list[str] = []
    tried = await new_epoch(stack.settings, True, said.append, force=True)
    made = await new_epoch(stack.settings, False, said.append, force=True)
    assert (tried.epoch, tried.accounts) == (made.epoch, made.accounts)
    stack.settings = replace(
        stack.settings, topic_epoch=made.epoch, partitions=made.partitions, consumer_group=made.group
    )
    stack.start_worker(0)
    return stack


@pytest.mark.chaos
@pytest.mark.parametrize("grown", ["not as far", "further"])
@pytest.mark.parametrize("running", [False, True])
async def test_a_topic_made_anew_is_refused_and_the_next_epoch_decides_it(
    make_stack: MakeStack, grown: str, running: bool
) -> None:
    stack = await a_stack(make_stack)
    first, second = events("first", 6), events("second", 3 if grown == "not as far" else 9)
    await feed(stack, first)
    stack.start_worker(0)
    await until_decided(stack, len(first))
    await until_page(stack, "/readyz", 200, "ready")
    if not running:
        await asyncio.to_thread(stack.retire, 0)
    await make_anew(stack)
    await feed(stack, second)
    if not running:
        stack.start_worker(0)
    said = await until_page(stack, "/readyz", 503, "made anew under epoch 1")
    metrics = (await page(stack, "/metrics"))[1]

    assert "payguard admin topics new-epoch" in said
    assert 'payguard_worker_refuses{reason="topic_made_anew"} 1.0' in metrics
    assert stack.workers[0].running
    before = len(await read_decisions(stack.settings))
    # One that runs may meet events beyond where it was before it sees that these are another topic's: they are decided once.
    assert before == len(first) if not running else before >= len(first)

    began = time.monotonic()
    await go_on(stack)
    await until_decided(stack, len(first) + len(second))
    print(
        f"topic made anew (alert TopicMadeAnew): recovered in {time.monotonic() - began:.1f} s, 0 lost, 0 double"
    )
    decided = [made.event_id for made in await read_decisions(stack.settings)]

    assert len(set(decided)) == len(decided)
    assert 2 == (await until_page(stack, "/readyz", 200, "ready")).count("ready") + 1
    assert len(ACCOUNTS) == len(await read_memory(stack.settings))


@pytest.mark.chaos
@pytest.mark.real
@pytest.mark.parametrize("make_stack", ["real"], indirect=True)
@pytest.mark.parametrize("running", [False, True])
async def test_partitions_added_by_hand_are_refused_and_the_next_epoch_goes_on(
    make_stack: MakeStack, running: bool
) -> None:
    stack = await a_stack(make_stack)
    first, waiting, second = events("first", 6), events("waiting", 2), events("second", 3)
    await feed(stack, first)
    stack.start_worker(0)
    await until_decided(stack, len(first))
    if not running:
        await asyncio.to_thread(stack.retire, 0)
        await feed(stack, waiting)
    await add_partitions(stack, 5)
    if not running:
        stack.start_worker(0)
    said = await until_page(stack, "/readyz", 503, "has 5 partitions and PAYGUARD_PARTITIONS is 2")
    if running:
        await feed(stack, waiting)
    await feed(stack, second)
    metrics = (await page(stack, "/metrics"))[1]
    producer = await open_producer(stack.settings)
    reachable, trouble = await producer.reachable(), producer.trouble
    await producer.stop()

    assert "payguard admin topics new-epoch" in said
    assert 'payguard_worker_refuses{reason="partitions_changed"} 1.0' in metrics
    assert not reachable
    assert "has 5 partitions" in str(trouble)

    began = time.monotonic()
    await go_on(stack)
    await until_decided(stack, len(first) + len(waiting) + len(second))
    print(
        f"partitions grown (alert PartitionsChanged): recovered in {time.monotonic() - began:.1f} s, 0 lost, 0 double"
    )
    decided = [made.event_id for made in await read_decisions(stack.settings)]
    memory = await read_memory(stack.settings)

    assert len(set(decided)) == len(decided)
    assert {account_id for _, account_id in memory} == set(ACCOUNTS)
    assert len(ACCOUNTS) == len(memory)


async def test_no_new_epoch_is_made_of_a_topic_that_did_not_change(make_stack: MakeStack) -> None:
    stack = await a_stack(make_stack)
    await feed(stack, events("first", 1))
    stack.start_worker(0)
    await until_decided(stack, len(ACCOUNTS))
    with pytest.raises(Malformed, match="still run"):
        await new_epoch(replace(stack.settings, session_timeout_s=0.1), False, print)
    await asyncio.to_thread(stack.retire, 0)
    with pytest.raises(Malformed, match="no new epoch is needed"):
        await new_epoch(stack.settings, False, print, force=True)


async def test_a_worker_without_its_topic_is_not_ready(make_stack: MakeStack) -> None:
    stack = await a_stack(make_stack)
    stack.start_worker(0, topic_events="nobody-made-this")
    await until_page(stack, "/readyz", 503, "there is no topic nobody-made-this")
    await until(lambda: stack.workers[0].running, 1.0)


async def test_a_worker_that_has_not_joined_is_not_ready(make_stack: MakeStack) -> None:
    stack = await a_stack(make_stack)
    stack.start_worker(0)
    seen: list[Any] = []
    async with asyncio.timeout(SOON_S):
        while 200 not in seen:
            seen.append((await page(stack, "/readyz"))[0])

    assert 503 in seen
