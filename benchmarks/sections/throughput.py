"""Events a second of one process: the worker, the limit, the Faust table; and of the worker over more accounts.

Measured from the timestamps of the records the process writes (decisions; for the Faust table its changelog, one record
an event), which it takes when it hands a batch to its producer. The topic is read back when the run is over, so nothing
watches closely while it lasts. The first tenth (start, cold caches) and the last 3 in 100 (partitions running dry) are
left out.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import median

from msgspec import Struct

from benchmarks.instruments.progress import Progressing
from benchmarks.instruments.spread import Spread, spread_of
from benchmarks.instruments.stolen import ProcessorUse
from benchmarks.parts.ground import Ground
from benchmarks.parts.topics import drop_topics, make_topics, preload, record_times_ms, wait_for_records
from benchmarks.workloads.events import EVENTS_A_DAY, bench_events
from benchmarks.workloads.faust_table import changelog_of
from services.memory.redis_client import ask, connect
from services.platform.settings import Settings

_FROM, _TO = 0.10, 0.97
_SEED = 1


class Contender(Struct, frozen=True):
    """A process to measure."""

    name: str
    module: str
    arguments: tuple[str, ...] = ()


WORKER = Contender("worker", "services.cli.main", ("worker",))
LIMIT = Contender("limit", "benchmarks.workloads.limit_worker")
FAUST_TABLE = Contender("faust_table", "benchmarks.workloads.faust_table")


class Measured(Struct, frozen=True):
    """Events per second over the runs, and the median processor time of the process (all its threads) an event.

    Neighbours on the machine lower the one and hardly touch the other.
    """

    events_per_s: Spread
    cpu_us_per_event: float | None


class Throughput(Struct, frozen=True):
    """Each contender's."""

    worker: Measured
    limit: Measured
    faust_table: Measured


class SweepRow(Struct, frozen=True):
    """The worker over so many accounts; bytes are what the store grew by, tallies included, for each account it holds."""

    accounts: int
    accounts_seen: int
    measured: Measured
    store_bytes_per_account: int


class Run(Struct, frozen=True):
    """One run; `store_bytes` is how much the store grew."""

    events_per_s: float
    cpu_us_per_event: float | None
    accounts_seen: int
    store_bytes: int


def steady_rate(times_ms: Sequence[int]) -> float:
    """Records per second between a tenth and 97 in 100 of the sorted times."""
    first, last = int(len(times_ms) * _FROM), int(len(times_ms) * _TO) - 1
    return (last - first) * 1000.0 / max(1, times_ms[last] - times_ms[first])


def _measured(runs: Sequence[Run]) -> Measured:
    costs = [run.cpu_us_per_event for run in runs if run.cpu_us_per_event is not None]
    return Measured(spread_of([run.events_per_s for run in runs]), median(costs) if costs else None)


class ThroughputBench:
    """Runs contenders over topics that are filled once for each number of accounts."""

    def __init__(self, ground: Ground, progress: Progressing) -> None:
        self._ground = ground
        self._plan = ground.plan
        self._progress = progress
        self._filled: set[int] = set()
        self._count = 0

    async def contend(self) -> Throughput:
        """All three in turns, `plan.runs` times, on the same events."""
        runs: dict[str, list[Run]] = {}
        for _ in range(self._plan.runs):
            for contender in (WORKER, LIMIT, FAUST_TABLE):
                runs.setdefault(contender.name, []).append(await self.run(contender, self._plan.accounts))
        return Throughput(**{name: _measured(made) for name, made in runs.items()})

    async def sweep(self) -> list[SweepRow]:
        """The worker over each number of accounts in turns, `plan.runs` times; the count of events stays the same."""
        runs: dict[int, list[Run]] = {}
        for _ in range(self._plan.runs):
            for accounts in self._plan.sweep:
                runs.setdefault(accounts, []).append(await self.run(WORKER, accounts))
        return [
            SweepRow(
                accounts,
                made[0].accounts_seen,
                _measured(made),
                made[0].store_bytes // max(1, made[0].accounts_seen),
            )
            for accounts, made in runs.items()
        ]

    async def run(self, contender: Contender, accounts: int) -> Run:
        """One run from an empty store, a new group and new topics for what it writes."""
        ground, plan = self._ground, self._plan
        source = await self._fill(accounts)
        self._count += 1
        tag = f"bench-{self._count}-{contender.name}"
        settings = ground.changed(
            topic_events=source,
            topic_decisions=f"{tag}-decisions",
            topic_dead=f"{tag}-dead",
            topic_actions=f"{tag}-actions",
            consumer_group=tag,
            data_dir=ground.folder / tag,
        )
        is_faust = contender is FAUST_TABLE
        output = changelog_of(tag) if is_faust else settings.topic_decisions
        topics = [output, settings.topic_dead]
        count = min(plan.events, plan.faust_events) if is_faust else plan.events
        await ground.empty_store()
        await make_topics(settings.kafka, topics, plan.partitions, settings.replication)
        _, bytes_before = await self._stored()
        use = await self._work(contender, settings, output, count)
        seen, bytes_after = await self._stored()
        times = await record_times_ms(settings.kafka, output, plan.partitions, count)
        await drop_topics(settings.kafka, topics)
        made = Run(steady_rate(times[:count]), use, seen, bytes_after - bytes_before)
        cost = "" if use is None else f", {use:.1f} us of processor time each"
        self._progress.say(
            f"{contender.name} over {accounts:,} accounts: {made.events_per_s:,.0f} events/s{cost}"
        )
        return made

    async def _work(self, contender: Contender, settings: Settings, output: str, count: int) -> float | None:
        """Run the process until `output` has `count` records: microseconds of processor time a record."""
        child = self._ground.child(
            settings.consumer_group, contender.module, *contender.arguments, settings=settings
        )
        use = ProcessorUse(child.pid, count)
        try:
            with self._progress.step(contender.name, count) as step:

                def more(records: int) -> None:
                    use.note(records)
                    step(records)

                await wait_for_records(settings.kafka, output, settings.partitions, count, child, more)
        finally:
            child.stop()
        return use.us_an_item()

    async def _fill(self, accounts: int) -> str:
        """The topic with `plan.events` events of so many accounts, the last of which happened about now."""
        plan, settings = self._plan, self._ground.settings
        topic = f"bench-events-{accounts}"
        if accounts not in self._filled:
            span_ms = plan.events * 86_400_000 // (EVENTS_A_DAY * accounts)
            events = bench_events(accounts, plan.events, _SEED, int(time.time() * 1000) - span_ms)
            await make_topics(settings.kafka, [topic], plan.partitions, settings.replication)
            with self._progress.step(f"writing events of {accounts:,} accounts", plan.events) as step:
                await preload(settings.kafka, topic, plan.partitions, events, step)
            self._filled.add(accounts)
        return topic

    async def _stored(self) -> tuple[int, int]:
        """Accounts in the store, and bytes it uses."""
        client = connect(self._ground.settings.redis, timeout_s=60.0)
        try:
            keys = 0
            async for found in client.scan_iter(match="pg:{*}:*", count=10_000):
                keys += not found.startswith(b"pg:{t")
            memory = await ask(client, "INFO", "memory")
            return keys, int(memory["used_memory"])
        finally:
            await client.aclose()
