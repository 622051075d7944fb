"""Stacks on Apache Kafka and Redis, each with topics, groups, tables and a store of its own."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest
from redis.asyncio import Redis

from benchmarks.parts.real_parts import RedisServer
from tests.chaos.stack import Stack, stack_settings
from tests.parts.fixtures import running

_STORES = 16
_numbers = count()


async def empty_store(url: str) -> str:
    """URL of the next database of the same Redis, emptied."""
    chosen = f"{url.rpartition('/')[0]}/{next(_numbers) % _STORES}"
    client = Redis.from_url(chosen)
    try:
        await client.flushdb()
    finally:
        await client.aclose()
    return chosen


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis of the test's own."""
    with running(RedisServer(tmp_path / "redis")) as server:
        yield server


@pytest.fixture
async def stack(real_kafka: str, real_redis: str, tmp_path: Path) -> AsyncIterator[Stack]:
    """Everything prepared on the shared real parts, nothing started; ended afterwards, and its logs shown on failure."""
    database = f"sqlite:///{tmp_path / 'chaos.db'}"
    settings = stack_settings(real_kafka, await empty_store(real_redis), database, tmp_path)
    made = Stack(settings, tmp_path)
    await made.prepare()
    try:
        yield made
    finally:
        made.stop()
        print(made.logs())


@pytest.fixture
def long() -> bool:
    """Whether the long form was asked for (PAYGUARD_CHAOS=long)."""
    return os.environ.get("PAYGUARD_CHAOS") == "long"
