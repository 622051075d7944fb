"""Verifications over two processes of the API on PostgreSQL and Redis while both the API and Redis are killed.

Redis holds nothing that decides: what it may lose is a challenge that SQL has not got yet, and here it loses none, for a
write that was answered had been handed to the kernel.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from benchmarks.parts.real_parts import PostgresServer, RedisServer
from services.audit.audit_log import verify
from services.memory.redis_client import connect
from services.memory.redis_store import RedisChallengeIntake
from services.mfa import totp
from services.mfa.limit_tables import code_networks, factor_devices
from services.mfa.records import Context
from services.mfa.tables import challenges, factors
from services.mfa.vault import Vault
from tests.chaos.code_ledger import read_ledger
from tests.chaos.code_traffic import Holder, Traffic
from tests.services.mfa.api_pair import Pair, opened
from tests.services.mfa.world import KEY

pytestmark = [pytest.mark.real, pytest.mark.chaos]

SHORT, LONG = 5_000, 100_000
ACCOUNTS = 2_000
#: An API process is killed so long after the one before is back; Redis at these shares of the run, each time for a while.
API_EVERY_S, API_EVERY_LONG_S = 3.0, 6.0
REDIS_AT = (0.3, 0.6)
REDIS_AWAY_S = 2.0
_SETTLED_S = 60.0


@pytest.fixture
async def pair(
    real_postgres_server: PostgresServer, own_redis: RedisServer, tmp_path: Path
) -> AsyncIterator[Pair]:
    """Both processes."""
    database = real_postgres_server.new_database(f"codes_{secrets.token_hex(4)}")
    made = await opened(database, own_redis.url, tmp_path)
    yield made
    await made.close()


async def holders_of(pair: Pair, count: int) -> list[Holder]:
    """So many accounts with a factor, each known to pass from its own network and device."""
    told = [
        Holder(f"holder{n}", totp.new_secret(), f"240.{n >> 8}.{n & 255}.7", f"phone{n}")
        for n in range(count)
    ]
    vault, at = Vault({1: KEY}, 1), time.time() - 3600.0
    rows: dict[Any, list[dict[str, Any]]] = {factors: [], code_networks: [], factor_devices: []}
    for holder in told:
        factor_id = f"factor-{holder.account_id}"
        visitor = pair.world.limits.visitor(
            holder.account_id, Context(ip=holder.ip, device_id=holder.device_id)
        )
        sealed = vault.seal(holder.account_id, holder.secret)
        whose = {"id": factor_id, "account_id": holder.account_id, "secret": sealed, "state": "active"}
        counts = {"last_step": 0, "failures_in_row": 0, "failures_total": 0, "locked_until": 0.0}
        rows[factors].append({**whose, **counts, "created_at": at, "confirmed_at": at})
        rows[code_networks].append({"network": visitor.network, "spent_until": 0.0, "passed_at": at})
        device = {"factor_id": factor_id, "device": visitor.device, "passed_at": at}
        rows[factor_devices].append({**device, "tries": 0, "tries_since": 0.0})
    async with pair.world.database.begin() as connection:
        for table, values in rows.items():
            await connection.execute(insert(table), values)
    return told


async def kill_apis(pair: Pair, every_s: float) -> int:
    """Kill and revive one process after the other until cancelled."""
    kills = 0
    try:
        while True:
            await asyncio.sleep(every_s)
            await pair.kill(kills % 2)
            kills += 1
            await pair.revive((kills - 1) % 2)
    except asyncio.CancelledError:
        return kills


async def kill_redis(redis: RedisServer, traffic: Traffic, total: int) -> None:
    """Kill it at its shares of the run and bring it back."""
    for share in REDIS_AT:
        while traffic.answered < share * total:  # noqa: ASYNC110  other processes do the work
            await asyncio.sleep(0.05)
        await asyncio.to_thread(redis.kill9)
        await asyncio.sleep(REDIS_AWAY_S)
        await asyncio.to_thread(redis.start)


async def all_due_have_expired(pair: Pair) -> None:
    """Wait for the sweep: challenges whose time is over are closed."""
    due = select(func.count()).where(challenges.c.state == "open", challenges.c.expires_at <= time.time())
    async with asyncio.timeout(_SETTLED_S):
        while True:
            async with pair.world.database.read() as connection:
                if not await connection.scalar(due):
                    return
            await asyncio.sleep(0.2)


@pytest.mark.timeout(3600)
async def test_no_code_is_accepted_twice_and_every_count_matches_while_api_and_redis_are_killed(
    pair: Pair, own_redis: RedisServer, long: bool
) -> None:
    total = LONG if long else SHORT
    holders = await holders_of(pair, ACCOUNTS)
    client = connect(own_redis.url)
    traffic = Traffic(pair, RedisChallengeIntake(client, time.time), holders, total, seed=7)
    began = time.monotonic()
    killing = asyncio.create_task(kill_apis(pair, API_EVERY_LONG_S if long else API_EVERY_S))
    breaking = asyncio.create_task(kill_redis(own_redis, traffic, total))
    try:
        await traffic.run()
        await breaking
    finally:
        killing.cancel()
        breaking.cancel()
        kills = await killing
        await client.aclose()
    took_s = time.monotonic() - began
    for number in range(2):
        if not pair.processes[number].running:
            await pair.revive(number)
    await all_due_have_expired(pair)

    ledger = await read_ledger(pair.world.database)
    lost = sum(told.lost for told in traffic.offers.values())
    print(
        f"{traffic.answered} answered in {took_s:.0f} s, {dict(traffic.statuses)}, {lost} answers lost, {kills} kills; "
        f"{len(ledger.entries)} entries: {dict(ledger.counts())}"
    )
    assert ledger.faults(traffic.offers, holders) == []
    chain = await verify(pair.world.database)
    assert (chain.broken, chain.entries >= len(ledger.entries)) == ([], True)
    assert traffic.statuses.keys() <= {200, 400, 429, 503}
    assert kills >= 3
    assert lost > 0
