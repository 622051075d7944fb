"""Time as the database and the store have it, whatever this host's clock says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import Unavailable
from services.memory.redis_client import connect
from services.memory.redis_facts import store_time
from services.platform import metrics
from services.platform.clocks import SharedClock, measure_if_there
from services.platform.database import Database

TRUE_S = 1_790_000_000.0


class Host:
    """A host whose wall clock is wrong by so much, a server that is right, and time that passes for both."""

    def __init__(self, wrong_by_s: float, trip_s: float = 0.0) -> None:
        self.passed_s = 0.0
        self.wrong_by_s = wrong_by_s
        self.trip_s = trip_s
        self.away = False
        self.clock = SharedClock("database", self._ask, self.wall, lambda: 77.0 + self.passed_s)

    def wall(self) -> float:
        return TRUE_S + self.wrong_by_s + self.passed_s

    async def _ask(self) -> float:
        if self.away:
            raise Unavailable("away")
        self.passed_s += self.trip_s / 2
        told = TRUE_S + self.passed_s
        self.passed_s += self.trip_s / 2
        return told


@given(st.floats(-1e9, 1e9), st.floats(0, 1e7))
async def test_a_clock_that_is_wrong_by_anything_tells_the_servers_time(
    wrong_by_s: float, later_s: float
) -> None:
    host = Host(wrong_by_s)
    await host.clock.measure()
    host.passed_s += later_s

    assert host.clock.now() == pytest.approx(TRUE_S + later_s, abs=0.001)


async def test_a_wall_clock_that_is_set_meanwhile_changes_nothing() -> None:
    host = Host(0.0)
    await host.clock.measure()
    host.wrong_by_s = 600.0

    assert host.clock.now() == pytest.approx(TRUE_S, abs=0.001)


async def test_before_a_server_answered_it_is_the_hosts_own() -> None:
    host = Host(-600.0)
    host.away = True
    await measure_if_there(host.clock)

    assert host.clock.now() == TRUE_S - 600.0


async def test_a_server_that_is_away_leaves_the_time_as_measured() -> None:
    host = Host(600.0)
    await host.clock.measure()
    host.away = True
    host.passed_s += 60.0
    await measure_if_there(host.clock)

    assert host.clock.now() == pytest.approx(TRUE_S + 60.0, abs=0.001)


async def test_an_answer_that_took_long_does_not_replace_a_better_one() -> None:
    host = Host(0.0)
    await host.clock.measure()
    before = host.clock.now() - host.passed_s
    host.trip_s = 8.0
    await host.clock.measure()

    assert host.clock.now() - host.passed_s == pytest.approx(before, abs=0.001)


async def test_the_metric_says_how_far_the_host_is_ahead() -> None:
    await Host(600.0).clock.measure()

    assert metrics.CLOCK_OFFSET.labels("database")._value.get() == pytest.approx(600.0, abs=0.001)


async def tell_the_time(database_url: str, redis_url: str) -> None:
    database, client = Database(database_url), connect(redis_url)
    try:
        assert abs(await database.time() - await store_time(client)) < 5.0
    finally:
        await database.close()
        await client.aclose()


async def test_sqlite_and_the_embedded_store_tell_the_time(tmp_path: Path, embedded_redis: str) -> None:
    await tell_the_time(f"sqlite:///{tmp_path / 'clock.db'}", embedded_redis)


@pytest.mark.real
async def test_postgresql_and_redis_tell_the_time(real_postgres: str, real_redis: str) -> None:
    await tell_the_time(real_postgres, real_redis)
