"""How long a look for attacks takes among the events of a day.

`python -m benchmarks.attack_looks --rows 1000000` starts a PostgreSQL of its own, keeps a day of events with an attack on 2,000
accounts from 300 addresses in its last hour, and looks: once when the attack is new, then again when nothing is.
"""

from __future__ import annotations

import argparse
import base64
import random
import time
from collections.abc import Iterator, Sequence

from aiokafka import ConsumerRecord
from sqlalchemy import select

from benchmarks.parts.own_postgres import on_own_postgres
from benchmarks.workloads.events import EVENTS_A_DAY, bench_events
from benchmarks.workloads.records import record_of
from contracts.events import Login, to_wire
from contracts.exchange import ExchangeRates
from services.activity.repository import ActivityStore
from services.activity.service import kept_days
from services.attacks.recogniser import Recogniser
from services.attacks.tables import attacks
from services.bootstrap.activity import open_activity
from services.platform.currency_files import read_rates
from services.platform.database import Database
from services.platform.progress import Consumers
from services.platform.settings import Settings

ACCOUNTS, ADDRESSES = 2000, 300
LOOKS = 5
_DAY_MS = 86_400_000
_BATCH = 20_000
_KEY = base64.b64encode(bytes(range(32))).decode()


def records_of(events: Iterator[tuple[bytes, bytes]], now_ms: int) -> Iterator[list[ConsumerRecord]]:
    """The events as the broker would give them, some at a time."""
    batch: list[ConsumerRecord] = []
    for offset, (key, value) in enumerate(events):
        batch.append(record_of(offset, key, value, now_ms))
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def attack(now_ms: int) -> Iterator[tuple[bytes, bytes]]:
    """A login that fails on each of ACCOUNTS accounts, in half an hour of the last one."""
    rng = random.Random(5)
    for number in range(ACCOUNTS):
        source = number if number < ADDRESSES else rng.randrange(ADDRESSES)
        login = Login(
            event_id=f"attack-{number}",
            account_id=f"victim-{number}",
            occurred_at=now_ms - 3_000_000 + rng.randrange(1_800_000),
            outcome="failure",
            ip=f"185.220.{source // 250}.{source % 250 + 1}",
            device_id=f"bot-{number}",
        )
        yield login.account_id.encode(), to_wire(login)


async def measured(url: str, rows: int) -> list[str]:
    """Keep the rows and look; what was found, and how long each look took, in lines for people."""
    settings = Settings(database=url, pseudonym_key=_KEY, event_key=_KEY)
    database = Database(url)
    now_ms = int(time.time() * 1000)
    try:
        await database.migrate()
        service = open_activity(settings, database, Consumers())
        store = ActivityStore(database, kept_days(settings), time.time)
        failed = 0
        made = bench_events(max(1, rows // EVENTS_A_DAY), rows, 11, now_ms - _DAY_MS)
        for events in (made, attack(now_ms)):
            for batch in records_of(events, now_ms):
                part = service.rows(batch)
                failed += sum(row.outcome in ("failure", "failed") for row in part)
                await store.write(part)
        took_s = await _looked(database, read_rates(settings.rates))
        async with database.read() as connection:
            found = (await connection.execute(select(attacks))).mappings().all()
        lines = [
            f"{each['kind']}: {each['attempts']} attempts, {each['accounts']} accounts, {each['sources']} addresses"
            for each in found
        ]
        first, *others = took_s
        others.sort()
        return [
            *lines,
            f"{rows:,} events of a day, {failed:,} failed: first look {first:.2f} s, then {others[len(others) // 2]:.2f} s",
        ]
    finally:
        await database.close()


async def _looked(database: Database, rates: ExchangeRates) -> Sequence[float]:
    recogniser = Recogniser(database, time.time, rates)
    took_s = []
    for _ in range(LOOKS):
        began = time.perf_counter()
        await recogniser.look()
        took_s.append(time.perf_counter() - began)
    return took_s


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="events of the day (1000000)")
    rows = parser.parse_args().rows
    print("\n".join(on_own_postgres(lambda url: measured(url, rows))))


if __name__ == "__main__":
    main()
