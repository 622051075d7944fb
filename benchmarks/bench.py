"""`payguard bench`: one ground, the sections asked for, one set of figures."""

from __future__ import annotations

import asyncio
import logging

from benchmarks.instruments.machine import describe_machine, load_now
from benchmarks.instruments.progress import Progressing
from benchmarks.parts.ground import Ground
from benchmarks.plan import Plan
from benchmarks.report.tables import Results
from benchmarks.sections.account_bytes import measure_account_bytes
from benchmarks.sections.http_latency import measure_http
from benchmarks.sections.latency import measure_latency
from benchmarks.sections.throughput import ThroughputBench
from benchmarks.sections.verify_latency import measure_verify
from services.platform.settings import Settings


def run_bench(settings: Settings, plan: Plan) -> Results:
    """Start what is needed, measure, end it.

    Raises Ended when a measured process fails, PartMissing or PartNotAvailable when a part cannot be started, Malformed when
    a store given by address is not empty, Unavailable when a part given by address is away.
    """
    load_before = load_now()
    # Right after a topic is made its leaders may not be there yet; clients try again by themselves.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    with Progressing() as progress, Ground(settings, plan) as ground:
        return asyncio.run(_measure(ground, progress, load_before))


async def _measure(ground: Ground, progress: Progressing, load_before: float) -> Results:
    sections = ground.plan.sections
    await ground.check_store()
    machine = await describe_machine(ground, load_before)
    bench = ThroughputBench(ground, progress)
    throughput = await bench.contend() if "throughput" in sections else None
    sweep = await bench.sweep() if "sweep" in sections else None
    latency = await measure_latency(ground, progress) if "latency" in sections else None
    typical, full = await measure_account_bytes(ground, progress) if "memory" in sections else (None, None)
    http = await measure_http(ground, progress) if "http" in sections else None
    verify = await measure_verify(ground, progress) if "verify" in sections else None
    await ground.empty_store()
    return Results(
        machine=machine,
        throughput=throughput,
        sweep=sweep,
        latency=latency,
        typical=typical,
        full=full,
        http=http,
        verify=verify,
    )
