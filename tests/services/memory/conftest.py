"""The embedded store, for tests that look at what lies in it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from services.memory.redis_client import connect


@pytest.fixture
async def client(embedded_redis: str) -> AsyncIterator[Redis]:
    """A client of the store, closed afterwards."""
    client = connect(embedded_redis)
    yield client
    await client.aclose()
