"""What memory costs on the embedded store: microseconds an account and an event, bytes an account.

`python -m benchmarks.memory_cost` prints processor time of the client and wall time of each step, in batches of 2,000.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import uvloop

from contracts.ports import PayeeQuestions, Shard, TallyQuestions, TallyRequest
from contracts.profile import (
    MAX_COUNTRIES,
    MAX_DEVICES,
    MAX_EVENT_IDS,
    MAX_FIXES,
    MAX_NETWORKS,
    MAX_PAYEES,
    Amounts,
    AmountStatistics,
    Countries,
    Fix,
    Fixes,
    Profile,
    Seen,
    Sightings,
    Velocities,
    Velocity,
)
from services.memory.accounts import LiveAccounts
from services.memory.codec import pack, unpack
from services.memory.pseudonyms import Pseudonyms, asn_key
from services.memory.redis_store import RedisProfileStore, RedisTallyStore, connect
from services.platform.embedded import EmbeddedStore

BATCH = 2_000
ROUNDS = 15
SHARD = Shard(1, 0)
NOW_S = 1_700_000_000
_names = Pseudonyms(b"benchmark key of 32 bytes, no use")


def typical_profile(events: int) -> Profile:
    """An account after so many events: two logins to each payment, now and then something new."""
    logins, payments = events * 2 // 3, events // 3
    seen = Seen(NOW_S - events * 40_000, NOW_S, events)

    def keys(kind: str, most: int, every: int) -> Sightings:
        return Sightings.of(
            {_names.key_of(kind, str(n)): seen for n in range(min(most, 1 + events // every))}
        )

    networks = {asn_key(4134 + n) or b"": seen for n in range(min(MAX_NETWORKS, 1 + events // 20))}
    address = _names.key_of("ip", "192.0.2.1")
    return Profile(
        first_at=NOW_S - events * 40_000,
        last_at=NOW_S,
        events=events,
        logins=logins,
        device_rows=keys("device", MAX_DEVICES, 100).rows,
        network_rows=Sightings.of(networks).rows,
        country_rows=Countries.of({f"C{n}": seen for n in range(min(MAX_COUNTRIES, 1 + events // 300))}).rows,
        fix_rows=Fixes.of(
            Fix(NOW_S - n * 40_000.5, 31.2304, 121.4737, 20.0, address, "CN")
            for n in reversed(range(MAX_FIXES))
        ).rows,
        transactions=payments,
        amount_rows=Amounts.table({("payment", "CNY"): AmountStatistics(payments, 4.21, 0.83)}).rows,
        velocity_rows=Velocities.table(
            {"CNY": Velocity(NOW_S + 0.5, 0.1, 0.9, 4.1, 12.3, 11.2, 97.1, 512.4, 1804.9)}
        ).rows,
        payee_rows=keys("payee", MAX_PAYEES, 12).rows,
        new_payee_rate=0.08,
        event_ids=bytearray().join(_names.event_key(f"event-{n}") for n in range(min(events, MAX_EVENT_IDS))),
    )


def questions(first: int, keys: int, members: Sequence[int]) -> TallyRequest:
    """One question an event; an account has one key of its own, and some keys are far busier."""
    count = len(members)
    asked = TallyQuestions(
        name="credential_stuffing",
        bucket_s=600,
        owners=list(range(count)),
        offsets=list(range(first, first + count)),
        keys=[
            f"network-{min(keys - 1, int(random.Random(member).paretovariate(0.5)))}" for member in members
        ],
        members=[f"account-{member:06d}" for member in members],
        ats=[float(NOW_S)] * count,
        adds=[True] * count,
    )
    return TallyRequest([asked], PayeeQuestions())


async def measured(name: str, step: Callable[[int], Awaitable[Any]]) -> None:
    """Print the best of ROUNDS of `step(round)`, per item of a batch."""
    walls: list[float] = []
    processors: list[float] = []
    for turn in range(ROUNDS):
        wall, processor = time.perf_counter(), time.process_time()
        await step(turn)
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    scale = 1e6 / BATCH
    print(f"{name:44s} {min(walls) * scale:6.2f} us wall   {min(processors) * scale:6.2f} us client")


async def profile_costs(url: str, events: int) -> None:
    """Encode, decode, save and load profiles of accounts with so many events behind them."""
    client = connect(url)
    store = RedisProfileStore(client, f"bench{events}")
    profile = typical_profile(events)
    packed = pack(profile)
    ids = [f"account-{n:06d}" for n in range(BATCH)]

    async def encode(_turn: int) -> None:
        for _ in ids:
            pack(profile)

    async def decode(_turn: int) -> None:
        for _ in ids:
            unpack(packed)

    async def load_live(_turn: int) -> None:
        await live.load(1, [(SHARD, ids)])

    await measured(f"encode, {events} events ({len(packed)} B)", encode)
    await measured(f"decode, {events} events", decode)
    await measured("save script", lambda turn: store.save([(SHARD, [(each, turn, packed) for each in ids])]))
    await measured("load by MGET", lambda _turn: store.load([(SHARD, ids)]))
    await measured(
        "load and decode, nothing live", lambda _turn: LiveAccounts(store, BATCH).load(1, [(SHARD, ids)])
    )
    live = LiveAccounts(store, BATCH)
    await measured("load, all live", load_live)
    used = await client.execute_command("MEMORY", "USAGE", f"bench{events}:{{1.0}}:{ids[0]}")  # type: ignore[no-untyped-call]
    print(f"bytes an account in the store after {events} events: {used}\n")
    await client.aclose()


async def tally_costs(url: str, keys: int) -> None:
    """Ask one tally an event: members that are new to their window, the same after a crash, then known members."""
    client = connect(url)
    store = RedisTallyStore(client, prefix=f"bench{keys}")
    starts = range(0, ROUNDS * BATCH, BATCH)
    fresh = [questions(start, keys, range(start, start + BATCH)) for start in starts]
    known = [questions(start + ROUNDS * BATCH, keys, range(start, start + BATCH)) for start in starts]
    await measured(f"tally over {keys} keys, new members", lambda turn: store.observe([(SHARD, fresh[turn])]))
    await measured("redelivered", lambda turn: store.observe([(SHARD, fresh[turn])]))
    await measured("known members", lambda turn: store.observe([(SHARD, known[turn])]))
    await client.aclose()


async def _main(url: str) -> None:
    for events in (10, 100, 1000):
        await profile_costs(url, events)
    for keys in (10, 1_000, 100_000):
        await tally_costs(url, keys)


def main() -> None:
    """Start an embedded store in a temporary folder, measure, stop it."""
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedStore(Path(folder)) as embedded,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_main(embedded.start()))


if __name__ == "__main__":
    main()
