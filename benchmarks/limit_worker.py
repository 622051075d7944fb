"""The limit: the worker's own process, driver and producer, with events decoded but neither scored nor remembered.

`python -m benchmarks.limit_worker` reads the same settings as `payguard worker`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import uvloop
from msgspec import Struct, json

from services.ingest.decode import Record, decode
from services.processes import configure_logging
from services.settings import Settings, load_settings
from services.stream.app import build_app, run_app
from services.stream.liveness import Liveness
from services.stream.producer import BatchProducer, Row

_ENCODE = json.Encoder().encode


class Answer(Struct, frozen=True):
    """The least that is still a decision about an event."""

    event_id: str
    account_id: str
    action: str


class Carried(Struct, frozen=True):
    """One batch between the two halves of the belt."""

    partition: int
    rows: list[Row]


class LimitBelt:
    """Decodes, and produces one small record an event with acks=all."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.producer = BatchProducer(settings.kafka, "payguard-limit")

    async def score(self, partition: int, records: Sequence[Record]) -> Carried:
        """Decode only."""
        incoming = decode(records, self._settings.future_skew_s)
        return Carried(
            partition,
            [
                (record.key, _ENCODE(Answer(event.event_id, event.account_id, "allow")), [])
                for event, record in zip(incoming.events, incoming.records, strict=True)
            ],
        )

    async def finish(self, scored: Carried) -> None:
        """Produce and wait for the acknowledgement."""
        now_ms = int(time.time() * 1000)
        await self.producer.produce(self._settings.topic_decisions, scored.partition, scored.rows, now_ms)

    def forget(self, partitions: Sequence[int]) -> None:
        """Nothing is held."""

    def reach(self, point: str) -> None:
        """No faults on purpose here."""


def main() -> int:
    """Run until SIGTERM."""
    settings = load_settings()
    configure_logging(settings)
    uvloop.install()
    opened: list[LimitBelt] = []

    async def opening() -> LimitBelt:
        belt = LimitBelt(settings)
        await belt.producer.start()
        opened.append(belt)
        return belt

    async def closing() -> None:
        for belt in opened:
            await belt.producer.stop()

    app = build_app(settings, opening, closing, Liveness(time.monotonic))
    return run_app(app, settings.log_level)


if __name__ == "__main__":
    sys.exit(main())
