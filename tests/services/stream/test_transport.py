"""What the driver hands over and what it acknowledges, without a broker."""

from __future__ import annotations

import time
from typing import Any, cast

import pytest
from faust.exceptions import ConsumerNotStarted
from faust.types import TP, Message

from services.platform.settings import Settings
from services.replay.offline import OfflineRecord
from services.stream.app import build_app
from services.stream.batch_scheduler import Batch
from services.stream.liveness import Liveness
from services.stream.transport import BatchConsumer

A, B = TP("account-events", 0), TP("account-events", 1)


def records(*offsets: int) -> list[OfflineRecord]:
    return [OfflineRecord(b"k", b"{}", offset, 1_000 * offset) for offset in offsets]


class Driver:
    """The consumer of an app that was never started, and the messages it handed over."""

    def __init__(self) -> None:
        app: Any = build_app(Settings(), cast(Any, None), cast(Any, None), Liveness(time.monotonic))
        self.consumer = cast(BatchConsumer, app.consumer)
        self.messages: list[Message] = []
        self.consumer.callback = self._take

    async def _take(self, message: Message) -> None:
        self.messages.append(message)

    async def fetch(self, fetched: dict[TP, list[OfflineRecord]]) -> None:
        await self.consumer._hand_over(fetched, {A, B})

    def batches(self) -> list[dict[int, list[int]]]:
        return [
            {partition: [record.offset for record in each] for partition, each in cast(Batch, message.value)}
            for message in self.messages
        ]


async def test_all_partitions_of_a_fetch_are_one_message() -> None:
    driver = Driver()
    await driver.fetch({A: records(1, 2), B: records(7)})

    assert driver.batches() == [{0: [1, 2], 1: [7]}]


async def test_what_was_read_before_is_left_out() -> None:
    driver = Driver()
    await driver.fetch({A: records(1, 2), B: records(7)})
    await driver.fetch({A: records(1, 2), B: records(7)})
    await driver.fetch({A: records(2, 3), B: records(7)})

    assert driver.batches()[1:] == [{0: [3]}]


async def test_partitions_that_may_not_be_read_are_left_out() -> None:
    driver = Driver()
    await driver.fetch({A: records(1), TP("account-events", 5): records(1)})

    assert driver.batches() == [{0: [1]}]


def test_before_it_is_started_it_owns_nothing() -> None:
    assert Driver().consumer.committed_by_partition() == {}


async def test_an_ack_is_for_every_partition_and_only_what_is_done_is_offered() -> None:
    driver = Driver()
    await driver.fetch({A: records(1, 2), B: records(7)})
    await driver.fetch({A: records(3)})
    first, second = driver.messages

    assert driver.consumer.ack(second)
    assert [driver.consumer._new_offset(tp) for tp in (A, B)] == [None, None]
    assert driver.consumer.ack(first)
    assert [driver.consumer._new_offset(tp) for tp in (A, B)] == [4, 8]
    assert not driver.consumer.ack(first)


async def test_an_ack_of_an_earlier_generation_changes_nothing() -> None:
    driver = Driver()
    await driver.fetch({A: records(1)})
    driver.consumer.app.consumer_generation_id += 1

    assert not driver.consumer.ack(driver.messages[0])
    assert driver.consumer._new_offset(A) is None


async def test_enough_unfinished_records_stop_the_reading_until_some_are_done() -> None:
    driver = Driver()
    driver.consumer.most_in_flight = 2
    await driver.fetch({A: records(1), B: records(7)})

    assert await driver.consumer._getmany({A, B}, 0.0) == {}
    assert driver.consumer.ack(driver.messages[0])
    with pytest.raises(ConsumerNotStarted):
        await driver.consumer._getmany({A, B}, 0.0)
