"""The embedded store, for tests that look at what lies in it or hurt it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from contracts.profile import Profile
from services.memory.redis_client import connect
from services.platform.embedded import EmbeddedStore


@pytest.fixture
async def client(embedded_redis: str) -> AsyncIterator[Redis]:
    """A client of the store, closed afterwards."""
    client = connect(embedded_redis)
    yield client
    await client.aclose()


@pytest.fixture
def own_store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    """A store of this test alone, to be hurt."""
    with EmbeddedStore(tmp_path) as store:
        yield store


@pytest.fixture
async def own_client(own_store: EmbeddedStore) -> AsyncIterator[Redis]:
    """A client of the test's own store."""
    client = connect(own_store.start())
    yield client
    await client.aclose()


@pytest.fixture
def profile() -> Profile:
    """Of an account that nothing was learned of."""
    return Profile()
