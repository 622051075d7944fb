"""Sends events to Kafka on a fixed schedule: `python -m benchmarks.paced_producer KAFKA TOPIC SEED ACCOUNTS RATE SECONDS`.

A burst every 2 ms; an event's intended time is its burst's, whatever delays the process, so that a stall of sender or
worker counts for every event it held up. Prints one JSON object: `Paced`.
"""

from __future__ import annotations

import asyncio
import sys
import time

import uvloop
from aiokafka import AIOKafkaProducer
from msgspec import Struct, json

from services.lab.bench_events import EVENTS_A_DAY, bench_events

BURST_S = 0.002
_LEAD_S = 0.3


class Schedule(Struct, frozen=True):
    """`begin_s` is on the clock of time.monotonic, which all processes of one machine share."""

    begin_s: float
    rate: float

    def intended_s(self, index: int) -> float:
        """When the event of this number is to be sent."""
        return self.begin_s + int(index / (self.rate * BURST_S)) * BURST_S


class Paced(Struct, frozen=True):
    """What was sent, and how late the sender itself was (it is part of the latency)."""

    schedule: Schedule
    sent: int
    late_p99_ms: float
    late_max_ms: float


async def run(kafka: str, topic: str, seed: int, accounts: int, rate: float, seconds: float) -> Paced:
    """Send `rate * seconds` events; returns when the broker has all."""
    count = int(rate * seconds)
    span_ms = count * 86_400_000 // (EVENTS_A_DAY * accounts)
    events = list(bench_events(accounts, count, seed, int(time.time() * 1000) - span_ms))
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", linger_ms=0)
    await producer.start()
    schedule = Schedule(time.monotonic() + _LEAD_S, rate)
    late_s: list[float] = []
    try:
        await producer.partitions_for(topic)
        index = 0
        while index < count:
            due_s = schedule.intended_s(index)
            if (wait_s := due_s - time.monotonic()) > 0:
                await asyncio.sleep(wait_s)
            late_s.append(time.monotonic() - due_s)
            while index < count and schedule.intended_s(index) <= due_s:
                key, value = events[index]
                await producer.send(topic, value, key=key)
                index += 1
        await producer.flush()
    finally:
        await producer.stop()
    late_s.sort()
    return Paced(schedule, count, late_s[int(len(late_s) * 0.99)] * 1000.0, late_s[-1] * 1000.0)


def main() -> None:
    """The process."""
    kafka, topic, seed, accounts, rate, seconds = sys.argv[1:]
    made = uvloop.run(run(kafka, topic, int(seed), int(accounts), float(rate), float(seconds)))
    sys.stdout.buffer.write(json.encode(made) + b"\n")


if __name__ == "__main__":
    main()
