"""How long a decision takes at a steady rate, from the event's intended send time to a consumer having the decision.

Three processes besides broker and store: a sender on a fixed schedule, the worker, and a consumer of decisions. Reading the
decision proves that it is durable (acks=all, and a consumer sees only what all in-sync replicas have), so its way to the
consumer is part of the figure.
"""

from __future__ import annotations

import asyncio
import sys
from array import array
from collections.abc import Callable, Mapping

from msgspec import Struct, json

from benchmarks.instruments.progress import Progressing
from benchmarks.instruments.spread import Latencies, latencies_of
from benchmarks.instruments.stolen import Stolen, every, processor_s
from benchmarks.parts.ground import Ended, Ground, environment
from benchmarks.parts.topics import make_topics, preload, wait_for_records
from benchmarks.workloads.events import bench_events
from benchmarks.workloads.http_sender import Sent
from benchmarks.workloads.paced_producer import Paced
from services.http.api_keys import ApiKeys
from services.platform.database import Database
from services.platform.guarded_process import GuardedProcess
from services.platform.settings import Settings
from services.platform.topics import topic_names

_SEED, _PROBE_SEED = 2, 3
_PROBES = 2_000


class DecisionLatency(Struct, frozen=True):
    """`sender_late_*` is how far the sender itself was behind its schedule; it is contained in `latency`.

    `worker_cpu_share` is the worker's share of a core from its first paced event to its last; `stolen` is what the host took from
    this machine in that time.
    """

    rate: int
    seconds: float
    latency: Latencies
    undecided: int
    sender_late_p99_ms: float
    sender_late_max_ms: float
    sender_cpu_share: float
    worker_cpu_share: float | None
    stolen: Stolen | None


async def measure_latency(ground: Ground, progress: Progressing) -> DecisionLatency:
    """Start a worker, wait until it decides, warm it up at the full rate, then measure. Raises Ended."""
    plan = ground.plan
    settings = ground.changed(
        topic_events="bench-paced-events",
        topic_decisions="bench-paced-decisions",
        topic_dead="bench-paced-dead",
        consumer_group="bench-paced",
        data_dir=ground.folder / "paced",
    )
    await ground.empty_store()
    worker = await deciding_worker(ground, settings)
    seconds = plan.warm_up_s + plan.latency_s
    try:
        with progress.step(f"{plan.rate:,} events/s for {seconds:.0f} s", int(seconds)) as step:
            before_s = processor_s(worker.pid)
            paced, received = await _paced(ground, settings, seconds, lambda: step(1))
            after_s = processor_s(worker.pid)
    finally:
        worker.stop()
    first = int(plan.warm_up_s * plan.rate)
    intended = paced.schedule.intended_s
    measured = range(first, len(received))
    latencies = [(received[index] - intended(index)) * 1000.0 for index in measured if received[index]]
    if not latencies:
        raise Ended(f"no decision arrived; the worker's log ends:\n{worker.log_tail(60)}")
    return DecisionLatency(
        rate=plan.rate,
        seconds=plan.latency_s,
        latency=latencies_of(latencies),
        undecided=len(measured) - len(latencies),
        sender_late_p99_ms=round(paced.late_p99_ms, 2),
        sender_late_max_ms=round(paced.late_max_ms, 2),
        sender_cpu_share=round(paced.cpu_share, 3),
        worker_cpu_share=None
        if before_s is None or after_s is None
        else round((after_s - before_s) / seconds, 3),
        stolen=paced.stolen,
    )


async def deciding_worker(ground: Ground, settings: Settings) -> GuardedProcess:
    """Topics, and a worker that has joined its group and decided a few events. Raises Ended."""
    kafka, partitions = settings.kafka, settings.partitions
    await make_topics(kafka, topic_names(settings), partitions, settings.replication)
    worker = ground.child(settings.consumer_group, "services.cli.main", "worker", settings=settings)
    probes = bench_events(ground.plan.accounts, _PROBES, _PROBE_SEED)
    await preload(kafka, settings.topic_events, partitions, probes, lambda count: None)
    await wait_for_records(kafka, settings.topic_decisions, partitions, _PROBES, worker, lambda count: None)
    return worker


async def _paced(
    ground: Ground, settings: Settings, seconds: float, tick: Callable[[], None]
) -> tuple[Paced, array[float]]:
    """Run sender and receiver: the sender's account of itself, and when each decision came (0 for never)."""
    plan, count = ground.plan, int(ground.plan.rate * seconds)
    file = ground.folder / "received"
    receiver = await program(
        "benchmarks.workloads.decision_receiver", settings.kafka, settings.topic_decisions, settings.partitions, _SEED, count,
        file, int(settings.fetch_wait_s * 1000),
    )  # fmt: skip
    assert receiver.stdout is not None
    if await receiver.stdout.readline() != b"ready\n":
        raise Ended("the consumer of decisions did not start")
    sender = await program(
        "benchmarks.workloads.paced_producer", settings.kafka, settings.topic_events, settings.partitions, _SEED,
        plan.accounts, plan.rate, seconds,
    )  # fmt: skip
    told = await telling(sender, tick)
    await receiver.wait()
    if sender.returncode or receiver.returncode:
        raise Ended("the paced sender or the consumer of decisions failed; see above")
    received = array("d")
    received.frombytes(file.read_bytes())
    return json.decode(told, type=Paced), received


async def program(
    module: str, *arguments: object, variables: Mapping[str, str] | None = None
) -> asyncio.subprocess.Process:
    """A helper process of the bench with its standard output as a pipe; it ends by itself."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *map(str, arguments),
        stdout=asyncio.subprocess.PIPE, env={**environment(Settings()), **(variables or {})},
    )  # fmt: skip


async def telling(process: asyncio.subprocess.Process, tick: Callable[[], None]) -> bytes:
    """What the process prints until it ends; `tick` is called each second."""
    ticking = asyncio.create_task(every(1.0, tick))
    try:
        return (await process.communicate())[0]
    finally:
        ticking.cancel()
        if process.returncode is None:
            process.kill()


async def sending(
    progress: Progressing, what: str, seconds: float, who: str, module: str, *arguments: object, key: str
) -> Sent:
    """Run a sender of requests with an API key, under a bar that moves each second; what it sent. Raises Ended."""
    with progress.step(f"{what} for {seconds:.0f} s", int(seconds)) as step:
        sender = await program(module, *arguments, variables={"BENCH_API_KEY": key})
        told = await telling(sender, lambda: step(1))
    if sender.returncode:
        raise Ended(f"{who} failed; see above")
    return json.decode(told, type=Sent)


async def api_key(database: Database, scope: str) -> str:
    """Tables, and an API key for a sender."""
    keys = ApiKeys(database)
    try:
        await database.migrate()
        return (await keys.create("bench", [scope]))[0]
    finally:
        await keys.close()
