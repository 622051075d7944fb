"""Records on a partition that their key does not belong to: moved to the right one, decided there, once."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from zlib import crc32

import pytest
from aiokafka import ConsumerRecord

from contracts.topics import DEAD_REASON, HEADER_MOVED_FROM
from services.stream.placement import Placement
from tests.chaos.evidence import Decided, read_decisions, read_memory, read_topic
from tests.chaos.feed import START_AT, Feeder
from tests.chaos.polling import until
from tests.chaos.stack import Stack
from tests.e2e.conftest import MakeStack
from tests.e2e.decisions import until_decided
from tests.e2e.test_bad_input import login

PARTITIONS = 4
ACCOUNTS = [f"w-{number}" for number in range(12)]
ROUNDS = 20
PLACEMENT = Placement("t", PARTITIONS)
#: Two of them everywhere: the one that is of moves alone, and the one after which all is done but the commit.
POINTS = [
    "after_move",
    "before_commit",
    *(
        pytest.param(point, marks=pytest.mark.chaos)
        for point in ("before_produce", "after_produce", "after_save")
    ),
]


def other_hash(account_id: str) -> int:
    """Where librdkafka's default puts a key: CRC-32."""
    return crc32(account_id.encode()) % PARTITIONS


def home(account_id: str) -> int:
    return PLACEMENT.partition_of(account_id.encode())


ASTRAY = {account_id for account_id in ACCOUNTS if other_hash(account_id) != home(account_id)}


def events() -> list[tuple[str, bytes]]:
    return [
        (account_id, login(f"{account_id}-{number}", account_id, (START_AT + number * 3600) * 1000))
        for number in range(ROUNDS)
        for account_id in ACCOUNTS
    ]


async def feed(stack: Stack) -> None:
    async with Feeder(stack.settings.kafka, stack.settings.topic_events) as feeder:
        for account_id, value in events():
            await feeder.put(account_id.encode(), value, other_hash(account_id), [("own", b"\xff")])
        await feeder.flush()


async def moved_records(stack: Stack) -> list[ConsumerRecord]:
    return [
        record
        async for record in read_topic(stack.settings, stack.settings.topic_events)
        if dict(record.headers).get(HEADER_MOVED_FROM)
    ]


def by_id(decided: list[Decided]) -> dict[str, list[Decided]]:
    found: dict[str, list[Decided]] = defaultdict(list)
    for each in decided:
        found[each.event_id].append(each)
    return found


def test_the_two_hashes_disagree_about_most_accounts() -> None:
    assert len(ASTRAY) >= len(ACCOUNTS) // 2


async def test_each_is_decided_once_where_its_key_belongs(make_stack: MakeStack) -> None:
    stack = await make_stack(partitions=PARTITIONS)
    await feed(stack)
    stack.start_worker(0)
    await until_decided(stack, len(events()))
    await asyncio.to_thread(stack.retire, 0)
    decided = by_id(await read_decisions(stack.settings))
    moved = await moved_records(stack)

    assert {1} == {len(each) for each in decided.values()}
    assert all(each.partition == home(name.rpartition("-")[0]) for name, [each] in decided.items())
    assert len(ASTRAY) * ROUNDS == len(moved)
    assert {(home(account_id), account_id) for account_id in ACCOUNTS} == (
        await read_memory(stack.settings)
    ).keys()
    for record in moved:
        topic, partition, _ = dict(record.headers)[HEADER_MOVED_FROM].decode().rsplit(":", 2)
        assert topic == stack.settings.topic_events
        assert int(partition) == other_hash(record.key.decode())
        assert ("own", b"\xff") in record.headers
    for account_id in ASTRAY:
        mine = [record for record in moved if record.key.decode() == account_id]
        origins = [int(dict(record.headers)[HEADER_MOVED_FROM].rpartition(b":")[2]) for record in mine]
        assert origins == sorted(origins)


@pytest.mark.parametrize("point", POINTS)
async def test_a_worker_killed_in_between_decides_each_once(make_stack: MakeStack, point: str) -> None:
    stack = await make_stack(partitions=PARTITIONS)
    await feed(stack)
    times = 1 if point == "before_commit" else 2
    stack.start_worker(0, fault_point=point, fault_after=times, batch_records=60, commit_interval_s=0.2)
    await until(lambda: not stack.workers[0].running, 120.0)
    stack.start_worker(0)
    await until_decided(stack, len(events()))
    await asyncio.to_thread(stack.retire, 0)
    decided = by_id(await read_decisions(stack.settings))

    assert {
        account_id + f"-{number}" for account_id in ACCOUNTS for number in range(ROUNDS)
    } == decided.keys()
    # Written again after a crash, a decision is the same to the byte; consumers know it by its id.
    assert all(1 == len({each.value for each in said}) for said in decided.values())
    assert all(
        each.partition == home(name.rpartition("-")[0]) for name, said in decided.items() for each in said
    )
    assert {(home(account_id), account_id) for account_id in ACCOUNTS} == (
        await read_memory(stack.settings)
    ).keys()


async def test_what_lies_astray_again_after_a_move_is_a_dead_letter(make_stack: MakeStack) -> None:
    stack = await make_stack(partitions=PARTITIONS)
    account_id = min(ASTRAY)
    async with Feeder(stack.settings.kafka, stack.settings.topic_events) as feeder:
        await feeder.put(
            account_id.encode(),
            login("again", account_id),
            other_hash(account_id),
            [(HEADER_MOVED_FROM, b"somewhere:0:1")],
        )
        await feeder.put(account_id.encode(), login("here", account_id), home(account_id))
        await feeder.flush()
    stack.start_worker(0)
    await until_decided(stack, 1, dead=1)
    [letter] = [record async for record in read_topic(stack.settings, stack.settings.topic_dead)]

    assert b"moved_before" == dict(letter.headers)[DEAD_REASON]
