"""How long `POST /v1/challenges/{id}/verify` takes: API processes over SQL and the store, every code of another account.

From the request's intended time to its last byte; a pass is durable in SQL by then. A wrong code is answered no sooner than
the API answers any refusal.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

import msgspec
from msgspec import Struct, json

from benchmarks.instruments.progress import Progressing
from benchmarks.instruments.spread import Latencies, latencies_of
from benchmarks.instruments.stolen import Stolen, processor_s
from benchmarks.parts.ground import Ended, Ground
from benchmarks.sections.http_latency import ready
from benchmarks.sections.latency import api_key, sending
from benchmarks.workloads.http_sender import Sent
from benchmarks.workloads.verify_accounts import Owner, audited, owners, record_owners
from services.bootstrap.rest import open_limits, open_vault
from services.platform.database import Database
from services.platform.embedded import free_port
from services.platform.guarded_process import GuardedProcess
from services.platform.settings import Settings

#: No fleet of this bench's rate is slowed down for its wrong codes.
_BORNE = 10_000_000


class VerifyLatency(Struct, frozen=True):
    """`latency` is of all codes, `passes` of right and `refusals` of wrong ones; `errors` are other answers, or none.

    `api_cpu_us` is the APIs' processor time a request, warm-up included; the rest as in `HttpLatency`.
    """

    rate: int
    seconds: float
    processes: int
    answered_per_s: float
    latency: Latencies
    passes: Latencies
    refusals: Latencies
    errors: int
    connections: int
    sender_late_p99_ms: float
    sender_cpu_share: float
    stolen: Stolen | None
    api_cpu_us: float | None


async def measure_verify(ground: Ground, progress: Progressing) -> VerifyLatency:
    """Fill the tables, start the APIs, warm them up at the full rate, measure.

    Raises Ended, also when a code was judged wrongly.
    """
    plan = ground.plan
    settings = ground.changed(
        database=ground.start_database(),
        data_dir=ground.folder / "verify",
        http_host="127.0.0.1",
        refused_codes_fleet=_BORNE,
    )
    await ground.empty_store()
    told = owners(int(plan.verify_rate * (plan.verify_s + plan.warm_up_s)))
    database = Database(settings.database)
    try:
        key = await api_key(database, "verify")
        await record_owners(database, open_vault(settings), open_limits(settings), told, time.time())
        apis = _started(ground, settings)
        try:
            for port, api in apis.items():
                await ready(api, f"http://{settings.http_host}:{port}/healthz")
            before_s = _processor_s(apis)
            sent = await _send(ground, settings.http_host, apis, key, told, progress)
            after_s = _processor_s(apis)
        finally:
            for api in apis.values():
                api.stop()
        judged = await audited(database)
    finally:
        await database.close()
    right = sum(owner.right for owner in told)
    if not sent.errors and judged != {"passed": right, "wrong": len(told) - right}:
        raise Ended(f"{right} of {len(told)} codes were right, but the audit has {judged}")
    cpu_us = None if before_s is None or after_s is None else (after_s - before_s) * 1e6 / len(told)
    return _measured(ground, told, sent, cpu_us, apis)


def _started(ground: Ground, settings: Settings) -> dict[int, GuardedProcess]:
    """The APIs by their ports."""
    apis = {}
    for number in range(ground.plan.verify_processes):
        own = msgspec.structs.replace(settings, http_port=free_port())
        apis[own.http_port] = ground.child(f"verify-api-{number}", "services.cli.main", "api", settings=own)
    return apis


def _processor_s(apis: Mapping[int, GuardedProcess]) -> float | None:
    used = [processor_s(api.pid) for api in apis.values()]
    return None if None in used else sum(filter(None, used))


def _measured(
    ground: Ground,
    told: list[Owner],
    sent: Sent,
    cpu_us: float | None,
    apis: Mapping[int, GuardedProcess],
) -> VerifyLatency:
    plan = ground.plan
    if not sent.latencies_ms:
        logs = "\n".join(api.log_tail(60) for api in apis.values())
        raise Ended(f"no code was judged; the APIs' logs end:\n{logs}")
    split: dict[bool, list[float]] = {True: [], False: []}
    for index, latency_ms in zip(sent.indices, sent.latencies_ms, strict=True):
        split[told[index].right].append(latency_ms)
    last_ms = max(
        index * 1000.0 / plan.verify_rate + latency_ms
        for index, latency_ms in zip(sent.indices, sent.latencies_ms, strict=True)
    )
    return VerifyLatency(
        rate=plan.verify_rate,
        seconds=plan.verify_s,
        processes=len(apis),
        answered_per_s=round(len(sent.latencies_ms) / (last_ms / 1000.0 - plan.warm_up_s), 1),
        latency=latencies_of(sent.latencies_ms),
        passes=latencies_of(split[True]),
        refusals=latencies_of(split[False]),
        errors=sent.errors + sent.undecided,
        connections=sent.connections,
        sender_late_p99_ms=latencies_of(sent.late_ms).p99_ms,
        sender_cpu_share=round(sent.cpu_share, 3),
        stolen=sent.stolen,
        api_cpu_us=None if cpu_us is None else round(cpu_us, 1),
    )


async def _send(
    ground: Ground, host: str, ports: Iterable[int], key: str, told: list[Owner], progress: Progressing
) -> Sent:
    plan = ground.plan
    file = ground.folder / "owners.json"
    file.write_bytes(json.encode(told))
    return await sending(
        progress, f"{plan.verify_rate} verifications/s", plan.warm_up_s + plan.verify_s, "the sender of codes",
        "benchmarks.workloads.verify_sender", host, ",".join(map(str, ports)), plan.verify_rate, plan.warm_up_s, file,
        key=key,
    )  # fmt: skip
