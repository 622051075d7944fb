"""Events into Kafka at a given rate, keyed by account, each acknowledged by all in-sync replicas."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaProducer

from benchmarks.workloads.events import bench_events
from services.events.own_events import EventMacs
from services.lab.simulate.simulate import Simulation, simulate
from services.lab.simulate.stories import stories_named
from services.platform.keyring import parse_keyring
from tests.chaos.polling import until
from tests.chaos.stack import EVENT_KEY

MACS = EventMacs(parse_keyring("the event key of the tests", EVENT_KEY))
START_AT = 1_767_225_600
_SLICE_S = 0.05
_UNDER_WAY = 20_000
_ACKNOWLEDGED_WITHIN_S = 90.0

Row = tuple[bytes, bytes]


def stories_among_bench(
    count: int, accounts: int, seed: int, people: int = 120, days: int = 30
) -> Iterator[Row]:
    """`count` events: everyday bench load with people and every known story strewn evenly among it."""
    played = [
        (each.event.account_id.encode(), each.wire())
        for each in simulate(Simulation(people, days, seed, START_AT, stories_named("all"), "s"))
    ]
    bench = bench_events(accounts, count, seed, START_AT * 1000)
    due = 0.0
    told = iter(played[:count])
    for key, value in bench:
        due += min(1.0, len(played) / count)
        if due >= 1.0 and (row := next(told, None)) is not None:
            due -= 1.0
            yield row
        else:
            yield b"b" + key, value.replace(b'"account_id":"', b'"account_id":"b', 1)


class Feeder:
    """A producer that knows how far each partition's log goes by what the broker acknowledged."""

    def __init__(self, kafka: str, topic: str) -> None:
        self.ends: dict[int, int] = {}
        self.acknowledged = 0
        self._topic = topic
        self._under_way = 0
        self._failures: list[BaseException] = []
        self._producer = AIOKafkaProducer(
            bootstrap_servers=kafka,
            acks="all",
            linger_ms=5,
            max_batch_size=262_144,
            max_request_size=4_000_000,
            request_timeout_ms=60_000,
        )

    async def __aenter__(self) -> Self:
        await self._producer.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._producer.stop()

    async def send(self, rows: Iterable[Row], per_s: float | None = None) -> None:
        """Send all rows, `per_s` a second (None: as fast as it goes), and wait until all are acknowledged."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for sent, (key, value) in enumerate(rows):
            if per_s is not None and sent >= (loop.time() - began) * per_s:
                await asyncio.sleep(_SLICE_S)
            if self._under_way >= _UNDER_WAY:
                await until(lambda: self._under_way < _UNDER_WAY, _ACKNOWLEDGED_WITHIN_S)
            await self.put(key, value)
        await self.flush()

    async def put(
        self,
        key: bytes | None,
        value: bytes | None,
        partition: int | None = None,
        headers: list[tuple[str, bytes]] | None = None,
        forged: bool = False,
    ) -> None:
        """Hand over one record, whatever it holds; what only PayGuard says is signed as PayGuard would, if not `forged`."""
        signed = [] if value is None or forged else MACS.headers_of(key, value)
        future = await self._producer.send(
            self._topic, value, key, partition, headers=[*(headers or ()), *signed]
        )
        self._under_way += 1
        future.add_done_callback(self._settle)

    async def flush(self) -> None:
        """Wait until everything is acknowledged; raises what went wrong first."""
        await self._producer.flush()
        await until(lambda: not self._under_way, _ACKNOWLEDGED_WITHIN_S, 0.01)
        if self._failures:
            raise self._failures[0]

    def _settle(self, future: asyncio.Future[Any]) -> None:
        self._under_way -= 1
        if (error := future.exception()) is not None:
            self._failures.append(error)
            return
        told = future.result()
        self.acknowledged += 1
        self.ends[told.partition] = max(self.ends.get(told.partition, 0), told.offset + 1)
