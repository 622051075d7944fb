"""Sends events to Kafka on a fixed schedule.

`python -m benchmarks.workloads.paced_producer KAFKA TOPIC PARTITIONS SEED ACCOUNTS RATE SECONDS`

A burst every 5 ms, one batch a partition, as an API that gathers what came meanwhile would send it; what comes due while a
partition's batch is under way goes with its next one. An event's intended time is its burst's, whatever delays the process,
so that a stall of sender or worker counts for every event it held up.
Prints one JSON object: `Paced`.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from collections import deque
from typing import Any

import uvloop
from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2
from msgspec import Struct, json

from benchmarks.instruments.stolen import Stolen, StolenTime
from benchmarks.workloads.events import EVENTS_A_DAY, bench_events

BURST_S = 0.005
_LEAD_S = 0.3
_BATCH_BYTES = 500_000


class Schedule(Struct, frozen=True):
    """`begin_s` is on the clock of time.monotonic, which all processes of one machine share."""

    begin_s: float
    rate: float

    def intended_s(self, index: int) -> float:
        """When the event of this number is to be sent."""
        return self.begin_s + int(index / (self.rate * BURST_S)) * BURST_S


class Paced(Struct, frozen=True):
    """What was sent, how late the sender itself was (it is part of the latency), its share of a core, and what the host took."""

    schedule: Schedule
    sent: int
    late_p99_ms: float
    late_max_ms: float
    cpu_share: float
    stolen: Stolen | None


class _Batches:
    """One batch of each partition under way, the next one gathering behind it."""

    def __init__(self, producer: AIOKafkaProducer, topic: str, partitions: int) -> None:
        self._producer = producer
        self._topic = topic
        self._gathering: list[deque[Any]] = [deque() for _ in range(partitions)]
        self._carrying: dict[int, asyncio.Task[None]] = {}

    def add(self, partition: int, key: bytes, value: bytes, timestamp_ms: int) -> None:
        batches = self._gathering[partition]
        if not batches or batches[-1].append(key=key, value=value, timestamp=timestamp_ms) is None:
            batches.append(self._producer.create_batch())
            batches[-1].append(key=key, value=value, timestamp=timestamp_ms)

    def send(self) -> None:
        """Send what gathered for the partitions that are free; the others follow when they are."""
        for partition, batches in enumerate(self._gathering):
            if batches and partition not in self._carrying:
                self._carrying[partition] = asyncio.create_task(self._carry(partition))

    async def finish(self) -> None:
        """Returns when the broker has all. Raises what a send raised."""
        while self._carrying:
            await asyncio.gather(*self._carrying.values())

    async def _carry(self, partition: int) -> None:
        while batches := self._gathering[partition]:
            batch = batches.popleft()
            await (await self._producer.send_batch(batch, self._topic, partition=partition))
        del self._carrying[partition]


async def run(
    kafka: str, topic: str, partitions: int, seed: int, accounts: int, rate: float, seconds: float
) -> Paced:
    """Send `rate * seconds` events; returns when the broker has all."""
    count = int(rate * seconds)
    span_ms = count * 86_400_000 // (EVENTS_A_DAY * accounts)
    events = list(bench_events(accounts, count, seed, int(time.time() * 1000) - span_ms))
    chosen = [(murmur2(key) & 0x7FFF_FFFF) % partitions for key, _ in events]
    gc.freeze()
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", linger_ms=0, max_batch_size=_BATCH_BYTES)
    await producer.start()
    batches = _Batches(producer, topic, partitions)
    schedule = Schedule(time.monotonic() + _LEAD_S, rate)
    late_s: list[float] = []
    stolen = StolenTime()
    try:
        await producer.partitions_for(topic)
        index, cpu_s = 0, time.process_time()
        stolen.begin()
        while index < count:
            due_s = schedule.intended_s(index)
            if (wait_s := due_s - time.monotonic()) > 0:
                await asyncio.sleep(wait_s)
            late_s.append(time.monotonic() - due_s)
            now_ms = int(time.time() * 1000)
            while index < count and schedule.intended_s(index) <= due_s:
                key, value = events[index]
                batches.add(chosen[index], key, value, now_ms)
                index += 1
            batches.send()
        await batches.finish()
        lost = stolen.end()
        cpu_s = time.process_time() - cpu_s
    finally:
        await producer.stop()
    late_s.sort()
    p99_ms, max_ms = late_s[int(len(late_s) * 0.99)] * 1000.0, late_s[-1] * 1000.0
    return Paced(schedule, count, p99_ms, max_ms, cpu_s / seconds, lost)


def main() -> None:
    """The process."""
    kafka, topic, *numbers = sys.argv[1:]
    partitions, seed, accounts = map(int, numbers[:3])
    rate, seconds = map(float, numbers[3:])
    made = uvloop.run(run(kafka, topic, partitions, seed, accounts, rate, seconds))
    sys.stdout.buffer.write(json.encode(made) + b"\n")


if __name__ == "__main__":
    main()
