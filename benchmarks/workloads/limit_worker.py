"""The limit: the worker's own process, driver and producer, with events decoded but neither scored nor remembered.

`python -m benchmarks.workloads.limit_worker` reads the same settings as `payguard worker`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence

import uvloop
from msgspec import Struct, json

from services.bootstrap.processes import configure_logging
from services.events.decode import Record, decode
from services.platform.settings import Settings, load_settings
from services.stream.app import build_app, run_app
from services.stream.batch_scheduler import Batch
from services.stream.liveness import Liveness
from services.stream.producer import BatchProducer, Row, Rows

_ENCODE = json.Encoder().encode


class Answer(Struct, frozen=True):
    """The least that is still a decision about an event."""

    event_id: str
    account_id: str
    action: str


class LimitPipeline:
    """Decodes, and produces one small record an event with acks=all."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.producer = BatchProducer(settings.kafka, "payguard-limit")

    async def score(self, batch: Batch) -> list[Rows]:
        """Decode only."""
        return [(partition, self._answers(records)) for partition, records in batch]

    def _answers(self, records: Sequence[Record]) -> list[Row]:
        incoming = decode(records, self._settings.future_skew_s)
        return [
            (record.key, _ENCODE(Answer(event.event_id, event.account_id, "allow")), [])
            for event, record in zip(incoming.events, incoming.records, strict=True)
        ]

    async def finish(self, scored: list[Rows]) -> None:
        """Produce and wait for the acknowledgement."""
        await self.producer.produce(self._settings.topic_decisions, scored, int(time.time() * 1000))

    def follow(self, committed: Callable[[], Mapping[int, int | None]]) -> None:
        """Nothing is remembered."""

    def refusal(self) -> str | None:
        """Any topic is read."""
        return None

    async def meet(self, ends: Mapping[int, int]) -> None:
        """Any topic is read."""

    def compare(self, partition: int, reached: int, end: int) -> None:
        """Any topic is read."""

    def forget(self) -> None:
        """Nothing is held."""

    def reach(self, point: str) -> None:
        """No faults on purpose here."""


def main() -> int:
    """Run until SIGTERM."""
    settings = load_settings()
    configure_logging(settings)
    uvloop.install()
    opened: list[LimitPipeline] = []

    async def opening() -> LimitPipeline:
        pipeline = LimitPipeline(settings)
        await pipeline.producer.start()
        opened.append(pipeline)
        return pipeline

    async def closing() -> None:
        for pipeline in opened:
            await pipeline.producer.stop()

    app = build_app(settings, opening, closing, Liveness(time.monotonic))
    return run_app(app, settings.log_level)


if __name__ == "__main__":
    sys.exit(main())
