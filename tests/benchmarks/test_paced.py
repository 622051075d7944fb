"""The paced sender and the receiver of the latency bench, on one topic of the embedded broker."""

from __future__ import annotations

import asyncio
import time

import pytest

from benchmarks.parts.topics import make_topics
from benchmarks.workloads import decision_receiver, paced_producer

_SEED, _RATE, _SECONDS = 7, 2_000, 1.0


async def test_every_event_that_was_sent_is_received_after_it_was_due(
    embedded_kafka: str, capsys: pytest.CaptureFixture[str]
) -> None:
    count = int(_RATE * _SECONDS)
    await make_topics(embedded_kafka, ["paced"], 2, 1)
    receiving = asyncio.create_task(decision_receiver.run(embedded_kafka, "paced", 2, _SEED, count, 5))
    deadline_s = time.monotonic() + 60.0
    while "ready" not in capsys.readouterr().out:
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.02)
    paced = await paced_producer.run(embedded_kafka, "paced", 2, _SEED, 100, _RATE, _SECONDS)
    received = await receiving

    assert paced.sent == count
    assert all(at_s >= paced.schedule.intended_s(index) for index, at_s in enumerate(received))
