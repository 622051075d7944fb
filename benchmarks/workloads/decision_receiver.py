"""Notes when each decision can be read.

`python -m benchmarks.workloads.decision_receiver KAFKA TOPIC PARTITIONS SEED COUNT FILE WAIT_MS` is an ordinary consumer in
its own process. It prints `ready` once it listens, and ends when it has a decision for each of COUNT events of the seed or
nothing came for 20 s. The broker may wait WAIT_MS for more before it answers a fetch. FILE then holds one double for each
event, seconds on the clock of time.monotonic, 0 for a decision that never came.
"""

from __future__ import annotations

import gc
import re
import sys
import time
from array import array
from pathlib import Path

import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition

_QUIET_S = 20.0


async def run(kafka: str, topic: str, partitions: int, seed: int, count: int, wait_ms: int) -> array[float]:
    """When each event's first decision was received."""
    received = array("d", bytes(8 * count))
    number_of = re.compile(rb'"event_id":"b%d-(\d+)"' % seed).search
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka, enable_auto_commit=False, check_crcs=False, fetch_max_wait_ms=wait_ms
    )
    await consumer.start()
    try:
        parts = [TopicPartition(topic, number) for number in range(partitions)]
        consumer.assign(parts)
        await consumer.seek_to_end()
        for part in parts:
            await consumer.position(part)
        gc.collect()
        gc.freeze()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        left, heard_s = count, time.monotonic()
        while left and time.monotonic() - heard_s < _QUIET_S:
            fetched = await consumer.getmany(timeout_ms=1000)
            now_s = time.monotonic()
            for records in fetched.values():
                heard_s = now_s
                for record in records:
                    found = number_of(record.value)
                    if found is not None and not received[int(found[1])]:
                        received[int(found[1])] = now_s
                        left -= 1
    finally:
        await consumer.stop()
    return received


def main() -> None:
    """The process."""
    kafka, topic, partitions, seed, count, file, wait_ms = sys.argv[1:]
    received = uvloop.run(run(kafka, topic, int(partitions), int(seed), int(count), int(wait_ms)))
    Path(file).write_bytes(received.tobytes())


if __name__ == "__main__":
    main()
