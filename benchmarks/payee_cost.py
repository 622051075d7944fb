"""What the record of a payee costs on the embedded store: microseconds a transaction of client and store, bytes a payee.

`python -m benchmarks.payee_cost` asks about transactions in batches of 2,000 over 20,000 payees of all ages, some with labels.
Half of the transactions go to a few large payees. Costs are processor time; those of the store include reading the command.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import uvloop
from redis.asyncio import Redis

from contracts.events import AnyEvent, Label, Transaction
from contracts.findings import PAYEE
from contracts.ports import Shard
from contracts.profile import DAY_S
from services.memory.redis_client import connect
from services.memory.redis_store import RedisTallyStore
from services.platform.embedded import EmbeddedStore
from services.scoring.counting import TallyPlan

BATCH = 2_000
BATCHES = 60
PAYEES = 20_000
SHARD = Shard(1, 0)
FIRST_S = 1_700_000_000.0


def events(seed: int) -> list[AnyEvent]:
    """Sixty days of payments; one in a hundred is labelled as fraud seven days later."""
    rng = random.Random(seed)
    made: list[AnyEvent] = []
    for number in range(BATCH * BATCHES):
        payee = rng.randrange(PAYEES) if number % 2 else min(PAYEES - 1, int(rng.paretovariate(0.6)) - 1)
        at = FIRST_S + number * 60 * DAY_S / (BATCH * BATCHES)
        account, key = f"account-{rng.randrange(100_000):06d}", payee.to_bytes(8, "big")
        made.append(
            Label(
                event_id=f"l{number}",
                account_id=account,
                occurred_at=int(at * 1000),
                about_event_id=f"e{number}",
                verdict="fraud",
                payee_key=key,
            )
            if number % 100 == 99
            else Transaction(
                event_id=f"e{number}",
                account_id=account,
                occurred_at=int(at * 1000),
                amount="12.50",
                currency="CNY",
                payee_key=key,
            )
        )
    return made


async def run(url: str) -> None:
    """Ask about all events and print what it took."""
    client = connect(url)
    store, plan, happened = RedisTallyStore(client), TallyPlan([PAYEE]), events(1)
    planned: list[float] = []
    asked: list[float] = []
    used: list[float] = []
    for start in range(0, len(happened), BATCH):
        part, offsets = happened[start : start + BATCH], range(start, start + BATCH)
        began = time.process_time()
        questions = plan.nothing_asked()
        plan.ask(questions, part, offsets)
        planned.append(time.process_time() - began)
        before, began = await _store_s(client), time.process_time()
        [counts] = await store.observe([(SHARD, questions)])
        asked.append(time.process_time() - began)
        used.append(await _store_s(client) - before)
        began = time.process_time()
        plan.answers(len(part), questions, counts)
        planned[-1] += time.process_time() - began
    hashes = [key async for key in client.scan_iter(match="*payee:*")]
    sizes = sorted([len(record) for key in hashes for record in await client.hvals(key)])
    print(f"questions and answers {_us(planned)}, client {_us(asked)}, store {_us(used)} us a transaction")
    print(f"record: median {sizes[len(sizes) // 2]} B, largest {sizes[-1]} B, {len(sizes)} payees")
    await client.aclose()


async def _store_s(client: Redis) -> float:
    used = await client.info("cpu")
    return float(used["used_cpu_user_main_thread"]) + float(used["used_cpu_sys_main_thread"])


def _us(seconds: Sequence[float]) -> str:
    later = sorted(seconds[len(seconds) // 2 :])
    return f"{later[len(later) // 2] * 1e6 / BATCH:.2f}"


def main() -> None:
    """Start an embedded store and measure on it."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedStore(Path(folder)) as store:
        uvloop.run(run(store.start()))


if __name__ == "__main__":
    main()
