"""How long `POST /v1/events?wait=decision` takes with everything running: broker, store, SQL, worker, API, cases, notifier.

From the request's intended time to its last byte, event into Kafka and decision out of it included.
"""

from __future__ import annotations

import asyncio
import time

import httpx
from msgspec import Struct

from benchmarks.instruments.progress import Progressing
from benchmarks.instruments.spread import Latencies, latencies_of
from benchmarks.instruments.stolen import Stolen
from benchmarks.parts.ground import Ended, Ground
from benchmarks.sections.latency import api_key, deciding_worker, sending
from benchmarks.workloads.http_sender import Sent
from services.platform.database import Database
from services.platform.embedded import free_port
from services.platform.guarded_process import GuardedProcess
from services.platform.settings import Settings

_SEED = 4
_READY_S = 60.0


class HttpLatency(Struct, frozen=True):
    """`undecided` were answered 202 (no decision within the API's time), `errors` anything else or nothing.

    `sender_late_p99_ms` is how late the sender itself was, contained in `latency`; `sender_cpu_share` is its share of a core,
    `stolen` what the host took from this machine meanwhile.
    """

    rate: int
    seconds: float
    latency: Latencies
    undecided: int
    errors: int
    connections: int
    sender_late_p99_ms: float
    sender_cpu_share: float
    stolen: Stolen | None


async def measure_http(ground: Ground, progress: Progressing) -> HttpLatency:
    """Stand everything up, warm it up at the full rate, measure. Raises Ended."""
    plan = ground.plan
    settings = ground.changed(
        topic_events="bench-http-events",
        topic_decisions="bench-http-decisions",
        topic_dead="bench-http-dead",
        topic_actions="bench-http-actions",
        consumer_group="bench-http",
        cases_group="bench-http-cases",
        data_dir=ground.folder / "http",
        http_host="127.0.0.1",
        http_port=free_port(),
    )
    await ground.empty_store()
    database = Database(settings.database)
    try:
        key = await api_key(database, "ingest")
    finally:
        await database.close()
    worker = await deciding_worker(ground, settings)
    rest = ground.child("rest", "services.cli.main", "rest", settings=settings)
    try:
        await ready(rest, f"http://{settings.http_host}:{settings.http_port}/readyz")
        sent = await _send(ground, settings, key, progress)
    finally:
        rest.stop()
        worker.stop()
    if not sent.latencies_ms:
        raise Ended(f"no request was decided; the API's log ends:\n{rest.log_tail(60)}")
    return HttpLatency(
        rate=plan.http_rate,
        seconds=plan.http_s,
        latency=latencies_of(sent.latencies_ms),
        undecided=sent.undecided,
        errors=sent.errors,
        connections=sent.connections,
        sender_late_p99_ms=latencies_of(sent.late_ms).p99_ms,
        sender_cpu_share=round(sent.cpu_share, 3),
        stolen=sent.stolen,
    )


async def _send(ground: Ground, settings: Settings, key: str, progress: Progressing) -> Sent:
    plan = ground.plan
    return await sending(
        progress, f"{plan.http_rate} requests/s", plan.warm_up_s + plan.http_s, "the sender of requests",
        "benchmarks.workloads.http_sender", settings.http_host, settings.http_port, plan.http_rate, plan.http_s,
        plan.warm_up_s, _SEED, plan.accounts, key=key,
    )  # fmt: skip


async def ready(rest: GuardedProcess, url: str) -> None:
    """Wait until the process answers 200 there. Raises Ended."""
    deadline_s = time.monotonic() + _READY_S
    async with httpx.AsyncClient(timeout=2.0) as client:
        while True:
            try:
                if (await client.get(url)).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            if not rest.running or time.monotonic() > deadline_s:
                raise Ended(f"the API did not get ready; its log ends:\n{rest.log_tail(60)}")
            await asyncio.sleep(0.1)
