"""Each port on each of its implementations: in this process, on the embedded store and, marked `real`, on Redis."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest

from services.memory.in_process import (
    InProcessChallengeIntake,
    InProcessProfileStore,
    InProcessReplies,
    InProcessTallyStore,
)
from services.memory.redis_store import (
    RedisChallengeIntake,
    RedisProfileStore,
    RedisReplies,
    RedisTallyStore,
    connect,
)

NOW_S = 1_700_000_000.0
_runs = itertools.count()


@dataclass(frozen=True)
class Ports:
    """One kind of implementation: each call makes an empty one."""

    profiles: Callable[[], RedisProfileStore | InProcessProfileStore]
    tallies: Callable[[], RedisTallyStore | InProcessTallyStore]
    stored_replies: Callable[[], RedisReplies | InProcessReplies]
    intake: Callable[[], RedisChallengeIntake | InProcessChallengeIntake]


def _clock() -> float:
    return NOW_S


def _prefix() -> str:
    return f"contracts{next(_runs)}"


@pytest.fixture(params=["in_process", "embedded", pytest.param("real", marks=pytest.mark.real)])
async def ports(request: pytest.FixtureRequest) -> AsyncIterator[Ports]:
    """The implementations under test."""
    if request.param == "in_process":
        yield Ports(
            InProcessProfileStore,
            InProcessTallyStore,
            lambda: InProcessReplies(_clock),
            lambda: InProcessChallengeIntake(_clock),
        )
        return
    client = connect(request.getfixturevalue(f"{request.param}_redis"))
    yield Ports(
        lambda: RedisProfileStore(client, _prefix()),
        lambda: RedisTallyStore(client, prefix=_prefix()),
        lambda: RedisReplies(client, _prefix()),
        lambda: RedisChallengeIntake(client, _clock, _prefix()),
    )
    await client.aclose()
